"""Ensembles for rare seizures: a cascade whose undersampling is learned."""

from .._core.persistence import name_by_package
from ._meta_sampler import MetaSampler
from ._meta_sampler_classifier import MetaSamplerClassifier
from ._meta_under_sampler import MetaUnderSampler

__all__ = ["MetaSampler", "MetaSamplerClassifier", "MetaUnderSampler"]

name_by_package(globals())
