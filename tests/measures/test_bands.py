"""Band powers and wavelet energies against scipy, PyWavelets and closed forms."""

from itertools import pairwise, product

import numpy as np
import pytest
import pywt
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import periodogram

from skseizure.measures._bands import band_power, dwt_energies


@pytest.mark.parametrize(
    "n_times, low, high",
    [
        *product([255, 256, 1000], [0.5, 8], [13, 61, 128, np.inf]),
        *product([1, 2, 3, 256], [0], [128, np.inf]),
        (256, 128, np.inf),
    ],
)
def test_band_power_equals_scipy(rng, n_times, low, high):
    x = rng.standard_normal((5, n_times)) * 30 + 100
    frequencies, density = periodogram(x, 256, detrend="constant", axis=1)
    inside = (frequencies >= low) & (frequencies < high)
    assert inside.any()
    expected = density[:, inside].sum(axis=1) * 256 / n_times
    assert_allclose(band_power(x, 256, low, high), expected, rtol=1e-9, atol=1e-20)


def test_bands_share_out_the_variance(rng):
    x = rng.standard_normal((5, 300))
    edges = [0, 4, 8, 13, 30, np.inf]
    parts = [band_power(x, 256, a, b) for a, b in pairwise(edges)]
    assert_allclose(np.sum(parts, axis=0), x.var(axis=1), rtol=1e-12)
    shares = [band_power(x, 256, a, b, relative=True) for a, b in pairwise(edges)]
    assert_allclose(shares, parts / x.var(axis=1), rtol=1e-12)
    assert band_power(np.full(10, 3.0), 256, 0, 128, relative=True) == 0.0


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("n_times", [3, 255, 256, 1000])
def test_several_bands_at_once(rng, n_times, relative):
    """They overlap, leave gaps, and reach the last frequency, which counts once."""
    x = rng.standard_normal((400, n_times)) * 30 + 100
    x[7] = 5.0
    x[8] *= 1e9
    low, high = [0, 0, 85, 128 * (n_times % 2 == 0)], [86, 128, 127, np.inf]
    powers = band_power(x, 256, low, high, relative=relative)
    one_by_one = [
        band_power(x, 256, *band, relative=relative) for band in zip(low, high, strict=True)
    ]
    assert_array_equal(powers, np.transpose(one_by_one))
    assert_array_equal(powers[7], 0.0)
    # Rows never meet, whatever block of rows each is in.
    for some in (slice(3, 4), slice(5, 390), slice(None, None, -3)):
        assert_array_equal(band_power(x[some], 256, low, high, relative=relative), powers[some])
    assert_array_equal(band_power(x[9], 256, low, high, relative=relative), powers[9])
    each = band_power(x[9], 256, [low[1]], [high[1]], relative=relative)
    assert_array_equal(each, [band_power(x[9], 256, low[1], high[1], relative=relative)])


def test_an_edge_on_a_frequency():
    # 6 Hz is bin 3 of 128 samples at 256 Hz: in the band that begins there.
    tone = np.cos(2 * np.pi * 6 * np.arange(128) / 256)
    assert_allclose(band_power(tone, 256, 6, 8), 0.5)
    assert_allclose(band_power(tone, 256, 4, 6), 0.0, atol=1e-20)


@pytest.mark.parametrize("wavelet", ["haar", "db2", "db4", "sym5", "bior2.2"])
@pytest.mark.parametrize("n_times, n_levels", [(256, 5), (1001, 5), (37, 2), (3, 1), (1, 3)])
@pytest.mark.filterwarnings("ignore:Level value of:UserWarning")  # of short windows, on purpose
def test_dwt_energies_equal_pywavelets(rng, wavelet, n_times, n_levels):
    x = rng.standard_normal((4, n_times)) * 20
    levels = pywt.wavedec(x, wavelet, level=n_levels, axis=1)
    expected = np.stack([np.sum(level**2, axis=1) for level in levels], axis=1)
    energies = dwt_energies(x, wavelet, n_levels)
    assert_allclose(energies, expected, rtol=1e-10, atol=1e-10)
    assert_array_equal(dwt_energies(x[2], wavelet, n_levels), energies[2])


def test_haar_energy_is_the_window_s(rng):
    x = rng.standard_normal(256)
    assert_allclose(dwt_energies(x, "haar", 8).sum(), np.sum(x**2), rtol=1e-12)
    assert_allclose(dwt_energies(np.full(64, 2.0), "haar", 3), [64 * 4, 0, 0, 0], atol=1e-12)
    with pytest.raises(ValueError, match=r"^x holds a sample of .*e\+200 microvolts"):
        dwt_energies(1e200 * x[:8], "haar", 3)


@pytest.mark.parametrize(
    "function, parameters, message",
    [
        (band_power, (0.0, 1, 2), "sfreq must be a positive number of Hz, got 0.0"),
        (band_power, ("256", 1, 2), "sfreq must be a positive number of Hz, got '256'"),
        (band_power, (None, 1, 2), "sfreq must be a positive number of Hz, got None"),
        (band_power, (256, 5, 4), "low and high are 5 and 4 Hz; 0 <= low < high"),
        (band_power, (256, -5, 4), "low and high are -5 and 4 Hz; 0 <= low < high"),
        (band_power, (256, 5, np.nan), "low and high are 5 and nan Hz"),
        (band_power, (256, "5", 8), "low is '5'; a number of Hz is needed, or a list, one a band"),
        (band_power, (256, True, 8), "low is True; a number of Hz is needed"),
        (band_power, (256, [1, 5], [4, None]), r"high is \[4, None\]; a number of Hz is needed"),
        (band_power, (256, [[1, 5]], 8), r"low is \[\[1, 5\]\]; a number of Hz is needed"),
        (band_power, (256, [1, [5]], 8), "low: .* inhomogeneous"),
        (band_power, (256, [], []), r"low is \[\]; a number of Hz is needed"),
        (band_power, (256, [1, 5], 4), r"low and high have shapes \(2,\) and \(\); two numbers"),
        (band_power, (256, 5, 129), "sfreq is 256 Hz, too low .* at least 258 Hz"),
        (band_power, (256, 129, np.inf), "sfreq is 256 Hz, too low .* at least 258 Hz"),
        (band_power, (256, 10.3, 12.7), r"low and high .* frequency only every 2\.56 Hz; a wider"),
        (dwt_energies, ("db4", 0), "n_levels must be an integer of at least 1, got 0"),
        (dwt_energies, ("nonsense",), "nonsense"),
    ],
)
def test_bad_parameter(function, parameters, message):
    with pytest.raises(ValueError, match=message):
        function(np.arange(100.0), *parameters)
