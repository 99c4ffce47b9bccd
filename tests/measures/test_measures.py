"""The 29 measures against loops, other libraries, printed values and closed forms."""

import math
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from skseizure.measures import _entropy, _nonlinear, _registry, _time_domain
from skseizure.measures._batch import Batch
from skseizure.measures._registry import available_measures, get_measure

from . import _naive

UNIVARIATE29 = [get_measure(name) for name in _registry.UNIVARIATE29]
every_measure = pytest.mark.parametrize("measure", UNIVARIATE29, ids=lambda m: m.abbreviation)

# The values of the signal in `golden_signal`, to the digits known.
GOLDEN = {
    "MEAN": "-0.5778310199",
    "STD": "34.93121105",
    "SKEW": "-0.03371464645",
    "KURT": "-0.5397074813",
    "MAX": "101.296695",
    "MIN": "-112.4356943",
    "IQR": "53.49748752",
    "MAV": "28.90600493",
    "LL": "21.71883055",
    "ZC": "180",
    "SSC": "641",
    "TKEO": "442.0258746",
    "HMOB": "0.7752140696",
    "HCOM": "2.157120909",
    "HFD": "1.727937412",
    "KFD": "4.070011038",
    "PFD": "1.034171768",
    "HURST": "0.54051510",
    "DFA": "1.10041629",
    "LLE": "0.23441136",
    "LZC": "0.5979470571",
    "SHEN": "3.408106882",
    "RENYI": "3.255583979",
    "SPEN": "0.3980822196",
    "PEN": "0.9988802923",
    "SVDEN": "0.8868411336",
    "APEN": "1.536395121",
    "SAMPEN": "1.771000706",
    "FUZZEN": "1.62455149",
}

# The power of the amplitude each measure goes with; 0 for those not named.
POWER = {"MEAN": 1, "STD": 1, "MAX": 1, "MIN": 1, "IQR": 1, "MAV": 1, "LL": 1, "TKEO": 2}
# What an offset moves; it leaves the other measures alone.
FOLLOWS_OFFSET = {"MEAN", "MAX", "MIN"}
DEPENDS_ON_OFFSET = {"MAV", "ZC", "TKEO", "SVDEN"}


@pytest.fixture(scope="module")
def golden_signal():
    rng = np.random.default_rng(42)
    t = np.arange(1000) / 250
    return 40 * np.sin(2 * np.pi * 6 * t) + 20 * rng.standard_normal(1000)


def make_windows():
    rng = np.random.default_rng(7)
    t = np.arange(230)
    noise = rng.standard_normal(230)
    rhythm = 40 * np.sin(2 * np.pi * t / 21) + 8 * noise
    clipped = np.clip(60 * noise, -40, 40)
    step = np.where(t < 115, -1.0, 1.0)
    windows = {
        "noise": 20 * noise,
        "offset": 20 * noise + 300,
        "walk": noise.cumsum(),
        "rhythm": rhythm,
        "odd_length": rhythm[:227],
        "tiny": 1e-6 * rhythm,
        "huge": 1e6 * rhythm,
        "tiniest": 1e-50 * rhythm,
        "largest": 1e10 * rhythm,
        "integers": np.round(rhythm),
        "coarse": np.round(rhythm / 16) * 16,
        "adc": np.round(rhythm / 0.4) * 0.4,
        "clipped": clipped,
        "telegraph": np.where(noise > 0.3, 5.0, -5.0),
        "spike": np.where(t == 100, 50.0, 0.0),
        "step": step,
        # Standard deviation 5: differences of 1 are exactly at the radius of template matching.
        "ties": rng.permutation(np.repeat([-6.0, -5, -4, 4, 5, 6], [9, 10, 11, 11, 10, 9])),
        "alternating": np.where(t % 2 == 0, 1.0, -1.0),
        "sawtooth": (t % 4).astype(float),
        "ramp": t.astype(float),
        "constant": np.full(230, 0.1),
        "zero": np.zeros(230),
    }
    for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 31, 32, 49, 50, 63, 64, 65):
        windows[f"first_{n}"] = rhythm[:n]
        windows[f"integers_{n}"] = np.round(noise[:n])
    return windows


