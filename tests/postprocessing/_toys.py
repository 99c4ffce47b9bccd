"""Classifiers that do as the windows say, and windows that say it."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from skseizure.signals import Windows


def windows_of(values, *, record="0", onset=None, step=1.0):
    """Windows of 4 samples, each filled with its value; (n,) is one channel, (n, c) are c."""
    values = np.asarray(values, dtype=float)
    values = values.reshape(len(values), -1, 1)
    return Windows(
        np.repeat(values, 4, axis=2), sfreq=4 / step, step=step, record=record, onset=onset
    )


class Echo(ClassifierMixin, BaseEstimator):
    """The first sample of a window is its probability of the second class."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        seizure = np.asarray(X).reshape(len(X), -1)[:, 0]
        return np.column_stack([1 - seizure, seizure])

    def predict(self, X):
        return self.classes_[(self.predict_proba(X)[:, 1] >= 0.5).astype(int)]


class EchoMembers(Echo):
    """The channels of a window are the decisions of the ensemble's members."""

    def predict(self, X):
        return self.classes_[np.asarray(X)[:, :, 0].any(axis=1).astype(int)]

    def predict_members(self, X):
        return self.classes_[np.asarray(X)[:, :, 0].T.astype(int)]


class Remember(LogisticRegression):
    """Keeps what reached its fit."""

    def fit(self, X, y, sample_weight=None, groups=None, note=None):
        self.seen_ = {"X": X, "y": y, "weight": sample_weight, "groups": groups, "note": note}
        return super().fit(np.asarray(X).reshape(len(X), -1), y, sample_weight=sample_weight)

    def predict_proba(self, X):
        return super().predict_proba(np.asarray(X).reshape(len(X), -1))

    def predict(self, X):
        return super().predict(np.asarray(X).reshape(len(X), -1))


class Loud(ClassifierMixin, BaseEstimator):
    """Calls a window ictal if the median channel deviates by more than 50 uV."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        loud = np.nanmedian(np.std(np.asarray(X), axis=2), axis=1)
        ictal = 1 / (1 + (50 / np.maximum(loud, 1e-9)) ** 8)
        return np.column_stack([1 - ictal, ictal])

    def predict(self, X):
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]
