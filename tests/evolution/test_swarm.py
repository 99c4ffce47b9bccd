import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseizure.evolution import MultiDimensionalPSO
from skseizure.evolution import _kernels as kernels

from . import _naive


def sphere(X):
    return np.sum(X**2, axis=1)


def rosenbrock(X):
    return 100 * (X[:, 1] - X[:, 0] ** 2) ** 2 + (1 - X[:, 0]) ** 2


def griewank(X):
    roots = np.sqrt(np.arange(1, X.shape[1] + 1))
    return np.sum(X**2, axis=1) / 4000 - np.prod(np.cos(X / roots), axis=1) + 1


def runs(func, dims, n_seeds, max_iter, bounds):
    return [
        MultiDimensionalPSO(max_iter=max_iter, random_state=seed).minimize(
            func, dims, bounds=bounds, vectorized=True
        )
        for seed in range(n_seeds)
    ]


def test_rosenbrock_in_two_dimensions():
    values = [r.fun for r in runs(rosenbrock, [2], 20, 100, (-2, 2))]
    assert np.median(values) <= 1e-6 and max(values) <= 1e-4
    values = [r.fun for r in runs(rosenbrock, [2], 20, 300, (-2, 2))]
    assert max(values) <= 1e-12


def test_griewank_in_two_dimensions():
    values = [r.fun for r in runs(griewank, [2], 20, 100, (-10, 10))]
    assert np.median(values) <= 1e-10
    assert max(values) <= 8e-3  # the local minima next to the middle


@pytest.mark.parametrize(
    ("func", "bounds", "largest"), [(sphere, (-1, 1), 1e-20), (griewank, (-600, 600), 0.06)]
)
def test_the_number_of_components_is_found(func, bounds, largest):
    found = runs(lambda X: func(X) + abs(X.shape[1] - 6), range(2, 13), 10, 1000, bounds)
    assert [r.dim for r in found] == [6] * 10
    assert max(r.fun for r in found) < largest


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 2),
    clip=st.booleans(),
    max_crowd=st.sampled_from([None, 3]),
    vd_max=st.integers(0, 5),
    v_max=st.sampled_from([0.1, 0.5]),
)
def test_equals_the_pseudo_code(seed, clip, max_crowd, vd_max, v_max):
    sizes = [1, 2, 4]

    def func(x):
        return float(np.sum((x - 0.9) ** 2) + 0.1 * abs(len(x) - 2))

    options = {"clip": clip, "max_crowd": max_crowd, "vd_max": vd_max, "v_max": v_max}
    dims = []
    swarm = MultiDimensionalPSO(
        swarm_size=6, max_iter=15, random_state=np.random.RandomState(seed), **options
    )
    result = swarm.minimize(lambda x: dims.append(len(x)) or func(x), sizes)
    drawn = np.random.RandomState(seed).randint(2**31 - 1)
    history, fg, gb, visited = _naive.swarm(func, sizes, drawn, 6, 15, **options)
    np.testing.assert_allclose(result.history, history, rtol=1e-9)
    np.testing.assert_allclose(list(result.dim_fun.values()), fg, rtol=1e-9)
    for size, expected, loss in zip(sizes, gb, fg, strict=True):
        if np.isfinite(loss):
            np.testing.assert_allclose(result.dim_x[size], expected, rtol=1e-9, atol=1e-12)
    # The function is called by dimension; how many particles were in each is the same.
    in_turn = np.sort(np.array(dims).reshape(15, 6), axis=1)
    np.testing.assert_array_equal(
        in_turn, np.sort([[sizes[d] for d in v] for v in visited], axis=1)
    )


def test_random_numbers_are_those_of_splitmix():
    for seed, iteration, particle, counter in [(0, 0, 0, 0), (2**31 - 2, 7, 59, 3591)]:
        key = kernels._key(np.uint64(seed), iteration, particle)
        expected = _naive.pair(seed, iteration, particle, counter)
        assert kernels._pair(key, counter) == expected


def test_same_seed_same_result_and_globals_are_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (runs(sphere, range(1, 5), 1, 20, (-1, 1))[0] for _ in range(2))
    np.testing.assert_array_equal(first.history, second.history)
    np.testing.assert_array_equal(first.x, second.x)
    other = MultiDimensionalPSO(max_iter=20, random_state=5).minimize(
        sphere, range(1, 5), vectorized=True
    )
    assert other.fun != first.fun
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 2),
    ends=st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda b: (b[0], b[0] + b[1])),
        min_size=3,
        max_size=3,
    ),
)
def test_bounds_hold(seed, ends):
    """Of every vector that is tried or returned, to the last bit, wherever the minimum is."""
    seen = []
    swarm = MultiDimensionalPSO(8, max_iter=12, v_max=1.0, random_state=seed)
    far = 1e7 * np.random.default_rng(seed).choice([-1, 1], 3)
    middle = [(low + high) / 2 for low, high in ends]
    result = swarm.minimize(
        lambda x: seen.append(x) or float(np.sum((x - far[: len(x)]) ** 2)), [1, 3],
        bounds=ends, x0=middle,
    )  # fmt: skip
    for x in (*seen, result.x, *result.dim_x.values()):
        assert all(low <= value <= high for value, (low, high) in zip(x, ends, strict=False))


