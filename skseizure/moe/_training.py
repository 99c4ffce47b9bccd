"""How a mixture is trained: batches of both stages, callbacks, device and threads."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.metrics import recall_score
from sklearn.utils import gen_batches
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, LRScheduler
from skorch.helper import predefined_split
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import Dataset

from .._core.forks import in_children, is_forked, keep_torch_alone
from ._eegnet import EEGNet, trial_moments
from ._mixture import MoELoss, MoENetwork
from ._sampler import ImbalancedBatchSampler

# Windows of one forward pass without gradients.
PREDICT_BATCH = 256

# Steps after which batch norms, with a momentum of 1 %, keep so little (22 %) of their first values
# that evaluation is right. In longer trainings settled norms make noise look like a signal.
NORMS_FADE = 150

# torch has one generator for all threads: joblib's threads take turns.
_ONE_AT_A_TIME = threading.RLock()


def _renew_lock() -> None:
    global _ONE_AT_A_TIME
    _ONE_AT_A_TIME = threading.RLock()


in_children(_renew_lock)
keep_torch_alone(torch)


@dataclass(frozen=True)
class Plan:
    """What training needs to know beside the network and the data.

    ``log_prior`` is subtracted from the network's log probabilities at prediction.
    """

    max_epochs: int
    pretrain_epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    one_cycle: bool
    expert_gamma: NDArray[np.float64]
    joint_gamma: float
    log_prior: NDArray[np.float64]
    class_weight: NDArray[np.float64] | None
    w_balance: float
    w_agree: float
    augment: bool
    patience: int | None
    callbacks: Sequence[Any]
    device: str
    n_jobs: int | None
    compile: bool
    verbose: int
    seed: int


class Trials(Dataset):
    """Inputs of the network, by name, classes and, if given, weights of some windows."""

    def __init__(
        self,
        X: dict[str, Tensor],
        y: NDArray[np.intp],
        sample_weight: NDArray[np.float64] | None = None,
    ) -> None:
        self.X = X
        self.sample_weight = sample_weight
        self.y = torch.from_numpy(y.astype(np.int64))

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, rows: Any) -> tuple[dict[str, Tensor], Tensor]:
        return {name: values[rows] for name, values in self.X.items()}, self.y[rows]


class TrainingBatches:
    """Batches of the pre-training epochs, which say whose each row is, then of the joint ones."""

    def __init__(self, trials: Trials, batch_size: int, plan: Plan) -> None:
        self.trials, self.plan, self.epoch = trials, plan, 0
        self.random = np.random.RandomState(plan.seed)

        def sampler(gamma: Any) -> ImbalancedBatchSampler:
            return ImbalancedBatchSampler(
                trials.y,
                batch_size,
                gamma,
                sample_weight=trials.sample_weight,
                random_state=self.random,
            )

        self.pretraining, self.joint = sampler(plan.expert_gamma), sampler(plan.joint_gamma)

    def __len__(self) -> int:
        return len(self.joint)

    def __iter__(self) -> Iterator[tuple[dict[str, Tensor], Tensor]]:
        alone = self.epoch < self.plan.pretrain_epochs
        self.epoch += 1
        expert = torch.from_numpy(self.pretraining.block)
        for rows in self.pretraining if alone else self.joint:
            X, y = self.trials[torch.from_numpy(rows)]
            if self.plan.augment:
                X["x"] = augmented(X["x"], self.random)
            yield ({**X, "expert": expert} if alone else X), y


class ValidationBatches:
    """All trials, in order."""

    def __init__(self, trials: Trials, batch_size: int) -> None:
        self.trials = trials

    def __iter__(self) -> Iterator[tuple[dict[str, Tensor], Tensor]]:
        for rows in gen_batches(len(self.trials), PREDICT_BATCH):
            yield self.trials[rows]


def augmented(x: Tensor, random: np.random.RandomState) -> Tensor:
    """Shift each window by a random time, in a circle, and scale it by 0.9 to 1.1."""
    n, n_channels, n_times = x.shape
    shift = torch.from_numpy(random.randint(n_times, size=(n, 1, 1)))
    gain = torch.from_numpy(random.uniform(0.9, 1.1, size=(n, 1, 1))).to(x.dtype)
    index = (torch.arange(n_times) + shift) % n_times
    return x.gather(2, index.expand(n, n_channels, n_times)) * gain


class NormLimit(Callback):
    """Keep the extractor within its bounds after each step."""

    def on_batch_end(self, net: Any, *, training: bool, **kwargs: Any) -> None:
        """Apply the extractor's ``constrain``, if it has one."""
        constrain = getattr(uncompiled(net.module_).extractor, "constrain", None)
        if training and constrain is not None:
            constrain()


