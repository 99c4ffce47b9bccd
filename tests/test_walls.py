"""The walls of the house plan: who may import whom, and that a hole in them is found."""

from pathlib import Path

import pytest

import skseizure

from ._walls import FLOOR, House


@pytest.fixture(scope="module")
def house():
    """This package."""
    return House(Path(skseizure.__file__).parent)


def test_every_room_is_in_the_plan(house):
    assert not house.unknown_rooms()


def test_imports_lead_down(house):
    assert not house.upward()


def test_no_files_import_each_other_in_a_circle(house):
    assert not house.circle()


def test_outsiders_use_public_names(house):
    rooms = [name for name in skseizure.__all__ if name in FLOOR]
    assert not house.private({name: set(getattr(skseizure, name).__all__) for name in rooms})


def test_slow_libraries_are_imported_on_use(house):
    assert not house.heavy()


# ------------------------------------------------------------------ holes, planted

SOUND = {
    "__init__.py": "def __getattr__(name): from ._core.trusted import types",
    "_core/__init__.py": "",
    "_core/trusted.py": "types = []",
    "signals/__init__.py": "from ._windows import Windows",
    "signals/_windows.py": "from .. import __version__\nfrom .._core.trusted import types",
    "signals/_mne.py": "import mne",
    "datasets/__init__.py": "from ._bonn import load_bonn",
    "datasets/_bonn.py": "from ..signals import Windows\nfrom .._core import trusted",
    "moe/__init__.py": "def f(): from ._net import Net",
    "moe/_net.py": "import torch\nfrom ..signals._windows import Windows",
    "fuzzy/__init__.py": "",
    "fuzzy/_rules.py": "from typing import TYPE_CHECKING",
    "cli/__init__.py": "from ._train import train",
    "cli/_train.py": "def train():\n    from .. import datasets\n    from ..signals import Windows",
}
TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "


def build(folder, **changes):
    """Write a sound little package, but for some files."""
    for name, text in {**SOUND, **changes}.items():
        path = folder / "house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return House(folder / "house")


def findings(house):
    """Return what each rule finds."""
    public = {"signals": {"Windows"}, "datasets": {"load_bonn"}, "moe": {"Net"}, "fuzzy": set()}
    return {
        "upward": house.upward(),
        "circle": house.circle(),
        "private": house.private(public),
        "heavy": house.heavy(),
        "unknown": sorted(house.unknown_rooms()),
    }


HOLES = {
    "up": ("upward", {"signals/_new.py": "from ..datasets import load_bonn"}),
    "up on use": ("upward", {"signals/_new.py": "def f(): from .. import datasets"}),
    "up for types": ("upward", {"signals/_new.py": TYPES + "from ..fuzzy import _rules"}),
    "up by full name": ("upward", {"_core/new.py": "from house.signals import Windows"}),
    "up by import": ("upward", {"_core/new.py": "import house.signals._windows"}),
    "neighbour": ("upward", {"fuzzy/_rules.py": "from ..moe._net import Net"}),
    "circle": (
        "circle",
        {"fuzzy/_a.py": "from . import _b", "fuzzy/_b.py": "def f(): from ._a import x"},
    ),
    "circle for types": (
        "circle",
        {"fuzzy/_a.py": "from ._b import x", "fuzzy/_b.py": TYPES + "from ._a import y"},
    ),
    "circle of three": (
        "circle",
        {
            "fuzzy/_a.py": "from ._b import x",
            "fuzzy/_b.py": "from ._c import x",
            "fuzzy/_c.py": "from ._a import x",
        },
    ),
    "circle over the room": ("circle", {"signals/_windows.py": "from . import Windows"}),
    "private file": ("private", {"cli/_train.py": "from ..signals._windows import Windows"}),
    "private file as a name": ("private", {"datasets/_bonn.py": "from ..signals import _windows"}),
    "private file by import": ("private", {"cli/_train.py": "import house.signals._windows"}),
    "name not listed": ("private", {"cli/_train.py": "from ..signals import helper"}),
    "wrong room": ("heavy", {"signals/_new.py": "def f(): import torch.nn as nn"}),
    "wrong room, a part": ("heavy", {"fuzzy/_rules.py": "from matplotlib import pyplot"}),
    "waits": ("heavy", {"moe/__init__.py": "from ._net import Net"}),
    "waits for others": (
        "heavy",
        {"moe/__init__.py": "from . import _a", "moe/_a.py": "if True: from ._net import Net"},
    ),
    "unknown room": ("unknown", {"attic/__init__.py": ""}),
}


def test_a_sound_house_has_no_holes(tmp_path):
    assert not any(findings(build(tmp_path)).values())


@pytest.mark.parametrize("hole", HOLES)
def test_holes_are_found(hole, tmp_path):
    rule, changes = HOLES[hole]
    found = findings(build(tmp_path, **changes))
    assert found.pop(rule)
    assert not any(found.values()), "and by the other rules nothing"
