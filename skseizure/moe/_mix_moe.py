"""MixMoEClassifier: a mixture of deep experts and one on manual features."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import StrOptions

from .._core.parameters import HasMethods, Interval
from ._base import BaseMoEClassifier
from ._manual_features import NAMED
from ._sampler import Sampler
from ._scaling import parts
from ._traditional import expert_log_proba, out_of_fold

LARGEST = 1e100  # among features, which are squared and summed


class MixMoEClassifier(BaseMoEClassifier):
    """Mixture of deep experts and a traditional expert on manual features.

    As `SeizureMoEClassifier`, and a classifier on manual features is one more expert [1]_. The gate
    sees the extractor's and the manual features, and the deep experts are drawn towards the
    traditional one. What is known beforehand so makes up for rare classes, which a network alone
    cannot learn from few windows.

    Parameters
    ----------
    feature_extractor : {"bands", "manual41"} or transformer, default="bands"
        Manual features, a transformer of raw windows, fitted in `fit`. ``"bands"``: mean and
        standard deviation over channels of log power in the five classical bands, log line length
        and kurtosis (`BandFeatures` filters; above 120 Hz). ``"manual41"``: for each channel, the
        41 features of the published code in four groups of time, frequency, nonlinear dynamics and
        wavelets, defined anew; its entropies are quadratic in the window's length. A transformer
        that is fitted already is given as ``sklearn.frozen.FrozenEstimator(transformer)``. What
        learns from ``y`` belongs into ``traditional_expert``, where it is out of fold.
    traditional_expert : {"logistic", "ridge"} or classifier, default="logistic"
        Classifier on the manual features. ``"logistic"``: logistic regression with balanced class
        weights on standardised features; ``"ridge"``: the paper's ridge classifier, standardised
        too. Probabilities are ``predict_proba`` or the softmax of ``decision_function``. A fitted
        one is given as a `FrozenEstimator`; it should not have seen these windows.
    n_experts : int, default=4
        Deep experts.
    cv : int or splitter, default=5
        Folds that give the traditional expert's probabilities on training windows, each from the
        other folds, with groups kept whole where there are such; then it is fitted on all windows.
        0: from an expert fitted on the same windows, the paper's way, with which an expert that
        fits closely is trusted too much.
    w_agree : float, default=0.1
        Weight of the agreement loss, the mean of KL(traditional || deep) over deep experts.
    hidden : int, default=64
        Hidden units of an expert.
    extractor : callable, default=None
        Makes the network that extracts features of the raw signal, see `SeizureMoEClassifier`.
    sfreq : float, default=None
        Sampling rate in Hz. None: that of the `Windows`; a bare array needs it for the two named
        feature extractors.
    top_k : int, default=None
        Experts that take part in a window, the traditional one counted. None: all; ``n_experts``
        is the published code's, which leaves one out.
    noisy_gating : bool, default=False
        Add learned noise to the gate while training.
    w_balance : float, default=0.1
        Weight of the loss that keeps the experts equally busy.
    sampler : {"diverse", "balanced", "natural"} or array-like, default="diverse"
        Balance of the classes for each expert in pre-training, see `SeizureMoEClassifier`.
    joint_gamma : float, default=0.5
        The gamma of the joint stage.
    pretrain_fraction : float, default=0.3
        Share of the epochs for the first stage; the joint stage keeps one epoch at least.
    prior_correction : {"balanced", "natural"} or None, default="balanced"
        What probabilities are divided by, see `SeizureMoEClassifier`.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes in the loss, on top of the sampler.
    max_epochs : int, default=60
        Epochs of both stages together; an epoch draws as many windows as there are.
    batch_size : int, default=64
        Windows of a step; in pre-training shared out to the experts.
    lr : float, default=0.003
        Largest learning rate (AdamW).
    weight_decay : float, default=0.0001
        Decay of the weights.
    schedule : {"one_cycle", "constant"}, default="one_cycle"
        Learning rate over time; for another, give ``"constant"`` and a callback.
    augment : bool or "auto", default="auto"
        Shift each training window in a circle by a random time and scale it by 0.9 to 1.1; manual
        features stay. ``"auto"``: for input of three dimensions with at least 64 samples.
    train_split : float, splitter or None, default=None
        Windows to validate on after each epoch, see `SeizureMoEClassifier`; nothing is fitted on
        them.
    patience : int, default=None
        Early stopping on balanced accuracy, see `SeizureMoEClassifier`.
    callbacks : list of skorch callbacks, default=None
        Further callbacks; copied.
    device : str, default="auto"
        Torch device. ``"auto"``: a GPU where there is one.
    mixed_precision : bool, default=False
        Run the extractor in bfloat16.
    compile : bool, default=False
        Compile the network with ``torch.compile`` for training; only long trainings gain.
    n_jobs : int, default=None
        Threads that torch uses, 1 for None. Their number changes rounding.
    warm_start : bool, default=False
        Continue from the weights of the last `fit`, in the joint stage; feature extractor and
        traditional expert are fitted anew.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, draws, dropout, folds and splits.
    verbose : bool or int, default=0
        Print losses and scores of each epoch.

    Attributes
    ----------
    feature_extractor_ : transformer
        Fitted.
    traditional_expert_ : classifier
        Fitted on all training windows.
    manual_mean_, manual_scale_ : ndarray, shape (n_manual,)
        Mean and standard deviation by which manual features are standardised for the gate.
    classes_ : ndarray, shape (n_classes,)
        Labels.
    class_counts_ : ndarray of int, shape (n_classes,)
        Windows of each class that were trained on.
    state_ : dict of str to ndarray
        Weights and buffers of the network.
    network_params_ : dict
        What the network is built from.
    history_ : list of dict
        Losses, scores and times of each epoch, as skorch records them.
    n_iter_ : int
        Epochs that were run.
    channel_mean_, channel_scale_ : ndarray, shape (n_channels,)
        Mean and standard deviation by which channels are standardised.
    sfreq_ : float or None
        Sampling rate in Hz, if known.
    n_channels_in_, n_times_in_, n_features_in_ : int
        Layout of the windows seen in `fit`.
    ch_names_in_ : tuple of str or None
        Channel names seen in `fit`, if there were any.
    feature_names_in_ : ndarray of str
        Column names, where `fit` was given a data frame.

    Raises
    ------
    ValueError
        As `SeizureMoEClassifier`; also if the sampling rate is not known but needed, manual
        features or their squares are not finite, or the traditional expert knows other classes.
    TypeError
        If the traditional expert has neither ``predict_proba`` nor ``decision_function``.

    See Also
    --------
    SeizureMoEClassifier : Without manual features.
    sklearn.ensemble.VotingClassifier : A soft vote of a network and a classifier on manual
        features is a simpler way to join the two; the user guide compares them.
    sklearn.ensemble.StackingClassifier : So is stacking.

    Notes
    -----
    Cost is that of `SeizureMoEClassifier`, the manual features once, and ``cv + 1`` fits of the
    traditional expert.

    References
    ----------
    .. [1] Z. Du, R. Peng, W. Liu, W. Li, D. Wu. Mixture of experts for EEG-based seizure subtype
       classification. IEEE Transactions on Neural Systems and Rehabilitation Engineering
       31:4781-4789, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.moe import MixMoEClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["background", "seizure"], [60, 20])
    >>> X = rng.normal(size=(80, 2, 128)) * np.where(y == "seizure", 3, 1)[:, None, None]
    >>> model = MixMoEClassifier(n_experts=2, sfreq=128, max_epochs=5, random_state=0).fit(X, y)
    >>> model.score(X, y)
    1.0
    >>> model.gates(X).shape
    (80, 3)
    """

    _parameter_constraints: dict = {
        **BaseMoEClassifier._parameter_constraints,
        "feature_extractor": [StrOptions(set(NAMED)), HasMethods(["fit", "transform"])],
        "traditional_expert": [StrOptions({"logistic", "ridge"}), HasMethods(["fit", "predict"])],
        "cv": [Interval(Integral, 0, None, closed="left"), HasMethods(["split"])],
        "w_agree": [Interval(Real, 0, None, closed="left")],
    }

    _n_outside = 1

    def __init__(
        self,
        feature_extractor: Any = "bands",
        traditional_expert: Any = "logistic",
        n_experts: int = 4,
        *,
        cv: Any = 5,
        w_agree: float = 0.1,
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
        self.feature_extractor = feature_extractor
        self.traditional_expert = traditional_expert
        self.n_experts = n_experts
        self.cv = cv
        self.w_agree = w_agree
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

    def _learn_inputs(
        self, X: Any, y: NDArray, groups: NDArray | None, seed: int
    ) -> dict[str, NDArray]:
        signals = super()._learn_inputs(X, y, groups, seed)
        # Not fit_transform, which a FrozenEstimator does not have.
        self.feature_extractor_ = self._make_feature_extractor(X).fit(X, y)
        table = _checked_table(self.feature_extractor_.transform(X), len(X))
        expert = self._make_traditional_expert()
        if self.cv != 0:
            outside = out_of_fold(expert, table, y, groups, self.cv, seed)
        self.traditional_expert_ = expert.fit(table, y)
        in_sample = expert_log_proba(self.traditional_expert_, table, self.classes_)
        self.manual_mean_ = table.mean(axis=0)
        scale = table.std(axis=0)
        self.manual_scale_ = np.where(scale > 0, scale, 1)
        return {
            **signals,
            "manual": self._standardised(table),
            "outside": (in_sample if self.cv == 0 else outside).astype(np.float32),
        }

    def _inputs(self, X: Any) -> dict[str, NDArray]:
        return {**super()._inputs(X), **self._manual_inputs(X)}

    def _batches(self, X: Any) -> Iterator[dict[str, NDArray]]:
        # All at once: a transformer may look at windows beside each other, and cuts its own work.
        manual = self._manual_inputs(X)
        for rows in parts(X):
            part = {name: values[rows] for name, values in manual.items()}
            yield {**super()._inputs(X[rows]), **part}

    def _manual_inputs(self, X: Any) -> dict[str, NDArray]:
        table = _checked_table(self.feature_extractor_.transform(X), len(X))
        manual = self._standardised(table)
        self._refuse_far(X, manual)
        outside = expert_log_proba(self.traditional_expert_, table, self.classes_)
        return {"manual": manual, "outside": outside.astype(np.float32)}

    def _standardised(self, table: NDArray) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            return ((table - self.manual_mean_) / self.manual_scale_).astype(np.float32)

    def _network_params(self) -> dict[str, Any]:
        return {**super()._network_params(), "n_manual": len(self.manual_mean_)}

    def _make_feature_extractor(self, X: Any) -> Any:
        if not isinstance(self.feature_extractor, str):
            return clone(self.feature_extractor)
        if self.sfreq_ is None:
            raise ValueError(
                f"sfreq is None and X is a bare array, taken as windows of {self.n_channels_in_} "
                f"channels and {self.n_times_in_} samples, but feature_extractor="
                f"{self.feature_extractor!r} needs the sampling rate; pass MixMoEClassifier("
                "sfreq=<sampling rate in Hz>) or a Windows, which knows its own."
            )
        return NAMED[self.feature_extractor](self.sfreq_)

    def _make_traditional_expert(self) -> Any:
        if self.traditional_expert == "logistic":
            logistic = LogisticRegression(class_weight="balanced", max_iter=1000)
            return make_pipeline(StandardScaler(), logistic)
        if self.traditional_expert == "ridge":
            return make_pipeline(StandardScaler(), RidgeClassifier())
        if not is_classifier(self.traditional_expert):
            raise ValueError(
                f"traditional_expert is {self.traditional_expert!r}; a classifier is needed."
            )
        return clone(self.traditional_expert)


def _checked_table(table: Any, n_windows: int) -> NDArray[np.float64]:
    values = np.asarray(table, dtype=np.float64)
    if values.ndim != 2 or len(values) != n_windows or not values.shape[1]:
        raise ValueError(
            f"feature_extractor made shape {values.shape} of {n_windows} windows; ({n_windows}, "
            "n_features) is needed."
        )
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"feature_extractor made {values[row, column]} of window {row}, column {column}; "
            "finite numbers are needed."
        )
    if (largest := np.abs(values).max(initial=0.0)) > LARGEST:
        raise ValueError(
            f"feature_extractor made values up to {largest:.2g} of X, squares of which overflow; "
            f"values within {LARGEST:.0e} are needed: scale the samples."
        )
    return values
