"""Fuzzy classifiers whose rules people can read, and which transfer between patients."""

from .._core.persistence import name_by_package
from ._explain import explain_sample
from ._rules import export_rules
from ._sda_ssl_tsk_classifier import SDASSLTSKClassifier
from ._tsk_classifier import TSKClassifier
from ._tsk_classifier_cv import TSKClassifierCV

__all__ = [
    "SDASSLTSKClassifier",
    "TSKClassifier",
    "TSKClassifierCV",
    "explain_sample",
    "export_rules",
]

name_by_package(globals())
