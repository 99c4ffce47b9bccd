"""SeizureMoEClassifier: a mixture of deep experts."""

from __future__ import annotations

from ._base import BaseMoEClassifier


class SeizureMoEClassifier(BaseMoEClassifier):
    """Mixture of deep experts on the features of an EEGNet, for classes of unequal frequency.

    A gate shares each window out among experts, networks of one hidden layer that see the same
    features of the raw signal [1]_. Training has two stages. First each expert is trained alone,
    together with the extractor, on draws in which the classes have a balance of its own, from
    their natural frequencies to equal ones. Then gate and experts are trained jointly.

    Parameters
    ----------
    n_experts : int, default=4
        Number of deep experts.
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
        If ``y`` has one class or a class of one window, if there are fewer windows than experts,
        if the device is missing, or if ``X`` is not finite or has another layout than in `fit`.

    See Also
    --------
    MixMoEClassifier : Adds an expert on manual features.

    Notes
    -----
    An epoch on n windows costs n forward and backward passes of the extractor; all experts together
    add a few per cent. EEGNet's batch norms move by 1 % a step, as published. In trainings planned
    for fewer than 150 steps the first hundred count the same here, so that a short training is not
    judged by the values that the norms began with. Where the paper gives no value, defaults were
    chosen on synthetic data. The user guide describes this, and where this model gains nothing over
    a single EEGNet.

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
