"""The types that a saved estimator of this package may hold."""

from __future__ import annotations

_TRUSTED = (
    # Trees, which MetaSamplerClassifier grows unless told otherwise.
    "sklearn.tree._tree.Tree",
    "skseizure.ensemble.MetaSampler",
    "skseizure.ensemble.MetaSamplerClassifier",
    "skseizure.ensemble.MetaUnderSampler",
    "skseizure.evolution.CNBCClassifier",
    "skseizure.evolution.CNBCEnsembleClassifier",
    "skseizure.evolution.EvolvedMLPClassifier",
    "skseizure.feature_selection.FCBFSelector",
    "skseizure.feature_selection.MutualInformationSelector",
    "skseizure.feature_selection.SemiJMISelector",
    "skseizure.features.BandFeatures",
    "skseizure.features.ChannelPooling",
    "skseizure.features.FeatureNormalizer",
    "skseizure.features.FrameFeatures",
    "skseizure.features.MovingAverage",
    "skseizure.features.PatientScaler",
    "skseizure.features.STFTFeatures",
    "skseizure.features.WaveletPacketFeatures",
    "skseizure.fuzzy.SDASSLTSKClassifier",
    "skseizure.fuzzy.TSKClassifier",
    "skseizure.fuzzy.TSKClassifierCV",
    "skseizure.metrics.EventScorer",
    "skseizure.metrics.PooledRefit",
    "skseizure.metrics.SampleScorer",
    "skseizure.model_selection.EarlyTrainSplit",
    "skseizure.model_selection.LabelledTestSplit",
    "skseizure.model_selection.LeaveOnePatientOut",
    "skseizure.model_selection.LeaveOneRecordOut",
    "skseizure.model_selection.RecordKFold",
    "skseizure.model_selection.StratifiedPatientKFold",
    "skseizure.moe.BandSummary",
    "skseizure.moe.Manual41",
    "skseizure.moe.MixMoEClassifier",
    "skseizure.moe.SeizureMoEClassifier",
    "skseizure.postprocessing.ChannelFusionClassifier",
    "skseizure.postprocessing.MorphologicalFilterClassifier",
    "skseizure.postprocessing.PersonalizedClassifier",
    "skseizure.postprocessing.SeizureDetector",
    "skseizure.postprocessing.TunedSeizureDetectorCV",
)


def skops_trusted_types() -> list[str]:
    """Return the types to trust when skops loads an estimator of this package.

    A skops file names a class for all that is neither a number, text nor an array, and skops loads
    it if it knows the class to be harmless or is told so. These are the classes of this package
    that may be told: its estimators, splitters and scorers, fitted or not, alone or inside
    scikit-learn's ``Pipeline`` and searches. Their state is arrays, numbers and text, and setting
    it runs no code of the file.

    Returns
    -------
    list of str
        Names for ``trusted`` of `skops.io.load` and `skops.io.loads`, sorted.

    Notes
    -----
    The one name that is not ours, ``sklearn.tree._tree.Tree``, is that of the decision trees that
    `MetaSamplerClassifier` grows by default. skops trusted it by itself up to version 0.12 and
    leaves it to the user since.

    Not in the list, because you would have given them:

    - functions and classes, ``functools.partial`` among them, such as ``extractor`` of the mixtures
      of experts, ``callbacks`` or a ``FunctionTransformer``: what is called later must be known
      now;
    - `joblib.Memory`: files in its folder are pickles. Set ``memory=None`` before saving;
    - what estimators of other packages need, some of scikit-learn's included.

    Name what your own file needs beside the list, after a look at `skops.io.get_untrusted_types`.

    skops says what a file is made of, not that its numbers make sense. In a file from a stranger
    ``memory`` may name a folder of pickles, and indices of trees or sizes of networks may lead
    beyond the memory that is theirs, which ends the process, or reads what is not meant to be read,
    when they predict. ``skseizure detect`` checks for that; here only files of a source that you
    trust are safe to predict with.

    Examples
    --------
    >>> from skops.io import dumps, loads
    >>> from sklearn.datasets import make_classification
    >>> from skseizure import skops_trusted_types
    >>> from skseizure.fuzzy import TSKClassifier
    >>> X, y = make_classification(random_state=0)
    >>> model = TSKClassifier(3, random_state=0).fit(X, y)
    >>> again = loads(dumps(model), trusted=skops_trusted_types())
    >>> bool((again.predict(X) == model.predict(X)).all())
    True
    """
    return list(_TRUSTED)
