"""`skseizure package`: what a container is made of, and its command in an environment like its."""

import importlib.metadata
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from skseizure.cli import main
from skseizure.signals import read_events

from .test_detect_many import model, recordings, write_edf  # noqa: F401

# A command `skseizure` that can import the packages in requirements.txt, what they need, and us.
COMMAND = """\
#!{python}
import importlib.metadata, re, sys

allowed, todo = {{"skseizure"}}, {required!r}
while todo:
    name = todo.pop()
    key = re.sub("[-_.]+", "-", name).lower()
    if key not in allowed:
        allowed.add(key)
        for text in importlib.metadata.requires(name) or ():
            if "extra ==" not in text:
                need = re.match("[A-Za-z0-9._-]+", text)[0]
                try:
                    importlib.metadata.version(need)
                except importlib.metadata.PackageNotFoundError:
                    continue  # of another system
                todo.append(need)
owners = importlib.metadata.packages_distributions()

class Absent:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        mine = {{re.sub("[-_.]+", "-", one).lower() for one in owners.get(top, ())}}
        if mine and not mine & allowed:
            raise ModuleNotFoundError(f"No module named {{top!r}}", name=top)

sys.meta_path.insert(0, Absent())
sys.path.insert(0, {source!r})
from skseizure.cli import main
main()
"""


@pytest.fixture
def packed(model, tmp_path):  # noqa: F811
    """The files of a container."""
    args = ["package", model, "--out", tmp_path / "box", "--title", "Two channels", "--author"]
    args += ["Ada M. Lovelace", "--image", "ghcr.io/lab/two:1.0", "--licence", "BSD-3-Clause"]
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == 0, result.output
    return tmp_path / "box"


def test_what_a_container_is_made_of(packed, model):  # noqa: F811
    names = {path.name for path in packed.iterdir()}
    assert names == {
        *("Dockerfile", "README.md", "detect.sh", "m.skops", "requirements.txt", "two.yaml"),
    }
    docker = (packed / "Dockerfile").read_text()
    for line in ("USER detector", 'ENV INPUT="" OUTPUT=""', 'CMD ["./detect.sh"]'):
        assert line in docker.splitlines()
    copied = re.findall(r"^COPY (.*) \./$", docker, re.MULTILINE)
    assert {name for line in copied for name in line.split()} <= names
    pinned = dict(line.split("==") for line in (packed / "requirements.txt").read_text().split())
    assert pinned["numpy"] == importlib.metadata.version("numpy") and "torch" not in pinned
    assert (packed / "m.skops").read_bytes() == model.read_bytes()


def test_the_description_has_the_fields_of_the_benchmark(packed):
    """Those of its schema: no others are allowed, the first five are required."""
    lines = (packed / "two.yaml").read_text().splitlines()
    fields = dict(line.split(": ", 1) for line in lines if re.match(r"[a-z_]+: ", line))
    lists = [line.rstrip(":") for line in lines if re.fullmatch(r"[a-z]+:", line)]
    assert {*fields, *lists} == {
        *("title", "short_title", "image", "authors", "license"),
        *("version", "date_released", "abstract", "datasets"),
    }
    assert re.fullmatch('".+/.+:.+"', fields["image"])
    assert re.fullmatch(r'"\d{4}-\d\d-\d\d"', fields["date_released"])
    assert '  - given_names: "Ada M."' in lines and '    family_names: "Lovelace"' in lines


def test_its_command_detects_with_what_it_installs(packed, recordings, tmp_path):  # noqa: F811
    """In an environment with the packages of requirements.txt alone; torch is not among them."""
    write_edf(recordings[0][0], tmp_path / "data" / "night.edf")
    (tmp_path / "output").mkdir()
    (tmp_path / "bin").mkdir()
    required = [line.split("==")[0] for line in (packed / "requirements.txt").read_text().split()]
    command = tmp_path / "bin" / "skseizure"
    source = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    command.write_text(COMMAND.format(python=sys.executable, required=required, source=source))
    command.chmod(0o755)
    done = subprocess.run(
        ["sh", packed / "detect.sh"],
        env={
            **os.environ,
            "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "MODEL": str(packed / "m.skops"),
            "DATA": str(tmp_path / "data"),
            "RESULTS": str(tmp_path / "output"),
            "INPUT": "night.edf",
            "OUTPUT": "night.tsv",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(read_events(tmp_path / "output" / "night.tsv", record="night")) == 1


def test_a_folder_that_holds_something_is_left_alone(packed, model):  # noqa: F811
    for options, told in (
        (["--out", packed], "is not empty"),
        (["--out", packed / "new", "--author", "Ada"], "a given and a family name"),
        (["--out", packed / "new", "--image", "two"], "an image REGISTRY/NAME:TAG"),
    ):
        args = [str(arg) for arg in ("package", model, *options)]
        result = CliRunner().invoke(main, args)
        assert result.exit_code == 2 and told in result.stderr
    assert not (packed / "new").exists()


def test_a_package_is_whole_or_not_there(model, tmp_path, monkeypatch):  # noqa: F811
    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy", fail)
    ran = CliRunner().invoke(
        main,
        [
            *("package", str(model), "--out", str(tmp_path / "new")),
            *("--author", "Ada Lovelace", "--image", "ghcr.io/ada/two:1"),
        ],
    )
    assert ran.exit_code == 2 and "No space left" in ran.stderr
    assert not list(tmp_path.iterdir())
