"""The spellings of seizures, background and time that nobody can judge."""

import pytest

from skseizure._core.event_types import border, check_types, classify, is_seizure

SEIZURES = {
    "sz": "sz", "SZ": "sz", "Sz_foc_ia": "sz_foc_ia",
    "sz_gen_m_tonicClonic": "sz_gen_m_tonicClonic",
    "seiz": "sz", "SEIZ": "sz", "FNSZ": "fnsz", "tcsz": "tcsz",
    "seizure": "sz", "Seizure": "sz", "SEIZURES": "sz", "Seizure 3": "sz", "sz #2": "sz",
    "ictal": "sz", "Focal seizure": "sz", "tonic-clonic seizure": "sz", "Subclinical_seizure": "sz",
    "complex partial seizure": "sz", "focal onset tonic clonic seizure": "sz", "GTCS": "sz",
    "Epileptic-seizure": "sz", "Focal-onset-epileptic-seizure": "sz",
    "(Onset, sc:Epileptic-seizure/Generalized-onset-epileptic-seizure)": "sz",
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), SEIZURES.items())
def test_seizures(text, code):
    assert classify(text, {}) == code
    assert is_seizure(code)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        *((text, "bckg") for text in ("bckg", "BCKG", "background", "interictal", "Non-seizure")),
        *((text, "bckg") for text in ("no seizure", "pre-ictal", "postictal", "seizure-free")),
        *((text, "other") for text in ("artf", "musc", "EYEM_MUSC", "pled")),
        *((text, "unjudged") for text in ("impd", "BAD_ACQ_SKIP", "bad channel", "EDGE boundary")),
        *(
            (text, None)
            for text in ("", "n/a", "cough", "seizure?", "possible seizure", "szx", "1")
        ),
        *((text, None) for text in ("Non-epileptic-seizure", "Psychogenic-nonepileptic-seizure")),
        ("psychogenic non epileptic seizure", None),
    ],
)
def test_what_is_no_seizure(text, meaning):
    assert classify(text, {}) == meaning
    assert not is_seizure(meaning)


def test_own_types_come_first():
    own = check_types({"Anfall": "sz", "artf": "unjudged", "Sz": "bckg", "*": "other"})
    assert [classify(t, own) for t in ("ANFALL", "artf", "sz", "seizure", "cough", "x")] == [
        *("sz", "unjudged", "bckg", "sz", "other", "other")
    ]


@pytest.mark.parametrize("meaning", ["seizure", "", None, 1, "background"])
def test_meanings_are_checked(meaning):
    with pytest.raises(ValueError, match=r"types says that 'x' means .*'unjudged'"):
        check_types({"x": meaning})


def test_types_are_a_mapping():
    with pytest.raises(TypeError, match="types is list; a mapping"):
        check_types(["sz"])


@pytest.mark.parametrize(
    ("text", "side"),
    [
        *(
            (text, "start")
            for text in ("Seizure onset", "sz start", "start of seizure", "Sz 2 begin")
        ),
        *((text, "end") for text in ("seizure END", "End of the seizure", "seizure_offset")),
        *((text, None) for text in ("seizure", "onset", "EEG end", "seizure onset zone")),
    ],
)
def test_borders(text, side):
    assert border(text) == side
