"""What is deployed: detectors by name, how they are trained, model files and model cards."""

from .._core.persistence import name_by_package
from ._derived_card import write_derived_card
from ._model import Model
from ._model_card import model_card_path, write_model_card
from ._model_file import load_model, save_model
from ._recipes import Recipe, available_recipes, make_model
from ._training import (
    WindowSearch,
    feature_store,
    label_held_out,
    train_baseline,
    train_detector,
)

__all__ = [
    "Model",
    "Recipe",
    "WindowSearch",
    "available_recipes",
    "feature_store",
    "label_held_out",
    "load_model",
    "make_model",
    "model_card_path",
    "save_model",
    "train_baseline",
    "train_detector",
    "write_derived_card",
    "write_model_card",
]

name_by_package(globals())
