"""Nets of skorch behind our features, and around our network."""

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skorch import NeuralNetClassifier

from skseizure.metrics import make_event_scorer
from skseizure.model_selection import StratifiedPatientKFold
from skseizure.moe import EEGNet
from skseizure.postprocessing import SeizureDetector

from ._parts import features


@pytest.fixture(autouse=True)
def seed():
    """Skorch draws weights and batches from torch's global generator."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def net(module, **options):
    """A classifier of two classes with the usual loss."""
    return NeuralNetClassifier(
        module, criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam, verbose=0,
        train_split=None, **options,
    )  # fmt: skip


def test_net_on_features_inside_the_detector(toy):
    """Our tables are float64, torch's layers float32: one step turns them. A search goes in."""
    X, y, _ = toy
    layers = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    model = net(layers, lr=0.03, max_epochs=20)
    pipe = make_pipeline(features(), StandardScaler(), FunctionTransformer(np.float32), model)
    search = GridSearchCV(
        SeizureDetector(pipe),
        {"estimator__neuralnetclassifier__lr": [1e-9, 0.03]},
        scoring=make_event_scorer("f1", zero_division=0.0),
        cv=StratifiedPatientKFold(2),
    ).fit(X, y)
    assert search.best_params_ == {"estimator__neuralnetclassifier__lr": 0.03}
    assert search.best_score_ > 0.9


def test_eegnet_in_a_net_of_skorch(toy):
    """Windows hand out read-only samples, which torch warns of; a float32 copy is an array."""
    X, y, _ = toy
    model = net(
        EEGNet, module__n_channels=2, module__n_times=128, module__sfreq=64, module__n_outputs=2,
        lr=0.01, max_epochs=10, batch_size=32,
    )  # fmt: skip
    pipe = make_pipeline(FunctionTransformer(np.array, kw_args={"dtype": np.float32}), model)
    train = X.patient == "p0"
    pipe.fit(X[train], y[train])
    assert balanced_accuracy_score(y[~train], pipe.predict(X[~train])) > 0.9
