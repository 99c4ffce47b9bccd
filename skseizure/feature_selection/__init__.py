"""Selectors that turn a table of features into a smaller one by mutual information."""

from .._core.persistence import name_by_package
from ._estimation import conditional_mutual_information, entropy, mutual_information
from ._fcbf_selector import FCBFSelector
from ._mutual_information_selector import MutualInformationSelector
from ._semi_jmi_selector import SemiJMISelector

__all__ = [
    "FCBFSelector",
    "MutualInformationSelector",
    "SemiJMISelector",
    "conditional_mutual_information",
    "entropy",
    "mutual_information",
]

name_by_package(globals())
