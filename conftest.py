"""Fixtures of all tests and of the examples in docstrings and in the guide."""

import sys

import pytest


@pytest.fixture(autouse=True)
def restored_registry():
    """Forget the measures that a test or an example registers."""
    registry = sys.modules.get("skseizure.measures._registry")
    before = dict(registry._measures) if registry else {}
    yield
    registry = sys.modules.get("skseizure.measures._registry")
    if registry and before:
        registry._measures.clear()
        registry._measures.update(before)
