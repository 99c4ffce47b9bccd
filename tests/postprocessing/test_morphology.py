import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skseizure.postprocessing import (
    aggregate_and_filter,
    epileptic_seizure_aggregation,
    morphological_filter,
)

from . import _naive


def frames(text):
    return np.array([c == "S" for c in text.replace(" ", "")])


def text(psi):
    return "".join("S" if frame else "." for frame in psi)


PSI_1 = frames("... SS. ... .SS .SS ... ...")
PSI_2 = frames("... ... SS. ... ... ... ..S")
AFTER_1 = frames("... ... SSS .SS .SS ... ...")
AFTER_2 = frames("... ... SSS SSS .SS ... ..S")


def test_worked_example_first_member():
    # Window 2 has no neighbour S, window 3 has one on each side.
    assert text(morphological_filter(PSI_1, 3, 1)) == text(AFTER_1)


def test_worked_example_second_member():
    joined = epileptic_seizure_aggregation(AFTER_1, PSI_2)
    assert text(joined) == text(frames("... ... SSS .SS .SS ... ..S"))
    assert text(morphological_filter(joined, 3, 1)) == text(AFTER_2)
    assert text(aggregate_and_filter([PSI_1, PSI_2], 3, 1)) == text(AFTER_2)


def test_filter_after_each_member_is_not_filter_of_the_union():
    union = epileptic_seizure_aggregation(PSI_1, PSI_2)
    assert text(morphological_filter(union, 3, 1)) == text(frames("... SS. SSS SSS .SS ... ..S"))


@st.composite
def records(draw):
    window, neighborhood = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    runs = draw(st.lists(st.tuples(st.booleans(), st.integers(1, 2 * window)), max_size=25))
    psi = np.repeat([on for on, _ in runs], [n for _, n in runs]).astype(bool)
    return psi, window, neighborhood


@given(records())
def test_filter_equals_loop(case):
    psi = case[0]
    before = psi.copy()
    assert morphological_filter(*case).tolist() == _naive.morphological_filter(*case)
    assert np.array_equal(psi, before)


def test_filter_and_sequence_equal_loop_on_many_random_records(rng):
    erased = filled = 0
    for _ in range(300):
        n, window, neighborhood = rng.integers(0, 200), rng.integers(1, 12), rng.integers(1, 5)
        # Persistent states, so that erasing and filling both happen.
        members = rng.random((3, n // 4 + 1)) < 0.4
        members = np.repeat(members, 4, axis=1)[:, :n]
        out = morphological_filter(members[0], int(window), int(neighborhood))
        assert out.tolist() == _naive.morphological_filter(members[0], window, neighborhood)
        erased += np.sum(members[0] & ~out)
        filled += np.sum(out & ~members[0])
        sequence = aggregate_and_filter(members, int(window), int(neighborhood))
        assert sequence.tolist() == _naive.aggregate_and_filter(members, window, neighborhood)
    assert erased > 100 and filled > 100


def test_run_of_17_over_three_blocks_loses_its_centre():
    psi = np.zeros(90, dtype=bool)
    psi[32:49] = True  # offset 5 of block 4: 4 + 9 + 4
    out = morphological_filter(psi)
    assert np.flatnonzero(out).tolist() == [32, 33, 34, 35, 45, 46, 47, 48]


@pytest.mark.parametrize("offset", range(9))
@pytest.mark.parametrize("length", [18, 19, 26, 27, 40])
def test_run_of_18_or_more_is_kept_at_every_offset(length, offset):
    psi = np.zeros(12 * 9, dtype=bool)
    psi[27 + offset : 27 + offset + length] = True
    assert np.all(morphological_filter(psi)[psi])


@pytest.mark.parametrize("length", [1, 9])
def test_lonely_run_inside_one_block_vanishes(length):
    psi = np.zeros(90, dtype=bool)
    psi[36 : 36 + length] = True
    assert not morphological_filter(psi).any()


@given(records())
def test_first_and_last_blocks_never_change(case):
    psi, window, neighborhood = case
    out = morphological_filter(*case)
    edge = neighborhood * window
    n_blocks = -(-len(psi) // window)
    tail = max(n_blocks - neighborhood, 0) * window
    assert np.array_equal(out[:edge], psi[:edge])
    assert np.array_equal(out[tail:], psi[tail:])


@pytest.mark.parametrize("n_frames", [0, 1, 12, 36])
def test_fewer_than_five_blocks_are_left_alone(n_frames):
    psi = np.arange(n_frames) % 3 == 0
    assert np.array_equal(morphological_filter(psi), psi)
    assert morphological_filter(np.eye(1, 37, 20)[0]).sum() == 0  # five blocks are enough


def test_tie_in_a_block_is_not_a_seizure_block():
    # Blocks of 2: a tie at block 1 does not keep block 2 alive, a majority does.
    assert text(morphological_filter(frames(".. S. SS .. .."), 2, 1)) == "..S......."
    assert text(morphological_filter(frames(".. SS SS .. .."), 2, 1)) == "..SSSS...."


def test_aggregation_takes_members_or_one_array():
    members = np.array([[0, 1, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]])
    for given_as in (members, members.astype(bool), members.tolist()):
        assert epileptic_seizure_aggregation(given_as).tolist() == [False, True, False, True]
    assert epileptic_seizure_aggregation(*members).tolist() == [False, True, False, True]
    assert epileptic_seizure_aggregation([0, 1]).tolist() == [False, True]


@pytest.mark.parametrize(
    ("psi", "message"),
    [
        ([[0, 1]], r"psi has shape \(1, 2\); \(n_frames,\) is needed"),
        ([0, 2, 1], "psi holds 2; only 0 and 1 are decisions"),
        ([0.0, np.nan], "psi holds nan; only 0 and 1"),
        ([0.0, 0.7], "psi holds 0.7; only 0 and 1"),
        (["S", "."], "psi holds 'S'; only 0 and 1"),
    ],
)
def test_filter_refuses_what_is_no_decision(psi, message):
    with pytest.raises(ValueError, match=message):
        morphological_filter(psi)


@pytest.mark.parametrize("name", ["window", "neighborhood"])
@pytest.mark.parametrize("value", [0, 1.5])
def test_filter_refuses_parameters(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        morphological_filter([0, 1], **{name: value})
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        aggregate_and_filter([[0, 1]], **{name: value})


def test_members_refused():
    for function in (epileptic_seizure_aggregation, aggregate_and_filter):
        with pytest.raises(ValueError, match="members is empty; at least one"):
            function(np.zeros((0, 4)))
    with pytest.raises(ValueError, match="members is empty"):
        epileptic_seizure_aggregation()
    with pytest.raises(ValueError, match=r"members have \[2, 3\] frames; all must have the same"):
        epileptic_seizure_aggregation([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match=r"members have \[2, 3\] frames"):
        aggregate_and_filter([[0, 1], [0, 1, 1]])
    with pytest.raises(ValueError, match=r"members\[0\] has shape \(\); \(n_frames,\)"):
        aggregate_and_filter([0, 1])
    with pytest.raises(ValueError, match=r"members\[1\] holds 3; only 0 and 1"):
        aggregate_and_filter([[0, 1], [0, 3]])