class SettledNorms(Callback):
    """Keep batch norms' first values, zeros and ones, out of their running statistics.

    The first 1 / momentum steps count the same, as in a plain mean, and momentum takes over then.
    Without it evaluation after few steps runs on statistics that are those of no data. For short
    trainings only: in longer ones the norms move as published.
    """

    def on_batch_begin(self, net: Any, *, training: bool, **kwargs: Any) -> None:
        """Look at the statistics before a step."""
        if training:
            norms: list[Any] = [
                module
                for module in uncompiled(net.module_).modules()
                if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)
            ]
            self._before = [
                (norm, norm.running_mean.clone(), norm.running_var.clone())
                for norm in norms
                if norm.running_mean is not None
                and norm.momentum
                and norm.num_batches_tracked * norm.momentum < 1
            ]

    def on_batch_end(self, net: Any, *, training: bool, **kwargs: Any) -> None:
        """Weigh the step's own statistics by its number."""
        if not training:
            return
        for norm, mean, variance in self._before:
            n_steps = int(norm.num_batches_tracked)
            if n_steps and n_steps * norm.momentum < 1:
                weight = 1 / (n_steps * norm.momentum)
                norm.running_mean.copy_(torch.lerp(mean, norm.running_mean, weight))
                settled = torch.lerp(variance, norm.running_var, weight)
                norm.running_var.copy_(settled.clamp(min=0))