WINDOWS = make_windows()


def assert_matches_loops(measure, x, value=None):
    value = measure.function(x) if value is None else value
    # One amplitude or its power, no more: the loops add up exactly, the package in doubles.
    unit = float(np.abs(x).max()) ** POWER.get(measure.abbreviation, 0)
    expected = _naive.measure(measure.name, x / 1.0)
    assert_allclose(value, expected, rtol=1e-9, atol=1e-12 * unit)


@every_measure
@pytest.mark.parametrize("name", WINDOWS)
def test_equals_loops(measure, name):
    assert_matches_loops(measure, WINDOWS[name])


@every_measure
def test_next_to_nothing_is_constant(measure):
    """Squares and fourth powers of such samples would vanish."""
    x = 1e-63 * WINDOWS["rhythm"]
    values = measure.function([x, 1e-250 * x, 1e-320 * np.sign(x)])
    if measure.abbreviation == "PEN":  # compares samples, however small
        assert ((values >= 0) & (values <= 1)).all()
    else:
        assert_allclose(values, 0.0, atol=1e-60)


@every_measure
def test_equals_loops_on_real_eeg(measure, data_path):
    bonn = np.load(data_path / "bonn" / "bonn.npz")["X"]
    x = bonn[::125, 300:500].astype(float)
    values = measure.function(x)
    for row, value in zip(x, values, strict=True):
        assert_matches_loops(measure, row, value)


@every_measure
def test_golden_value(measure, golden_signal):
    printed = GOLDEN[measure.abbreviation]
    if measure.abbreviation in ("HURST", "DFA", "LLE"):
        # Printed with eight decimals.
        assert f"{measure.function(golden_signal):.8f}" == printed
    else:
        assert_allclose(measure.function(golden_signal), float(printed), rtol=1e-8)


@every_measure
@pytest.mark.parametrize("n_times", [1, 2, 3, 7, 100, 256, 1001])
def test_row_has_the_same_bits_in_any_batch(measure, n_times):
    rng = np.random.default_rng(n_times)
    x = rng.standard_normal((21, n_times)) * 10.0 ** rng.integers(-3, 4, size=(21, 1))
    x[3] = 2.5
    x[5] = np.round(x[5])
    x[8] *= 1e8
    x[9] *= 1e-200
    together = measure.function(x)
    assert together.shape == (21,)
    assert together.dtype == np.float64
    for i in range(len(x)):
        alone = measure.function(x[i])
        assert np.ndim(alone) == 0
        assert alone == together[i]
        assert measure.function(x[i : i + 1])[0] == together[i]
    assert_array_equal(measure.function(x[4:11]), together[4:11])


@every_measure
def test_layout_and_type_of_input(measure):
    rng = np.random.default_rng(1)
    record = np.round(rng.standard_normal(900) * 50).astype(np.int16)
    overlapping = np.lib.stride_tricks.sliding_window_view(record, 200)[::100]
    expected = measure.function(overlapping.astype(np.float64))
    read_only = overlapping.astype(np.float64)
    read_only.flags.writeable = False
    for x in (overlapping, overlapping.astype(np.float32), overlapping.tolist(), read_only):
        assert_array_equal(measure.function(x), expected)
    assert_array_equal(measure.function(np.asfortranarray(read_only)), expected)
    assert_array_equal(measure.function(np.repeat(read_only, 2, axis=1)[:, ::2]), expected)


@every_measure
def test_input_is_left_alone(measure):
    x = np.random.default_rng(2).standard_normal((3, 300))
    before = x.copy()
    measure.function(x)
    assert_array_equal(x, before)


@every_measure
@pytest.mark.parametrize("shape", [(0,), (0, 10), (3, 0), (2, 3, 4), ()])
def test_bad_shape(measure, shape):
    with pytest.raises(ValueError, match=rf"^x must be .* got shape {re.escape(str(shape))}\.$"):
        measure.function(np.zeros(shape))


