"""Kernels are compiled on their first call, all those of a module together."""

import subprocess
import sys

import numba
import pytest
from numba.core.dispatcher import Dispatcher

from skseizure._core.compiled import compiled

TWICE = """
from skseizure._core.compiled import compiled

@compiled()
def add(a, b):
    return a + b

@compiled()
def twice(a):
    return add(a, a)
"""
THRICE = """
from skseizure._core.compiled import compiled
from {twice} import add, twice

@compiled()
def thrice(a):
    return add(twice(a), a)
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Two files of kernels, the second of which calls those of the first."""
    monkeypatch.syspath_prepend(tmp_path)
    names = f"kernels_of_{tmp_path.name}_twice", f"kernels_of_{tmp_path.name}_thrice"
    (tmp_path / f"{names[0]}.py").write_text(TWICE)
    (tmp_path / f"{names[1]}.py").write_text(THRICE.format(twice=names[0]))
    yield [__import__(name) for name in names]
    for name in names:
        del sys.modules[name]


def test_a_first_call_puts_the_compiled_kernels_in_place(modules):
    first, second = modules
    early = second.thrice
    assert not isinstance(early, Dispatcher)
    assert early(5) == 15
    for module, names in ((first, ("add", "twice")), (second, ("add", "twice", "thrice"))):
        for name in names:
            assert isinstance(getattr(module, name), Dispatcher)
    assert first.add is second.add
    assert early(6) == second.thrice(6) == 18
    assert early.__name__ == "thrice"


def test_kernels_that_only_another_module_calls(modules):
    first, second = modules
    assert first.twice(4) == 8
    assert second.twice(4) == 8  # still the one before its first call
    assert second.thrice(4) == 12


def test_kernels_compile_where_no_cache_can_be_kept(monkeypatch):
    """numba raises this as soon as it decorates, on a read-only installation without a home."""
    own = numba.njit

    def njit(*, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function 'double': no locator available for file")
        return own(**options)

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled(fastmath=True)(lambda x: 2 * x)(21.0) == 42.0


THREADS = """
import sys, threading
import numpy as np
from skseizure.measures import _kernels, _kernels_linear, _kernels_moments, sample_entropy
assert "numba" not in sys.modules
x = np.random.default_rng(0).standard_normal((4, 200))
start, values, errors = threading.Barrier(8), [None] * 8, []
def work(i):
    start.wait()
    try:
        values[i] = sample_entropy(x)
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not errors, errors
assert "numba" in sys.modules
assert all(np.array_equal(value, sample_entropy(x)) for value in values)
assert type(_kernels.template_counts).__module__.startswith("numba.")
"""


def test_threads_may_make_the_first_call_together():
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("ending", "damage"), [("nbi", "empty"), ("nbc", "flip")])
def test_a_damaged_cache_is_built_again(tmp_path, ending, damage):
    (tmp_path / "kernels.py").write_text(TWICE)
    code = "import kernels; assert kernels.twice(4) == 8; hits = kernels.twice.stats.cache_hits"

    def hits():
        command = [sys.executable, "-c", f"{code}; print(sum(hits.values()))"]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
        return int(ran.stdout)

    assert hits() == 0
    (file,) = (tmp_path / "__pycache__").glob(f"kernels.twice*.{ending}")
    raw = bytearray(file.read_bytes())
    raw[-20] ^= 1
    file.write_bytes(b"" if damage == "empty" else raw)
    assert hits() == 0
    assert hits() == 1