class JointEarlyStopping(EarlyStopping):
    """Early stopping that counts from the end of pre-training, before which the gate is idle."""

    def __init__(self, pretrain_epochs: int, **kwargs: Any) -> None:
        self.pretrain_epochs = pretrain_epochs
        super().__init__(**kwargs)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Compare, once pre-training is over."""
        if len(net.history) > self.pretrain_epochs:
            super().on_epoch_end(net, **kwargs)


def balanced_accuracy(net: NeuralNetClassifier, X: Trials, y: NDArray[np.intp]) -> float:
    """Return the mean recall of the classes that are there, without a warning for the others."""
    return recall_score(
        y,
        net.predict(X),
        labels=np.unique(y),
        average="macro",
        zero_division=0,
        sample_weight=X.sample_weight,
    )


def train(
    network_params: dict[str, Any],
    X: dict[str, NDArray],
    y: NDArray[np.intp],
    valid: tuple[dict[str, NDArray], NDArray[np.intp], NDArray[np.float64] | None] | None,
    sample_weight: NDArray[np.float64] | None,
    plan: Plan,
    start: dict[str, NDArray] | None,
) -> tuple[dict[str, NDArray], list[dict[str, Any]]]:
    """Train a network.

    Parameters
    ----------
    network_params : dict
        Parameters of `MoENetwork`.
    X : dict of str to ndarray
        Its inputs for the training windows.
    y : ndarray of int, shape (n_windows,)
        Their classes.
    valid : tuple of inputs, classes and weights or None, or None
        Windows to validate on after each epoch.
    sample_weight : ndarray of float, shape (n_windows,), or None
        Weights of the training windows, all above 0.
    plan : Plan
        How to train.
    start : dict of str to ndarray or None
        Weights to start from. If None, new ones.

    Returns
    -------
    state : dict of str to ndarray
        Weights and buffers.
    history : list of dict
        What was recorded in each epoch.
    """
    # All draws come from the seed, and the caller's generators are as they were afterwards.
    every_gpu = range(torch.cuda.device_count())
    with (
        _ONE_AT_A_TIME,
        torch.random.fork_rng(devices=every_gpu),
        _threads(plan.n_jobs),
        single_precision(plan.device),
    ):
        torch.manual_seed(plan.seed)
        trials = Trials(_tensors(X), y, sample_weight)
        held_out = None if valid is None else Trials(_tensors(valid[0]), *valid[1:])
        net = _net(network_params, plan, len(trials), held_out).initialize()
        network = uncompiled(net.module_)
        if start is not None:
            try:
                _load_state(network, start)
            except RuntimeError as error:
                raise ValueError(
                    "warm_start=True, but extractor, experts, gate or manual features changed "
                    "their sizes since the last fit; they must be the same, or warm_start=False."
                ) from error
        network.log_prior.copy_(torch.from_numpy(plan.log_prior))
        extractor = network.extractor
        if plan.device == "cpu" and isinstance(extractor, EEGNet) and not plan.augment:
            trials.X["moments"] = _all_moments(trials.X["x"], extractor.kernel_size)
        net.partial_fit(trials)
    _warn_if_interrupted(net, plan)
    state = {name: value.cpu().numpy() for name, value in network.state_dict().items()}
    broken = [name for name, value in state.items() if not np.isfinite(value).all()]
    if broken:
        raise ValueError(
            f"Training diverged: {broken[0]} is not finite. A smaller lr may help, or smaller "
            "weights (w_balance, w_agree, weight_decay, class_weight, joint_gamma)."
        )
    history = [{k: v for k, v in row.items() if k != "batches"} for row in net.history]
    return state, history


def _warn_if_interrupted(net: NeuralNetClassifier, plan: Plan) -> None:
    # skorch ends quietly at Ctrl-C, which leaves the last epoch without its scores.
    if net.history and "train_loss" not in net.history[-1]:
        epoch = len(net.history)
        idle = " The gate had not learned yet." if epoch <= plan.pretrain_epochs else ""
        warnings.warn(
            f"Training was interrupted in epoch {epoch} of {plan.max_epochs}; what was learned by "
            f"then is kept.{idle}",
            stacklevel=6,
        )
        del net.history[-1]


def _net(
    network_params: dict[str, Any],
    plan: Plan,
    n_trials: int,
    held_out: Trials | None,
) -> NeuralNetClassifier:
    weight = None if plan.class_weight is None else torch.from_numpy(plan.class_weight).float()
    return NeuralNetClassifier(
        MoENetwork,
        **{f"module__{name}": value for name, value in network_params.items()},
        criterion=MoELoss,
        criterion__weight=weight,
        criterion__w_balance=plan.w_balance,
        criterion__w_agree=plan.w_agree,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=plan.weight_decay,
        lr=plan.lr,
        max_epochs=plan.max_epochs,
        batch_size=plan.batch_size,
        iterator_train=TrainingBatches,
        iterator_train__plan=plan,
        iterator_valid=ValidationBatches,
        train_split=None if held_out is None else predefined_split(held_out),
        callbacks=_callbacks(plan, n_trials, held_out is not None),
        callbacks__valid_acc=None,
        device=plan.device,
        compile=plan.compile,
        verbose=plan.verbose,
    )


def _callbacks(plan: Plan, n_trials: int, validated: bool) -> list[Any]:
    callbacks: list[Any] = [("norm_limit", NormLimit())]
    steps = plan.max_epochs * -(-n_trials // plan.batch_size)
    if steps < NORMS_FADE:
        callbacks.append(("settled_norms", SettledNorms()))
    if plan.one_cycle:
        schedule = LRScheduler(OneCycleLR, max_lr=plan.lr, total_steps=steps, step_every="batch")
        callbacks.append(("schedule", schedule))
    if validated:
        name = "valid_balanced_accuracy"
        scoring = EpochScoring(balanced_accuracy, name=name, lower_is_better=False)
        callbacks.append((name, scoring))
    if plan.patience is not None:
        stopping = JointEarlyStopping(
            plan.pretrain_epochs,
            monitor="valid_balanced_accuracy",
            lower_is_better=False,
            patience=plan.patience,
            load_best=True,
        )
        callbacks.append(("early_stopping", stopping))
    return [*callbacks, *plan.callbacks]


def predict(
    network_params: dict[str, Any],
    state: dict[str, NDArray],
    batches: Iterator[dict[str, NDArray]],
    device: str,
    n_jobs: int | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run a trained network.

    Parameters
    ----------
    network_params : dict
        Parameters of `MoENetwork`.
    state : dict of str to ndarray
        Its weights and buffers.
    batches : iterator of dict of str to ndarray
        Its inputs, batch by batch.
    device : str
        Where to run it, "auto" or a torch device.
    n_jobs : int or None
        Threads that torch uses.

    Returns
    -------
    proba : ndarray, shape (n_windows, n_classes)
        Probabilities.
    gates : ndarray, shape (n_windows, n_gates)
        Shares of the experts.
    """
    device = check_device(device)
    # The network draws weights before they are replaced.
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=[]):
        network = MoENetwork(**network_params)
    _load_state(network, state)
    network.to(device).eval()
    log_proba, gates = [], []
    with torch.inference_mode(), _threads(n_jobs), single_precision(device):
        for batch in batches:
            out = network(**{k: v.to(device) for k, v in _tensors(batch).items()})
            log_proba.append(out[0].cpu().double().softmax(1).numpy())
            gates.append(out[2].cpu().double().numpy())
    return np.concatenate(log_proba), np.concatenate(gates)


