"""Both classifiers: parameters, checks, training, prediction, weights in a file."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import Tags, check_random_state, compute_class_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from .._core.errors import prefix_errors
from .._core.groups import owners
from .._core.labels import check_labels, refuse_continuous, refuse_unlabelled
from .._core.parameters import HasMethods, Interval
from .._core.persistence import get_state, set_state
from .._core.timeline import is_windows
from .._core.validation import (
    check_rows,
    check_sample_weight,
    check_sfreq,
    check_windows,
)
from ._sampler import Sampler, exponents
from ._scaling import batches, learn_scaling, scaled
from ._splits import TrainingSet, hold_out

if TYPE_CHECKING:
    from ._training import Plan

# Samples of the shortest window that augment="auto" augments.
SHORTEST_AUGMENTED = 64


class BaseMoEClassifier(ClassifierMixin, BaseEstimator):
    """A thin estimator around a network that skorch trains.

    `SeizureMoEClassifier` is this class and documents its parameters; `MixMoEClassifier` adds some.
    """

    __getstate__, __setstate__ = get_state, set_state

    _parameter_constraints: dict = {
        "n_experts": [Interval(Integral, 1, None, closed="left")],
        "hidden": [Interval(Integral, 1, None, closed="left")],
        "extractor": [callable, None],
        "sfreq": [Interval(Real, 0, None, closed="neither"), None],
        "top_k": [Interval(Integral, 1, None, closed="left"), None],
        "noisy_gating": ["boolean"],
        "w_balance": [Interval(Real, 0, None, closed="left")],
        "sampler": [StrOptions({"diverse", "balanced", "natural"}), "array-like"],
        "joint_gamma": [Interval(Real, None, None, closed="neither")],
        "pretrain_fraction": [Interval(Real, 0, 1, closed="left")],
        "prior_correction": [StrOptions({"balanced", "natural"}), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "lr": [Interval(Real, 0, 1e30, closed="neither")],  # in single precision
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "schedule": [StrOptions({"one_cycle", "constant"})],
        "augment": ["boolean", StrOptions({"auto"})],
        "train_split": [Interval(Real, 0, 1, closed="neither"), HasMethods(["split"]), None],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "callbacks": [list, tuple, None],
        "device": [str],
        "mixed_precision": ["boolean"],
        "compile": ["boolean"],
        "n_jobs": [Integral, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    state_: dict[str, NDArray]

    # Of `MixMoEClassifier`: experts beside the deep ones, and the weight of their agreement.
    _n_outside = 0
    w_agree = 0.0

    def __init__(
        self,
        n_experts: int = 4,
        *,
        hidden: int = 64,
        extractor: Callable[..., Any] | None = None,
        sfreq: float | None = None,
        top_k: int | None = None,
        noisy_gating: bool = False,
        w_balance: float = 0.1,
        sampler: Sampler = "diverse",
        joint_gamma: float = 0.5,
        pretrain_fraction: float = 0.3,
        prior_correction: Literal["balanced", "natural"] | None = "balanced",
        class_weight: dict | str | None = None,
        max_epochs: int = 60,
        batch_size: int = 64,
        lr: float = 3e-3,
        weight_decay: float = 1e-4,
        schedule: Literal["one_cycle", "constant"] = "one_cycle",
        augment: bool | Literal["auto"] = "auto",
        train_split: Any = None,
        patience: int | None = None,
        callbacks: Sequence[Any] | None = None,
        device: str = "auto",
        mixed_precision: bool = False,
        compile: bool = False,
        n_jobs: int | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool | int = 0,
    ) -> None:
        self.n_experts = n_experts
        self.hidden = hidden
        self.extractor = extractor
        self.sfreq = sfreq
        self.top_k = top_k
        self.noisy_gating = noisy_gating
        self.w_balance = w_balance
        self.sampler = sampler
        self.joint_gamma = joint_gamma
        self.pretrain_fraction = pretrain_fraction
        self.prior_correction = prior_correction
        self.class_weight = class_weight
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.augment = augment
        self.train_split = train_split
        self.patience = patience
        self.callbacks = callbacks
        self.device = device
        self.mixed_precision = mixed_precision
        self.compile = compile
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train the mixture.

        Parameters
        ----------
        X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
            Raw windows in microvolts.
        y : array-like, shape (n_windows,)
            Labels of two classes or more, of any kind.
        groups : array-like, shape (n_windows,), default=None
            Patient of each window. A validation set and out-of-fold predictions keep patients
            whole. If None, the patients of `Windows` that know them, else their records, if there
            are several.
        sample_weight : array-like, shape (n_windows,), default=None
            Weight of each window, 0 or more. A window of weight 2 is drawn as often as two windows,
            and its class counts as two; windows of weight 0 are left out. Balanced accuracy on the
            validation set is weighted. The traditional expert is fitted with the weights if its
            ``fit`` takes them. If None, all windows weigh the same.

        Returns
        -------
        self : object
            Fitted.

        Warns
        -----
        UserWarning
            If Ctrl-C ended the training. What was learned by then is kept.

        Notes
        -----
        A fit that fails leaves the classifier as it was before.
        """
        before = vars(self).copy()
        try:
            return self._fit(X, y, groups, sample_weight)
        except BaseException:
            self.__dict__ = before
            raise

    def _fit(self, X: Any, y: Any, groups: Any, sample_weight: Any) -> Self:
        from ._training import train

        # Two dimensions may be a table, in which neighbours in a row mean nothing.
        with prefix_errors("X"):
            is_signal = (X if is_windows(X) else np.asanyarray(X)).ndim == 3
        start, layout = None, None
        if self.warm_start and hasattr(self, "state_"):
            start, layout = self.state_, self._layout()
        data = self._check_training_data(X, y, groups, sample_weight)
        if layout is not None and layout != self._layout():
            raise ValueError(
                f"warm_start=True, but classes or windows changed since the last fit: {layout} "
                f"before, {self._layout()} now; they must be the same, or warm_start=False."
            )
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        rows, held_out = hold_out(self.train_split, data.X, data.y, data.groups, seed)
        kept = data.take(rows)
        codes = np.searchsorted(self.classes_, kept.y)
        self.class_counts_ = np.bincount(codes, minlength=len(self.classes_))
        totals = np.bincount(codes, kept.sample_weight, minlength=len(self.classes_))
        plan = self._plan(seed, totals, is_signal=is_signal, continued=start is not None)
        self.channel_mean_, self.channel_scale_ = learn_scaling(kept.X)
        signals = scaled(kept.X, self.channel_mean_, self.channel_scale_)
        inputs = {"x": signals, **self._learn_manual(kept, seed)}
        valid = None
        if held_out is not None:
            apart = data.take(held_out)
            valid = (
                self._inputs(apart.X),
                np.searchsorted(self.classes_, apart.y),
                apart.sample_weight,
            )
        self.network_params_ = self._network_params(inputs)
        self.state_, self.history_ = train(
            self.network_params_, inputs, codes, valid, kept.sample_weight, plan, start
        )
        self.n_iter_ = len(self.history_)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class.

        Parameters
        ----------
        X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
            Raw windows in microvolts, of the layout seen in `fit`.

        Returns
        -------
        ndarray, shape (n_windows, n_classes)
            Probabilities, in the order of ``classes_``; a row sums to 1.
        """
        return self._forward(X)[0]

    def predict(self, X: Any) -> NDArray:
        """Return the most probable class.

        Parameters
        ----------
        X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
            Raw windows in microvolts, of the layout seen in `fit`.

        Returns
        -------
        ndarray, shape (n_windows,)
            Labels.
        """
        proba = self._forward(X)[0]  # first: before fit there is no classes_
        return self.classes_[proba.argmax(axis=1)]

    def gates(self, X: Any) -> NDArray[np.float64]:
        """Return the share of each expert in the output.

        Parameters
        ----------
        X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
            Raw windows in microvolts, of the layout seen in `fit`.

        Returns
        -------
        ndarray, shape (n_windows, n_gates)
            Shares of the deep experts and, in `MixMoEClassifier`, of the traditional expert last; a
            row sums to 1.
        """
        return self._forward(X)[1]

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Write the network's weights, and nothing else, to a safetensors file.

        Parameters
        ----------
        path : str or path-like
            File to write. For the whole estimator use skops, which stores its arrays too.
        """
        from safetensors.numpy import save_file

        check_is_fitted(self)
        save_file({name: value.copy() for name, value in self.state_.items()}, path)

    def load_weights(self, path: str | os.PathLike[str]) -> Self:
        """Replace the weights of this fitted classifier; no code in the file is run.

        Parameters
        ----------
        path : str or path-like
            File that `save_weights` of a classifier of the same layout wrote.

        Returns
        -------
        self : object
            With other weights.

        Raises
        ------
        ValueError
            If it is no such file, or holds other names, shapes or types, or weights that are not
            finite.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        check_is_fitted(self)
        try:
            state = load_file(path)
        except SafetensorError as error:
            raise ValueError(f"{os.fspath(path)} is not a safetensors file: {error}") from error
        for name in sorted({*state, *self.state_}):
            found, needed = _layout_of(state.get(name)), _layout_of(self.state_.get(name))
            if found != needed:
                raise ValueError(
                    f"{os.fspath(path)} holds weights of another network: {name} of {found} "
                    f"instead of {needed}."
                )
            if not np.isfinite(state[name]).all():
                raise ValueError(f"{os.fspath(path)} holds weights that are not finite: {name}.")
        self.state_ = state
        return self

    def _check_training_data(self, X: Any, y: Any, groups: Any, sample_weight: Any) -> TrainingSet:
        X = check_windows(self, X)
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        labels = check_labels(y)
        refuse_continuous(labels)
        refuse_unlabelled(self, np.unique(labels))
        check_rows(X=X, y=labels)
        self.sfreq_ = None
        if self.sfreq is not None or is_windows(X):
            check_sfreq(self, X)
        weights = None if sample_weight is None else check_sample_weight(sample_weight, X)
        data = TrainingSet(X, labels, owners(X, groups, "patient", "record"), weights)
        if weights is not None:
            data = data.take(np.flatnonzero(weights))
        self.classes_, counts = np.unique(data.y, return_counts=True)
        if len(counts) == 1:
            raise ValueError(
                f"y holds one class, {self.classes_.tolist()[0]!r}; {type(self).__name__} needs "
                "two."
            )
        if counts.min() == 1:
            rare = self.classes_.tolist()[counts.argmin()]
            raise ValueError(
                f"y has 1 window of class {rare!r}; each class needs two, to train on one where "
                "the other is held out."
            )
        if len(data.y) < self.n_experts:
            raise ValueError(
                f"X holds {len(data.y)} windows for n_experts={self.n_experts}; at least as many "
                "windows as experts are needed."
            )
        if self.batch_size < self.n_experts:
            raise ValueError(
                f"batch_size is {self.batch_size} for n_experts={self.n_experts}; in pre-training "
                "each expert needs a row of the batch."
            )
        n_gates = self.n_experts + self._n_outside
        if self.top_k is not None and self.top_k > n_gates:
            raise ValueError(f"top_k is {self.top_k}; there are {n_gates} experts to choose from.")
        if self.patience is not None and self.train_split is None:
            raise ValueError(
                f"patience is {self.patience}, but train_split is None; early stopping needs "
                "windows to validate on, for example train_split=0.2."
            )
        return data

    def _inputs(self, X: Any) -> dict[str, NDArray]:
        """Return the network's inputs for windows."""
        return {"x": scaled(X, self.channel_mean_, self.channel_scale_), **self._manual(X)}

    def _batches(self, X: Any) -> Iterator[dict[str, NDArray]]:
        """Yield the network's inputs, batch by batch."""
        # Manual features at once: a transformer may look at neighbours, and cuts its own work.
        manual = self._manual(X)
        for rows in batches(X):
            signals = scaled(X[rows], self.channel_mean_, self.channel_scale_)
            yield {"x": signals, **{name: values[rows] for name, values in manual.items()}}

    def _learn_manual(self, data: TrainingSet, seed: int) -> dict[str, NDArray]:
        """Fit what works on manual features; return the inputs of training windows from them."""
        return {}

    def _manual(self, X: Any) -> dict[str, NDArray]:
        """Return the inputs from manual features."""
        return {}

    def _forward(self, X: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return probabilities and gates."""
        from ._training import predict

        check_is_fitted(self)
        if self.sfreq_ is not None:
            check_sfreq(self, X, reset=False)
        X = check_windows(self, X, reset=False)
        return predict(
            self.network_params_, self.state_, self._batches(X), self.device, self.n_jobs
        )

    def _network_params(self, inputs: dict[str, NDArray]) -> dict[str, Any]:
        return {
            "n_channels": self.n_channels_in_,
            "n_times": self.n_times_in_,
            "n_outputs": len(self.classes_),
            "sfreq": self.sfreq_,
            "extractor": self.extractor,
            "n_manual": inputs["manual"].shape[1] if "manual" in inputs else 0,
            "n_experts": self.n_experts,
            "hidden": self.hidden,
            "top_k": self.top_k,
            "noisy": self.noisy_gating,
            "mixed_precision": bool(self.mixed_precision),
        }

    def _layout(self) -> dict[str, Any]:
        return {
            "classes": self.classes_.tolist(),
            "n_channels": self.n_channels_in_,
            "n_times": self.n_times_in_,
        }

    def _plan(self, seed: int, totals: NDArray, *, is_signal: bool, continued: bool) -> Plan:
        """Return what training needs of parameters, and of each class's total weight."""
        from ._training import Plan, check_callbacks, check_device

        # The joint stage, in which the gate learns, is never left out.
        pretrain = min(round(self.pretrain_fraction * self.max_epochs), self.max_epochs - 1)
        augment = self.augment
        if augment == "auto":
            augment = is_signal and self.n_times_in_ >= SHORTEST_AUGMENTED
        # The joint stage drew classes as if the logarithms of their totals were joint_gamma times
        # as large.
        log_totals = np.log(totals / totals.max())
        excess = {None: 0.0, "balanced": self.joint_gamma, "natural": self.joint_gamma - 1}
        return Plan(
            max_epochs=int(self.max_epochs),
            pretrain_epochs=0 if continued else pretrain,
            batch_size=int(self.batch_size),
            lr=float(self.lr),
            weight_decay=float(self.weight_decay),
            one_cycle=self.schedule == "one_cycle",
            expert_gamma=exponents(self.sampler, self.n_experts),
            joint_gamma=float(self.joint_gamma),
            log_prior=float(excess[self.prior_correction]) * log_totals,
            class_weight=self._class_weights(totals),
            w_balance=float(self.w_balance),
            w_agree=float(self.w_agree),
            augment=bool(augment),
            patience=None if self.patience is None else int(self.patience),
            callbacks=check_callbacks(self.callbacks),
            device=check_device(self.device),
            n_jobs=self.n_jobs,
            compile=bool(self.compile),
            verbose=int(self.verbose),
            seed=seed,
        )

    def _class_weights(self, totals: NDArray) -> NDArray[np.float64] | None:
        if self.class_weight is None:
            return None
        if self.class_weight == "balanced":
            return totals.sum() / (len(totals) * totals)
        with prefix_errors("class_weight"):
            weights = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_
            )
        if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.any()):
            raise ValueError(
                f"class_weight is {self.class_weight!r}; finite weights of 0 or more, not all of "
                "them 0, are needed."
            )
        return weights

    def __sklearn_clone__(self) -> Self:
        # A copied callback of Optuna would report to a copy of the study.
        others = copy.copy(self).set_params(callbacks=None)
        return BaseEstimator.__sklearn_clone__(others).set_params(callbacks=self.callbacks)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = tags.input_tags.three_d_array = True
        return tags


def _layout_of(weights: NDArray | None) -> str:
    return "nothing" if weights is None else f"{weights.dtype} {weights.shape}"
