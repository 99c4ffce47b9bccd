"""What is deployed: the detector that the command line trains, its file and its card."""

from .._core.persistence import name_by_package
from ._model_file import Model, load_model, save_model

__all__ = ["Model", "load_model", "save_model"]

name_by_package(globals())