@pytest.mark.parametrize(
    "x, message",
    [
        (np.ma.masked_array([1.0, 999, 1, 2], [0, 1, 0, 0]), "x is a masked array"),
        ([1 + 5j, 2], "x holds values of type complex128; real numbers are needed"),
        (np.array(["2020-01-02", "NaT"], "M8[D]"), "x holds values of type datetime64"),
        (["1.5", "2"], "x holds values of type <U3"),
        (np.array(["1.5", 2.0], object), "x holds values of text; real numbers"),
    ],
)
def test_what_is_no_real_number_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        _time_domain.line_length(x)
    assert _time_domain.line_length(np.array([1, 2.5, 4], object)) == 1.5
    assert _time_domain.line_length(np.ma.masked_array([1.0, 2.5, 4], False)) == 1.5


def test_a_shared_batch_changes_no_value(monkeypatch):
    # Imported as the measures do, on use: collecting doctests may load the module once more.
    from skseizure.measures import _kernels

    x = np.random.default_rng(3).standard_normal((4, 400))
    alone = {m.name: m.function(x) for m in UNIVARIATE29}
    passes = []
    kernel = _kernels.template_counts
    monkeypatch.setattr(
        _kernels, "template_counts", lambda *args: passes.append(args[1]) or kernel(*args)
    )
    batch = Batch(x)
    for measure in reversed(UNIVARIATE29):
        assert_array_equal(measure.function(batch), alone[measure.name])
    assert passes == [(1,)]
    # Sample entropy takes the counts of approximate entropy where these are there.
    monkeypatch.setattr(_kernels, "pair_counts", None)
    batch = Batch(x)
    for name in ("approximate_entropy", "sample_entropy"):
        (measure,) = (m for m in UNIVARIATE29 if m.name == name)
        assert_array_equal(measure.function(batch), alone[name])


# ---------------------------------------------------------------------------- properties

finite = st.floats(-1e12, 1e12, allow_subnormal=True)
few_values = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, 1.0 + 2**-52, 0.1, 1e-150, 1e-30, 1e12])
rows = st.integers(1, 70).flatmap(
    lambda n: st.one_of(
        arrays(np.float64, n, elements=finite), arrays(np.float64, n, elements=few_values)
    )
)


@given(x=rows)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_always_finite(x):
    for measure in UNIVARIATE29:
        value = measure.function(x)
        assert np.isfinite(value), measure.abbreviation
        if x.min() == x.max():
            assert value == _naive.measure(measure.name, x), measure.abbreviation


def some_window(seed, n):
    """A window of integers up to about 200: sums and shifts of it are exact."""
    rng = np.random.default_rng(seed)
    rhythm = 60 * np.sin(np.arange(n) * rng.uniform(0.05, 2.0))
    return np.round(rhythm + rng.uniform(1, 30) * rng.standard_normal(n))


windows = st.builds(some_window, st.integers(0, 10**6), st.integers(4, 140))


@every_measure
@given(x=windows, exponent=st.integers(-190, 30))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_factor(measure, x, exponent):
    power = POWER.get(measure.abbreviation, 0)
    scaled = measure.function(np.ldexp(x, exponent))
    assert_allclose(np.ldexp(scaled, -power * exponent), measure.function(x), rtol=1e-9, atol=1e-12)


@every_measure
@pytest.mark.parametrize("factor", [1.7, -0.3, 1e6])
def test_factor_that_is_no_power_of_two(measure, factor):
    x = np.random.default_rng(11).standard_normal((10, 200)).cumsum(axis=1)
    power = POWER.get(measure.abbreviation, 0)
    expected = measure.function(x) * abs(factor) ** power
    if factor < 0:
        expected = {
            "MEAN": -expected,
            "SKEW": -expected,
            "MAX": -measure_values("MIN", x) * -factor,
            "MIN": -measure_values("MAX", x) * -factor,
        }.get(measure.abbreviation, expected)
    assert_allclose(measure.function(factor * x), expected, rtol=1e-7, atol=1e-9)


def measure_values(abbreviation, x):
    return get_measure(abbreviation).function(x)