def _load_state(network: MoENetwork, state: dict[str, NDArray]) -> None:
    """Put weights into a network; names and shapes must be its own."""
    network.load_state_dict({name: torch.from_numpy(np.array(v)) for name, v in state.items()})


def uncompiled(module: Any) -> Any:
    """Return a module itself, not the wrapper that ``torch.compile`` puts around it."""
    return getattr(module, "_orig_mod", module)


def check_device(device: str) -> str:
    """Return the name of a device that is there.

    Parameters
    ----------
    device : str
        "auto" or a torch device.

    Returns
    -------
    str
        ``"cuda"`` where "auto" finds a GPU, else ``"cpu"``; otherwise the device itself.

    Raises
    ------
    ValueError
        If it is no device or not there.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device is {device!r}; 'auto' or a torch device is needed.") from error
    count = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    if (wanted.index or 0) >= count.get(wanted.type, 0):
        raise ValueError(
            f"device is {device!r}, but torch finds no such device here; device='auto' takes what "
            "there is, 'cpu' is always there."
        )
    return device


def check_callbacks(callbacks: Sequence[Any] | None) -> Sequence[Any]:
    """Raise a ValueError for what skorch would not take as a callback; None means no callbacks."""
    for item in callbacks or ():
        callback = item[1] if isinstance(item, tuple) and len(item) == 2 else item
        kind = callback if isinstance(callback, type) else type(callback)
        if not issubclass(kind, Callback):
            raise ValueError(
                f"callbacks holds {item!r}; callbacks of skorch, or pairs of a name and a "
                "callback, are needed."
            )
    return callbacks or ()


@contextlib.contextmanager
def single_precision(device: str) -> Iterator[None]:
    """Let a GPU convolve in whole single precision, and the same way in each run."""
    if device == "cpu":
        yield
        return
    with (
        _ONE_AT_A_TIME,
        torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False),
    ):
        yield


@contextlib.contextmanager
def _threads(n_jobs: int | None) -> Iterator[None]:
    """Let torch use ``n_jobs`` threads, which joblib's own limits do not reach."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if is_forked() else effective_n_jobs(n_jobs))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _tensors(arrays: dict[str, NDArray]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values) for name, values in arrays.items()}


def _all_moments(x: Tensor, kernel_size: int) -> Tensor:
    parts = gen_batches(len(x), PREDICT_BATCH)
    return torch.cat([trial_moments(x[rows], kernel_size) for rows in parts])
