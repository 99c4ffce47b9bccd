"""MixMoEClassifier: a mixture of deep experts and one on manual features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils._param_validation import StrOptions

from .._core.parameters import HasMethods, Interval
from ._base import BaseMoEClassifier
from ._manual_features import NAMED
from ._sampler import Sampler
from ._splits import TrainingSet
from ._traditional import check_table, expert_log_proba, fit_expert, make_expert, out_of_fold


class MixMoEClassifier(BaseMoEClassifier):
    """Mixture of deep experts and a traditional expert on manual features.

    Like `SeizureMoEClassifier`, with a classifier on manual features as one more expert [1]_. The
    gate sees the extractor's and the manual features, and the deep experts are drawn towards the
    traditional one. Prior knowledge thus makes up for rare classes, which a network alone cannot
    learn from few windows.

    Parameters
    ----------
    feature_extractor : {"bands", "manual41"} or transformer, default="bands"
        Transformer from raw windows to manual features, fitted in `fit`. ``"bands"``: mean and
        standard deviation over channels of log power in the five classical bands, log line length
        and kurtosis (`BandFeatures` filters; above 120 Hz). ``"manual41"``: for each channel, the
        41 features of the published code in four groups of time, frequency, nonlinear dynamics and
        wavelets, defined anew; its entropies are quadratic in the window's length. Give a fitted
        transformer as ``sklearn.frozen.FrozenEstimator(transformer)``. Steps that learn from ``y``
        belong into ``traditional_expert``, where they are out of fold.
    traditional_expert : {"logistic", "ridge"} or classifier, default="logistic"
        Classifier on the manual features. ``"logistic"``: logistic regression with balanced class
        weights on standardised features; ``"ridge"``: the paper's ridge classifier, standardised
        too. Its probabilities are ``predict_proba`` or the softmax of ``decision_function``. Give a
        fitted classifier as a `FrozenEstimator`; it should not have seen these windows.
    n_experts : int, default=4
        Number of deep experts.
    cv : int or splitter, default=5
        Folds for the traditional expert's probabilities on training windows. Those of a fold come
        from an expert trained on the other folds, with groups kept whole; then the expert is fitted
        on all windows. If 0, they come from that expert itself, as in the paper; the gate then
        trusts an expert that fits closely too much.
    w_agree : float, default=0.1
        Weight of the agreement loss, the mean of KL(traditional || deep) over deep experts.
    hidden : int, default=64
        Hidden units of each deep expert.
    extractor : callable, default=None
        Function that returns the feature extractor: it is called with ``n_channels``, ``n_times``
        and ``sfreq`` and returns a torch module from (n, n_channels, n_times) to (n, n_features).
        If None, `EEGNet`; ``functools.partial(EEGNet, n_filters=4)`` is one of another size.
    sfreq : float, default=None
        Sampling rate in Hz, which makes EEGNet's kernel half a second long. If None, the rate of
        the `Windows`. For a bare array without a rate the kernel has the published 64 samples, and
        named feature extractors raise an error.
    top_k : int, default=None
        Number of experts, the traditional one included, that take part in a window. If None, all
        of them.
    noisy_gating : bool, default=False
        Add learned noise to the gate while training. The published code leaves it off.
    w_balance : float, default=0.1
        Weight of the loss that keeps the experts equally busy. Larger weights cost accuracy.
    sampler : {"diverse", "balanced", "natural"} or array-like, default="diverse"
        Balance of the classes that each expert sees in pre-training. Expert e draws class c with
        probability proportional to n_c ** gamma_e. ``"diverse"``: gammas equally spaced from 1 to
        0; ``"natural"``: all 1; ``"balanced"``: all 0; or the gammas themselves, shape
        (n_experts,). See `ImbalancedBatchSampler`.
    joint_gamma : float, default=0.5
        The gamma of the joint stage.
    pretrain_fraction : float, default=0.3
        Share of the epochs for pre-training. The joint stage has at least one epoch.
    prior_correction : {"balanced", "natural"} or None, default="balanced"
        Correction of the probabilities for the class frequencies that the joint stage saw.
        ``"balanced"``: divide by these frequencies, so that all classes count the same, as in
        balanced accuracy. ``"natural"``: correct to the frequencies of the data, for calibrated
        probabilities. If None, no correction.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes in the loss, on top of the sampler. ``prior_correction`` ignores
        them.
    max_epochs : int, default=60
        Epochs of both stages together. An epoch draws as many windows as there are.
    batch_size : int, default=64
        Windows in a step. In pre-training the experts share them.
    lr : float, default=0.003
        Largest learning rate (AdamW).
    weight_decay : float, default=0.0001
        Weight decay of AdamW.
    schedule : {"one_cycle", "constant"}, default="one_cycle"
        Learning rate over time. For another schedule, use ``"constant"`` and a callback.
    augment : bool or "auto", default="auto"
        Shift each training window in a circle by a random time and scale it by 0.9 to 1.1. Without
        augmentation the network learns few windows by heart. ``"auto"``: for input of three
        dimensions with at least 64 samples.
    train_split : float, splitter or None, default=None
        Windows to validate on after each epoch; nothing is fitted on them. A float is their share,
        stratified and with groups kept whole as far as possible. Of a splitter the first split is
        used. If None, no validation.
    patience : int, default=None
        Stop when balanced accuracy on the windows of ``train_split`` has not risen for this many
        epochs after pre-training, and keep the best weights. If None, no early stopping.
    callbacks : list of skorch callbacks, default=None
        Further callbacks. They are used as given: clones share them, so that a callback may report
        to an object of yours, such as an Optuna trial. Worker processes get copies.
    device : str, default="auto"
        Torch device. ``"auto"``: a GPU if there is one.
    mixed_precision : bool, default=False
        Run the extractor in bfloat16.
    compile : bool, default=False
        Compile the network with ``torch.compile`` for training. Only long trainings gain from it.
    n_jobs : int, default=None
        Number of threads that torch uses; 1 if None. It changes the rounding.
    warm_start : bool, default=False
        Continue from the weights of the last `fit`, in the joint stage. A feature extractor and a
        traditional expert are fitted anew.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, draws, dropout, folds and splits.
    verbose : bool or int, default=0
        Print losses and scores of each epoch.

    Attributes
    ----------
    feature_extractor_ : transformer
        The fitted feature extractor.
    traditional_expert_ : classifier
        The traditional expert, fitted on all training windows.
    manual_mean_, manual_scale_ : ndarray, shape (n_manual,)
        Mean and standard deviation by which manual features are standardised for the gate.
    classes_ : ndarray, shape (n_classes,)
        Labels.
    class_counts_ : ndarray of int, shape (n_classes,)
        Number of training windows of each class.
    state_ : dict of str to ndarray
        Weights and buffers of the network.
    network_params_ : dict
        Parameters that the network is built from.
    history_ : list of dict
        Losses, scores and times of each epoch, as skorch records them.
    n_iter_ : int
        Number of epochs that were run.
    channel_mean_, channel_scale_ : ndarray, shape (n_channels,)
        Mean and standard deviation by which channels are standardised. A channel that never
        changes gets the largest standard deviation of the others.
    sfreq_ : float or None
        Sampling rate in Hz, if known.
    n_channels_in_, n_times_in_, n_features_in_ : int
        Layout of the windows seen in `fit`.
    ch_names_in_ : tuple of str or None
        Channel names seen in `fit`, if there were any.
    feature_names_in_ : ndarray of str
        Column names, if `fit` was given a data frame.

    Raises
    ------
    ValueError
        As `SeizureMoEClassifier`; also if the sampling rate is needed but not known, manual
        features are not finite, or the traditional expert knows other classes.
    TypeError
        If the traditional expert has neither ``predict_proba`` nor ``decision_function``.

    See Also
    --------
    SeizureMoEClassifier : The same without manual features.
    sklearn.ensemble.VotingClassifier : A soft vote of a network and a classifier on manual
        features is a simpler way to join the two; the user guide compares them.
    sklearn.ensemble.StackingClassifier : Stacking is another one.

    Notes
    -----
    The cost is that of `SeizureMoEClassifier`, the manual features once, and ``cv + 1`` fits of the
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
        super().__init__(
            n_experts,
            hidden=hidden,
            extractor=extractor,
            sfreq=sfreq,
            top_k=top_k,
            noisy_gating=noisy_gating,
            w_balance=w_balance,
            sampler=sampler,
            joint_gamma=joint_gamma,
            pretrain_fraction=pretrain_fraction,
            prior_correction=prior_correction,
            class_weight=class_weight,
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            schedule=schedule,
            augment=augment,
            train_split=train_split,
            patience=patience,
            callbacks=callbacks,
            device=device,
            mixed_precision=mixed_precision,
            compile=compile,
            n_jobs=n_jobs,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
        )
        self.feature_extractor = feature_extractor
        self.traditional_expert = traditional_expert
        self.cv = cv
        self.w_agree = w_agree

    def _learn_manual(self, data: TrainingSet, seed: int) -> dict[str, NDArray]:
        # Not fit_transform, which a FrozenEstimator does not have.
        self.feature_extractor_ = self._make_feature_extractor().fit(data.X, data.y)
        table = check_table(self.feature_extractor_.transform(data.X), len(data.y))
        scale = table.std(axis=0)
        self.manual_mean_, self.manual_scale_ = table.mean(axis=0), np.where(scale > 0, scale, 1)
        expert = make_expert(self.traditional_expert)
        if self.cv != 0:
            log_proba = out_of_fold(
                expert, table, data.y, data.groups, self.cv, seed, data.sample_weight
            )
        self.traditional_expert_ = fit_expert(expert, table, data.y, data.sample_weight)
        if self.cv == 0:
            log_proba = expert_log_proba(self.traditional_expert_, table, self.classes_)
        return self._as_inputs(table, log_proba)

    def _manual(self, X: Any) -> dict[str, NDArray]:
        table = check_table(self.feature_extractor_.transform(X), len(X))
        log_proba = expert_log_proba(self.traditional_expert_, table, self.classes_)
        return self._as_inputs(table, log_proba)

    def _as_inputs(self, table: NDArray, log_proba: NDArray) -> dict[str, NDArray]:
        manual = (table - self.manual_mean_) / self.manual_scale_
        return {"manual": manual.astype(np.float32), "outside": log_proba.astype(np.float32)}

    def _make_feature_extractor(self) -> Any:
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