@every_measure
@given(x=windows, offset=st.integers(-1000, 1000))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_offset(measure, x, offset):
    if measure.abbreviation in DEPENDS_ON_OFFSET:
        return
    moved = offset if measure.abbreviation in FOLLOWS_OFFSET and np.ptp(x) > 0 else 0
    expected = measure.function(x) + moved
    assert_allclose(measure.function(x + offset), expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("abbreviation", sorted(DEPENDS_ON_OFFSET))
def test_offset_that_matters(abbreviation):
    x = some_window(0, 200)
    function = get_measure(abbreviation).function
    assert abs(function(x + 500) - function(x)) > 0.01


# Measures with blocks, copies or distances from the front, or with templates that lack a
# successor at the end.
FOLLOWS_TIME = {"HFD", "KFD", "HURST", "DFA", "LLE", "LZC", "APEN", "SAMPEN", "FUZZEN"}


@pytest.mark.parametrize("abbreviation", sorted(GOLDEN.keys() - FOLLOWS_TIME))
def test_time_may_run_backwards(abbreviation):
    x = np.random.default_rng(5).standard_normal((20, 300))
    forward, backward = (measure_values(abbreviation, y) for y in (x, x[:, ::-1]))
    assert_allclose(forward, backward, rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------------------- closed forms


def test_line_and_sinusoid():
    ramp = 3.0 * np.arange(500)
    assert _time_domain.line_length(ramp) == 3.0
    assert _time_domain.teager_kaiser_energy(ramp) == 9.0
    assert _time_domain.hjorth_complexity(ramp) == 0.0
    assert _time_domain.hjorth_complexity(0.1 * np.arange(500)) == 0.0
    assert_allclose(_nonlinear.higuchi_fd(ramp), 1.0, rtol=1e-12)
    assert_allclose(_nonlinear.katz_fd(ramp), 1.0, rtol=1e-12)
    assert _nonlinear.petrosian_fd(ramp) == 1.0
    w = 2 * np.pi / 20
    tone = 30 * np.sin(w * np.arange(2000) + 0.1)
    assert_allclose(_time_domain.teager_kaiser_energy(tone), (30 * np.sin(w)) ** 2, rtol=1e-10)
    assert_allclose(_time_domain.hjorth_mobility(tone), 2 * np.sin(w / 2), rtol=1e-3)
    assert_allclose(_time_domain.hjorth_complexity(tone), 1.0, rtol=1e-3)
    assert _time_domain.zero_crossings(tone) == 199
    assert _time_domain.slope_sign_changes(tone) == 200
    assert_allclose(_entropy.spectral_entropy(tone), 0.0, atol=1e-12)


def test_moments():
    x = np.tile([-1.0, 1.0], 50)
    assert _time_domain.std(x) == 1.0
    assert _time_domain.kurtosis(x) == -2.0
    assert _time_domain.skewness(x) == 0.0
    assert_allclose(_time_domain.kurtosis(np.arange(1000.0)), -1.2, atol=1e-5)
    assert _time_domain.interquartile_range(np.arange(101.0)) == 50.0


def test_fractal_dimension_of_random_signals():
    noise = np.random.default_rng(0).standard_normal((40, 1000))
    assert_allclose(_nonlinear.higuchi_fd(noise).mean(), 2.0, atol=0.02)
    assert_allclose(_nonlinear.higuchi_fd(noise.cumsum(axis=1)).mean(), 1.5, atol=0.02)


def test_katz_pole_and_negative_side():
    # Steps of 1 and no sample further than 1 from the first: n d = L, ln(n d / L) = 0.
    # Whether sums and ratios of tenths are exact or not.
    for n_times in range(3, 100):
        assert _nonlinear.katz_fd(0.1 * (np.arange(n_times) % 2)) == 0.0
    x = [0.0, 1.0, -1.0, 1.0]
    assert_allclose(_nonlinear.katz_fd(x), math.log(3) / math.log(3 / 5))


@pytest.mark.parametrize(
    "function, noise_mean, noise_std, walk_mean, walk_std",
    [
        (_nonlinear.hurst_exponent, 0.485, 0.029, 0.908, 0.024),
        (_nonlinear.dfa_exponent, 0.531, 0.025, 1.493, 0.057),
    ],
)
def test_scaling_of_random_signals(function, noise_mean, noise_std, walk_mean, walk_std):
    noise = np.random.default_rng(0).standard_normal((40, 1000))
    for x, mean, std in (
        (noise, noise_mean, noise_std),
        (noise.cumsum(axis=1), walk_mean, walk_std),
    ):
        values = function(x)
        # Mean and standard deviation of 40 other signals: four standard errors of a difference.
        assert_allclose(values.mean(), mean, atol=4 * std * math.sqrt(2 / 40))
        assert_allclose(values.std(), std, rtol=4 / math.sqrt(40))


def logistic_map(n, x=0.3):
    orbit = [x]
    while len(orbit) < n:
        orbit.append(4 * orbit[-1] * (1 - orbit[-1]))
    return np.array(orbit)


def test_lyapunov_exponent_of_the_logistic_map():
    x = logistic_map(1000)
    assert_allclose(_nonlinear.lyapunov_exponent(x), 0.694, atol=5e-4)
    assert_allclose(_nonlinear.lyapunov_exponent(x), math.log(2), atol=2e-3)
    # Over 20 steps, the attractor's size is reached.
    assert_allclose(_nonlinear.lyapunov_exponent(x, n_steps=20), 0.270, atol=5e-4)


def test_lyapunov_exponent_of_a_tone_is_small():
    tone = np.sin(2 * np.pi * np.arange(1000) / 17.3)
    assert abs(_nonlinear.lyapunov_exponent(tone)) < 0.05


def test_lyapunov_exponent_parameters():
    x = np.random.default_rng(4).standard_normal(300)
    default = _nonlinear.lyapunov_exponent(x)
    # White noise: a mean period of four samples.
    assert _nonlinear.lyapunov_exponent(x, theiler=4) == default
    assert _nonlinear.lyapunov_exponent(x, theiler=5) != default
    assert _nonlinear.lyapunov_exponent(x, dimension=2) != default
    assert _nonlinear.lyapunov_exponent(x, delay=2) != default
    assert _nonlinear.lyapunov_exponent(x, theiler=300) == 0.0


@pytest.mark.parametrize(
    "text, phrases",
    [
        ("0001101001000101", 6),  # Kaspar and Schuster: 0 001 10 100 1000 101
        ("01" * 8, 3),  # 0 1 01010101010101
        ("0" * 15 + "1", 2),  # 0 000000000000001
    ],
)
def test_lempel_ziv_phrases(text, phrases):
    x = [float(c) for c in text]
    if text.count("1") * 2 == len(text):
        # The median is between the symbols.
        assert np.median(x) == 0.5
    assert_allclose(_nonlinear.lempel_ziv_complexity(x), phrases * 4 / 16)


@pytest.mark.parametrize("period", [63, 64, 65, 128, 129, 200, 333])
def test_lempel_ziv_copies_longer_than_a_word(period):
    rng = np.random.default_rng(period)
    x = np.tile(rng.standard_normal(period), 5)[: 4 * period + 17]
    x[3 * period + 5] += 10  # one symbol may break the copy
    assert_matches_loops(get_measure("LZC"), x)


def test_histogram_entropies():
    levels = np.repeat(np.arange(16.0), 3)
    assert _entropy.shannon_entropy(levels) == 4.0
    assert_allclose(_entropy.renyi_entropy(levels), 4.0, rtol=1e-15)
    assert _entropy.shannon_entropy([0.0, 0.0, 0.0, 1.0], n_bins=2) == pytest.approx(0.8112781245)
    assert_allclose(_entropy.renyi_entropy([0.0, 0.0, 0.0, 1.0]), -math.log2(10 / 16))
    assert_allclose(_entropy.renyi_entropy([0.0, 0.0, 0.0, 1.0], order=0.5), 0.9000, atol=5e-5)


def test_histogram_bins_agree_with_numpy():
    x = np.random.default_rng(6).standard_normal((20, 500))
    counts = np.array([np.histogram(row, bins=16)[0] for row in x])
    assert_array_equal(_entropy._histogram(Batch(x), 16), counts)


def test_spectral_entropy_of_an_impulse():
    # A flat spectrum without zero frequency; the last of 51 one-sided bins has half the weight.
    p = np.array([2.0] * 49 + [1.0]) / 99
    expected = -np.sum(p * np.log2(p)) / np.log2(51)
    assert_allclose(_entropy.spectral_entropy(np.eye(100)[17]), expected, rtol=1e-12)


def test_permutation_entropy_patterns():
    assert _entropy.permutation_entropy(np.arange(50.0)) == 0.0
    assert _entropy.permutation_entropy(-np.arange(50.0)) == 0.0
    # Equal samples rank in order of time: a plateau is a rise.
    assert _entropy.permutation_entropy([0.0, 0.0, 0.0, 1.0, 1.0, 2.0]) == 0.0
    alternating = np.tile([0.0, 1.0], 20)[:-1]
    p = np.array([19, 18]) / 37  # 0 1 0 and 1 0 1
    assert_allclose(_entropy.permutation_entropy(alternating), -np.sum(p * np.log2(p)) / np.log2(6))
    noise = np.random.default_rng(8).standard_normal(20000)
    for order in (2, 3, 4, 5):
        assert_allclose(_entropy.permutation_entropy(noise, order=order), 1.0, atol=2e-3)
    assert_allclose(
        _entropy.permutation_entropy(np.repeat(np.arange(60.0), 2), delay=2), 0.0, atol=0
    )


@pytest.mark.parametrize("order", [2, 3, 5])
@pytest.mark.parametrize("delay", [1, 3])
def test_permutation_entropy_of_any_order_equals_loops(order, delay):
    x = np.round(3 * np.random.default_rng(9).standard_normal(150))
    vectors = [x[i : i + (order - 1) * delay + 1 : delay] for i in range(150 - (order - 1) * delay)]
    _, counts = np.unique(
        [np.argsort(v, kind="stable") for v in vectors], axis=0, return_counts=True
    )
    p = counts / counts.sum()
    expected = -np.sum(p * np.log2(p)) / math.log2(math.factorial(order))
    assert_allclose(_entropy.permutation_entropy(x, order=order, delay=delay), expected, rtol=1e-12)


@pytest.mark.parametrize("order, delay", [(2, 1), (3, 1), (4, 2), (8, 5)])
def test_svd_entropy_equals_lapack(order, delay):
    rng = np.random.default_rng(10)
    smooth = np.sin(np.arange(300) / 80) + 1e-5 * rng.standard_normal(300)
    for x in (rng.standard_normal(300), smooth, np.round(smooth * 8)):
        matrix = np.lib.stride_tricks.sliding_window_view(x, (order - 1) * delay + 1)[:, ::delay]
        s = np.linalg.svd(matrix, compute_uv=False)
        s = s[s > 0] / s.sum()
        expected = -np.sum(s * np.log2(s)) / np.log2(order)
        assert_allclose(_entropy.svd_entropy(x, order=order, delay=delay), expected, rtol=1e-9)


def test_svd_entropy_of_a_geometric_sequence():
    # All columns are multiples of one.
    assert_allclose(_entropy.svd_entropy(0.9 ** np.arange(100)), 0.0, atol=1e-12)


def test_template_entropies_by_hand():
    # r = 0.2 x 5 = 1: templates match that differ by at most 1 in each sample.
    x = np.tile([7.0, -7.0, 1.0, -1.0], 6)
    assert _time_domain.std(x) == 5.0
    # Period four: of 22 templates, those 4 k apart match and no others, over 2 samples as over 3.
    assert _entropy.sample_entropy(x) == 0.0
    # At r = 0.4 x 5 = 2, 1 and -1 match, exactly at the radius, which counts. Of 23 samples, 6 are
    # 7, 6 are -7, 6 are 1 and 5 are -1; their successors match only in the same phase.
    b = 3 * math.comb(6, 2) + math.comb(5, 2) + 6 * 5
    a = 3 * math.comb(6, 2) + math.comb(5, 2)
    value = _entropy.sample_entropy(x, order=1, tolerance=0.4)
    assert_allclose(value, -math.log(a / b), rtol=1e-14)


def test_sample_entropy_without_any_match():
    x = [0.0, 10.0, 3.0, -8.0, 5.0, -20.0]
    n = 4
    expected = math.log(n) + math.log(n - 1) - math.log(2)
    assert_allclose(_entropy.sample_entropy(x), expected, rtol=1e-15)
    # The value that one match of all pairs would have, were B all pairs.
    assert_allclose(expected, -math.log(1 / (n * (n - 1) / 2)))


@pytest.mark.parametrize("order", [1, 3, 4])
@pytest.mark.parametrize("tolerance", [0.15, 0.5])
def test_template_entropies_of_any_order_equal_loops(order, tolerance):
    x = np.random.default_rng(12).standard_normal(120)
    n = len(x)
    r = tolerance * x.std()

    def counts(m, n_templates):
        y = np.array([x[i : i + m] for i in range(n_templates)])
        return (np.abs(y[:, None] - y[None]).max(axis=2) <= r).sum(axis=1)

    phi = [np.log(counts(m, n - m + 1) / (n - m + 1)).mean() for m in (order, order + 1)]
    value = _entropy.approximate_entropy(x, order=order, tolerance=tolerance)
    assert_allclose(value, phi[0] - phi[1], rtol=1e-10)
    b, a = ((counts(m, n - order) - 1).sum() for m in (order, order + 1))
    value = _entropy.sample_entropy(x, order=order, tolerance=tolerance)
    assert_allclose(value, -np.log(a / b) if a else np.log((n - order) * (n - order - 1) / 2))

    sums = []
    for m in (order, order + 1):
        y = np.array([x[i : i + m] for i in range(n - order)])
        y -= y.mean(axis=1, keepdims=True)
        d = np.abs(y[:, None] - y[None]).max(axis=2)
        sums.append(np.exp(-((d / r) ** 2)).sum() - (n - order))
    value = _entropy.fuzzy_entropy(x, order=order, tolerance=tolerance)
    if order == 1:
        # One sample less its mean is 0: all templates are alike.
        assert_allclose(sums[0], (n - 1) * (n - 2))
    assert_allclose(value, np.log(sums[0] / sums[1]), rtol=1e-10)


def test_fuzzy_entropy_of_two_templates():
    x = np.array([0.0, 1.0, 3.0, 4.0])
    r = 0.2 * x.std()
    # Less their means: (-1/2, 1/2) and (-1, 1); (-4/3, -1/3, 5/3) and (-5/3, 1/3, 4/3).
    assert_allclose(_entropy.fuzzy_entropy(x), ((2 / 3) ** 2 - (1 / 2) ** 2) / r**2, rtol=1e-12)


# ---------------------------------------------------------------------------- other libraries


@pytest.fixture(scope="module")
def eeg_like():
    rng = np.random.default_rng(13)
    t = np.arange(500) / 250
    phase = rng.uniform(0, 2 * np.pi, size=(4, 1))
    return 40 * np.sin(2 * np.pi * 6 * t + phase) + 20 * rng.standard_normal((4, 500))


def test_antropy(eeg_like):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        antropy = pytest.importorskip("antropy", reason="the oracle antropy is not installed")
    theirs = {
        "ZC": antropy.num_zerocross,
        "HMOB": lambda x: antropy.hjorth_params(x)[0],
        "HCOM": lambda x: antropy.hjorth_params(x)[1],
        "HFD": lambda x: antropy.higuchi_fd(x, kmax=10),
        "KFD": antropy.katz_fd,
        "PFD": antropy.petrosian_fd,
        "LZC": lambda x: antropy.lziv_complexity(x > np.median(x), normalize=True),
        "SPEN": lambda x: antropy.spectral_entropy(x, 1, method="fft", normalize=True),
        "PEN": lambda x: antropy.perm_entropy(x, normalize=True),
        "SVDEN": lambda x: antropy.svd_entropy(x, normalize=True),
        "APEN": antropy.app_entropy,
        "SAMPEN": antropy.sample_entropy,
    }
    for abbreviation, function in theirs.items():
        expected = [function(x) for x in eeg_like]
        values = measure_values(abbreviation, eeg_like)
        assert_allclose(values, expected, rtol=1e-9, err_msg=abbreviation)


def test_scipy(eeg_like):
    from scipy import stats

    for abbreviation, function in {
        "SKEW": stats.skew,
        "KURT": stats.kurtosis,
        "IQR": stats.iqr,
    }.items():
        values = measure_values(abbreviation, eeg_like)
        assert_allclose(values, function(eeg_like, axis=1), rtol=1e-10, err_msg=abbreviation)


def test_neurokit2(eeg_like):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nk = pytest.importorskip("neurokit2", reason="neurokit2 is heavy: an optional oracle")
        x = eeg_like[0]
        r = 0.2 * x.std()
        theirs = {
            "HCOM": nk.complexity_hjorth(x)[0],
            "KFD": nk.fractal_katz(x)[0],
            "LZC": nk.complexity_lempelziv(x, symbolize="median")[0],
            "PEN": nk.entropy_permutation(x, dimension=3, delay=1, corrected=True)[0],
            "APEN": nk.entropy_approximate(x, dimension=2, tolerance=r)[0],
            "SAMPEN": nk.entropy_sample(x, dimension=2, tolerance=r)[0],
        }
    for abbreviation, expected in theirs.items():
        assert_allclose(measure_values(abbreviation, x), expected, rtol=1e-9, err_msg=abbreviation)


# ---------------------------------------------------------------------------- parameters, names


@pytest.mark.parametrize(
    "function, parameters",
    [
        (_nonlinear.higuchi_fd, {"kmax": 1}),
        (_nonlinear.higuchi_fd, {"kmax": 5.0}),
        (_nonlinear.hurst_exponent, {"min_block": 1}),
        (_nonlinear.dfa_exponent, {"min_scale": 1}),
        (_nonlinear.dfa_exponent, {"n_scales": 1}),
        (_nonlinear.lyapunov_exponent, {"dimension": 0}),
        (_nonlinear.lyapunov_exponent, {"delay": 0}),
        (_nonlinear.lyapunov_exponent, {"n_steps": 1}),
        (_nonlinear.lyapunov_exponent, {"theiler": -1}),
        (_entropy.shannon_entropy, {"n_bins": 1}),
        (_entropy.renyi_entropy, {"order": 1}),
        (_entropy.renyi_entropy, {"order": 0}),
        (_entropy.renyi_entropy, {"n_bins": True}),
        (_entropy.permutation_entropy, {"order": 1}),
        (_entropy.permutation_entropy, {"order": 9}),
        (_entropy.permutation_entropy, {"delay": 0}),
        (_entropy.svd_entropy, {"order": 1}),
        (_entropy.svd_entropy, {"delay": "1"}),
        (_entropy.approximate_entropy, {"order": 0}),
        (_entropy.sample_entropy, {"tolerance": 0.0}),
        (_entropy.sample_entropy, {"tolerance": math.nan}),
        (_entropy.fuzzy_entropy, {"tolerance": -1}),
        (_entropy.fuzzy_entropy, {"order": 0}),
    ],
)
def test_bad_parameter(function, parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"^{name} must "):
        function(np.arange(100.0), **parameters)


def test_registry():
    assert [m.abbreviation for m in UNIVARIATE29] == list(GOLDEN)
    assert [m.group for m in UNIVARIATE29] == ["time"] * 14 + ["nonlinear"] * 7 + ["entropy"] * 8
    measures = available_measures()
    assert list(measures)[:29] == [m.name for m in UNIVARIATE29]
    n_measures = len(measures)
    assert n_measures > 29
    for name, measure in measures.items():
        assert measure.function.__name__ == name
        assert all([measure.unit, measure.formula, measure.cost])
        assert get_measure(name) is measure
        assert get_measure(name.upper()) is measure
        assert get_measure(measure.abbreviation) is measure
        assert get_measure(measure.abbreviation.lower()) is measure
    measures.clear()
    assert len(available_measures()) == n_measures


@pytest.mark.parametrize("name", ["nonsense", "", None, 3])
def test_unknown_measure(name):
    with pytest.raises(ValueError, match=r"no measure .*line_length \(LL\).*FUZZEN"):
        get_measure(name)


def test_import_loads_no_numba():
    code = (
        "import sys, skseizure.features, skseizure.measures._registry;"
        "raise SystemExit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
