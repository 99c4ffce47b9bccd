"""What all tests of robustness share."""

import warnings

import pytest


@pytest.fixture(autouse=True)
def _complete_labels():
    """Their labels mark no row as unlabelled, of which semi-supervised classifiers warn."""
    warnings.filterwarnings("ignore", "y has no unlabelled row", UserWarning)