def test_bounds_of_each_component_and_clip():
    bounds = [(10, 20), (-3, -1), (0, 1)]
    seen = []
    swarm = MultiDimensionalPSO(max_iter=40, random_state=0)
    result = swarm.minimize(
        lambda x: seen.append(x) or float(np.sum((x - 100) ** 2)), [3], bounds=bounds
    )
    low, high = np.array(bounds).T
    assert np.all((np.array(seen) >= low) & (np.array(seen) <= high))
    np.testing.assert_array_equal(result.x, high)
    free = MultiDimensionalPSO(max_iter=300, clip=False, random_state=0).minimize(
        lambda x: float(np.sum((x - [22, 0, 2]) ** 2)), [3], bounds=bounds
    )
    np.testing.assert_allclose(free.x, [22, 0, 2], atol=1e-3)


def test_start_callback_and_tolerance():
    best = np.array([0.25, -0.5])
    swarm = MultiDimensionalPSO(swarm_size=5, max_iter=3, random_state=0)
    result = swarm.minimize(lambda x: float(np.sum((x - np.resize(best, len(x))) ** 2)), [1, 2, 3],
                            bounds=(-2, 1), x0=best)  # fmt: skip
    assert result.fun <= 1e-30 and result.dim == 2
    calls = []
    stopped = MultiDimensionalPSO(random_state=0).minimize(
        sphere, [2], vectorized=True, callback=lambda r: calls.append(r.nit) or r.nit == 7
    )
    assert calls == list(range(1, 8)) and stopped.nit == 7 and stopped.nfev == 7 * 60
    assert not stopped.success and "callback" in stopped.message
    reached = MultiDimensionalPSO(tol=1e-2, random_state=0).minimize(sphere, [2], vectorized=True)
    assert reached.success and reached.fun <= 1e-2 < reached.history[-2]
    assert np.all(np.diff(reached.history) <= 0)


def test_start_on_or_outside_the_bounds():
    options = {"swarm_size": 1, "max_iter": 1, "random_state": 0}
    for x0, clip in [([-0.1, 0.3], True), ([5.0, 7.0], False)]:
        result = MultiDimensionalPSO(clip=clip, **options).minimize(
            lambda x: float(np.sum(x)), [1, 2], bounds=(-0.1, 0.3), x0=x0
        )
        np.testing.assert_allclose(result.x, x0)


def test_the_result_can_be_printed():
    result = MultiDimensionalPSO(max_iter=3, random_state=0).minimize(sphere, [1, 2],
                                                                      vectorized=True)  # fmt: skip
    assert "dim_fun" in repr(result) and "nfev: 180" in repr(result)
    assert dict(result.dim_fun).keys() == {1, 2} and result.dim_x[2].shape == (2,)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(result)).dim_x[1], result.dim_x[1])


def test_infinity_is_no_solution():
    result = MultiDimensionalPSO(random_state=0).minimize(
        lambda x: np.inf if x[0] < 0.5 else float(x[0]), [1]
    )
    assert 0.5 <= result.fun < 0.51


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": []}, "dims is"),
        ({"dims": [3, 2]}, "ascending"),
        ({"dims": [0, 1]}, "above zero"),
        ({"bounds": (1, -1)}, "the lower below the upper"),
        ({"bounds": np.zeros((4, 2, 1))}, r"bounds has shape \(4, 2, 1\)"),
        ({"x0": [1.0, 2.0, 3.0]}, r"x0 has shape \(3,\)"),
        ({"x0": [0.5, 2.0]}, "x0 is outside the bounds, and clip keeps"),
        ({"func": lambda x: np.nan}, "func returned nan for a vector of"),
        ({"func": lambda x: [1.0, 2.0]}, "func returned 2 numbers for 1 vectors"),
    ],
)
def test_bad_calls_are_refused(options, message):
    call = {"func": lambda x: 0.0, "dims": [1, 2], **options}
    with pytest.raises(ValueError, match=message):
        MultiDimensionalPSO(max_iter=2, clip=True).minimize(
            call.pop("func"), call.pop("dims"), **call
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [("swarm_size", 0), ("max_iter", 0), ("v_max", 0.0), ("vd_max", -1), ("max_crowd", 0),
     ("vd_max", 2**63), ("max_crowd", 2**64),
     ("cognitive", -1.0), ("inertia", (0.9,)), ("inertia", (np.nan, 1.0)), ("tol", "a")],
)  # fmt: skip
def test_bad_parameters_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        MultiDimensionalPSO(**{name: value}).minimize(lambda x: 0.0, [1])
