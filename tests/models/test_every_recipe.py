"""Every recipe: trained, saved, read by another process, and the same events there."""

import json
import subprocess
import sys

import numpy as np
import pytest

from skseizure.datasets import make_recordings
from skseizure.models import Model, available_recipes, make_model, save_model, train_detector
from skseizure.signals import Windows

BANDS = {"estimator__features__measures": ["std"], "estimator__features__bands": {"all": (1, 20)}}
INSIDE = "features__transformer__transformer"
# As little as each can do with.
TINY = {
    "trees": {**BANDS, "estimator__classifier__n_estimators": 5},
    "boosting": {**BANDS, "estimator__classifier__max_iter": 3},
    "linear": BANDS,
    "pooled": {
        **{key.replace("features", INSIDE): value for key, value in BANDS.items()},
        "estimator__classifier__n_estimators": 5,
    },
    "tsk": {
        **BANDS,
        "estimator__selector__n_features_to_select": 1,
        "estimator__classifier__n_rules": 2,
    },
    "sda-tsk": {
        "estimator__features__bands": {"low": (0, 8)},
        "estimator__features__level": 3,
        "estimator__classifier__n_rules": 2,
        "estimator__classifier__max_iter": 5,
    },
    "meta-sampler": {
        "estimator__estimator__features__measures": ["std", "line_length"],
        "estimator__estimator__features__bands": {"all": (1, 20)},
        "estimator__estimator__selector__n_features_to_select": 1,
        "estimator__estimator__classifier__sampler": 0.9,
        "estimator__estimator__classifier__n_estimators": 2,
    },
    "cnbc": {
        "estimator__features__groups": ["time"],
        "estimator__features__smoothing": None,
        "estimator__classifier__n_estimators": 1,
    },
    "mix-moe": {
        "estimator__classifier__n_experts": 2,
        "estimator__classifier__hidden": 4,
        "estimator__classifier__max_epochs": 1,
        "estimator__classifier__cv": 2,
    },
}
TINY["personal"] = {
    key.replace("estimator", "estimator__estimator", 1): v for key, v in TINY["trees"].items()
}
TORCH = ("torch", "skorch")

# Without torch, for all recipes that do not say that they need it; then the others.
READER = """
import json, sys, warnings
import numpy as np

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "skorch"):
            raise ImportError(f"{name} is blocked")

refuse = Refuse()
sys.meta_path.insert(0, refuse)
from skseizure.models import available_recipes, load_model, make_model
from skseizure.signals import Recording
folder, content = sys.argv[1], np.load(sys.argv[2])
recording = Recording(content["data"], float(content["sfreq"]), content["names"].tolist())
found = {}
for name in sorted(available_recipes(), key=lambda name: name == "mix-moe"):
    if "torch" in available_recipes()[name].needs:
        sys.meta_path.remove(refuse)
    events = load_model(f"{folder}/{name}.skops").detect(recording)
    found[name] = [events.onset.tolist(), events.duration.tolist(), events.confidence.tolist()]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def recordings():
    """Two minutes of two channels of two patients, and their seizures."""
    return make_recordings(2, 1, 120, n_channels=2, sfreq=128, ictal_fraction=0.25, random_state=0)


@pytest.mark.filterwarnings("ignore:y has no unlabelled row:UserWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_recipe_detects_the_same_in_another_process(recordings, tmp_path):
    parts, events = recordings
    expected = {}
    for name, recipe in available_recipes().items():
        window = {"window": recipe.window, "step": recipe.step}
        X = Windows.concatenate([Windows.from_recording(r, **window) for r in parts])
        detector = make_model(name, random_state=0, **TINY[name])
        trained = train_detector(X, X.labels(events), detector, random_state=0)
        model = Model(trained, X.sfreq, recipe.window, recipe.step, ch_names=X.ch_names)
        save_model(model, tmp_path / f"{name}.skops")
        assert model.needs == recipe.needs
        found = model.detect(parts[0].replace(record="0", patient=None))
        expected[name] = [found.onset.tolist(), found.duration.tolist(), found.confidence.tolist()]
    np.savez(
        tmp_path / "signal.npz",
        data=parts[0].data,
        sfreq=parts[0].sfreq,
        names=list(parts[0].ch_names),
    )
    args = [sys.executable, "-W", "ignore", "-c", READER, tmp_path, tmp_path / "signal.npz"]
    done = subprocess.run(args, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected
    assert sum(bool(onsets) for onsets, *_ in expected.values()) > 4, "most find something"


def test_recipes_say_what_they_need():
    assert {name for name, r in available_recipes().items() if "torch" in r.needs} == {"mix-moe"}
    assert set(TINY) == set(available_recipes())
