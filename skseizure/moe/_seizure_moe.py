"""SeizureMoEClassifier: a mixture of deep experts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from ._base import BaseMoEClassifier
from ._sampler import Sampler


class SeizureMoEClassifier(BaseMoEClassifier):
    """Mixture of deep experts on the features of an EEGNet, for classes of unlike frequency.

    A gate shares each window out among experts, networks of one hidden layer that see the same
    features of the raw signal [1]_. Training has two stages. First each expert is trained by
    itself, together with the extractor, on draws in which the classes have its own balance, from
    their natural frequencies to equal ones; then gate and experts are trained jointly.

    Parameters
    ----------
    n_experts : int, default=4
        Deep experts.
    hidden : int, default=64
        Hidden units of an expert.
    extractor : callable, default=None
        Makes the feature extractor: called with ``n_channels``, ``n_times`` and ``sfreq`` it
        returns a torch module from (n, n_channels, n_times) to (n, n_features). None: `EEGNet`;
        ``functools.partial(EEGNet, n_filters=4)`` is one of another size.
    sfreq : float, default=None
        Sampling rate in Hz, which makes EEGNet's kernel half a second long. None: that of the
        `Windows`; for a bare array the kernel then has the published 64 samples.
    top_k : int, default=None
        Experts that take part in a window. None: all, as in the published code.
    noisy_gating : bool, default=False
        Add learned noise to the gate while training; off in the published code.
    w_balance : float, default=0.1
        Weight of the loss that keeps the experts equally busy. Heavier weights cost accuracy.
    sampler : {"diverse", "balanced", "natural"} or array-like, default="diverse"
        In pre-training, expert e draws class c with probability proportional to
        n_c ** gamma_e. ``"diverse"``: gammas equally spaced from 1 to 0; ``"natural"``: all 1;
        ``"balanced"``: all 0; or the gammas, shape (n_experts,). See `ImbalancedBatchSampler`.
    joint_gamma : float, default=0.5
        The gamma of the joint stage.
    pretrain_fraction : float, default=0.3
        Share of the epochs for the first stage; the joint stage keeps one epoch at least.
    prior_correction : {"balanced", "natural"} or None, default="balanced"
        What probabilities are divided by, as the joint stage saw other frequencies than there are.
        ``"balanced"``: by the frequencies that it saw, so that all classes count the same, as in
        balanced accuracy. ``"natural"``: corrected to the frequencies of the data, for calibrated
        probabilities. None: nothing.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes in the loss, on top of the sampler; ``prior_correction`` leaves them.
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
        Shift each training window in a circle by a random time and scale it by 0.9 to 1.1, without
        which a network learns few windows by heart. ``"auto"``: for input of three dimensions with
        at least 64 samples.
    train_split : float, splitter or None, default=None
        Windows to validate on after each epoch, never trained on: a share, stratified and with
        groups kept whole where there are such, as nearly as these allow; or the first split of a
        splitter.
    patience : int, default=None
        Stop when balanced accuracy on the windows of ``train_split`` has not risen for that many
        epochs after pre-training, and keep the best weights. None: no early stopping.
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
        Continue from the weights of the last `fit`, in the joint stage.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, draws, dropout and splits.
    verbose : bool or int, default=0
        Print losses and scores of each epoch.

    Attributes
    ----------
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
        Mean and standard deviation by which channels are standardised; a channel that never
        changes has the largest of the others.
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
        For one class, a class of one window, fewer windows than experts, a device that is not
        there, and as for any input that is not finite or of another layout than at `fit`.

    See Also
    --------
    MixMoEClassifier : Adds an expert on manual features.

    Notes
    -----
    An epoch on n windows costs n forward and backward passes of the extractor; all experts together
    add a few per cent. EEGNet's batch norms move by 1 % a step, as published; in trainings planned
    for fewer than 150 steps the first hundred count the same here, so that a short training is not
    judged by the values that the norms began with. Where the paper gives no value, defaults were
    chosen on synthetic data, see the user guide, which also says where this model gains nothing
    over a plain EEGNet.

    References
    ----------
    .. [1] Z. Du, R. Peng, W. Liu, W. Li, D. Wu. Mixture of experts for EEG-based seizure subtype
       classification. IEEE Transactions on Neural Systems and Rehabilitation Engineering
       31:4781-4789, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.moe import SeizureMoEClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["background", "seizure"], [60, 20])
    >>> X = rng.normal(size=(80, 2, 64)) * np.where(y == "seizure", 3, 1)[:, None, None]
    >>> model = SeizureMoEClassifier(2, max_epochs=20, batch_size=8, random_state=0).fit(X, y)
    >>> model.predict(X[[0, -1]])
    array(['background', 'seizure'], dtype='<U10')
    >>> model.gates(X).shape
    (80, 2)
    """

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
