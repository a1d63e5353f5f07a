"""Which version stands: what a file knew of another decides, in whatever order they come."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from pdsfz_xl.model import Version, Where
from pdsfz_xl.succession import continuations, succession

START = datetime(2019, 10, 20, 9, 0)


def occurrence(number: int, text: str, run: int, shown: str = "", known: str = "", **more):
    """What one file says; texts are their own fingerprints, `known` a letter for each."""
    values = {
        "unit": "01", "requirement": "03", "choice": "", "number": None, "saved": "",
        "where": Where(f"{number}.xlsx"), "sha256": str(number),
        "received": START + timedelta(days=run), "first_seen": START + timedelta(days=run),
    }  # fmt: skip
    return Version(
        **{**values, **more}, text=text, fingerprint=text, shown=shown, known=frozenset(known)
    )


CASES = {
    "a blank form alone": ([("a", 1)], "a"),
    "a correction on the marked form": ([("a", 1), ("b", 2, "a", "a")], "b"),
    "the old text in another file, seen in the same run": (
        [("a", 1), ("b", 2, "a", "a"), ("a", 2)], "b",
    ),
    "the old text again, later": ([("a", 1), ("b", 2, "a", "a"), ("a", 3)], "ab"),
    "the marked form returned unchanged, late": (
        [("a", 1), ("b", 2, "a", "a"), ("a", 3, "a", "a")], "b",
    ),
    "the marked form returned unchanged over the first file": ([("a", 2, "a", "a")], "a"),
    "two sections correct the same form": (
        [("a", 1), ("b", 2, "a", "a"), ("c", 2, "a", "a")], "bc",
    ),
    "two files that did not know of each other": ([("a", 1), ("b", 1)], "ab"),
    "X01 marked, the unit picks the first": ([("a", 1), ("b", 1), ("a", 2, "b", "ab")], "a"),
    "X01 marked, the unit writes a third": ([("a", 1), ("b", 1), ("c", 2, "b", "ab")], "c"),
    "there and back: the unit returns to its first text": (
        [("a", 1), ("b", 2, "a", "a"), ("a", 3, "b", "ab")], "a",
    ),
    "corrected twice": ([("a", 1), ("b", 2, "a", "a"), ("c", 3, "b", "ab")], "c"),
    "the first marked form corrected again after the second": (
        [("a", 1), ("b", 2, "a", "a"), ("c", 3, "b", "ab"), ("d", 4, "a", "a")], "cd",
    ),
    "the first file is taken away after the correction": ([("b", 2, "a", "a")], "b"),
    "the same correction comes twice": (
        [("a", 1), ("b", 2, "a", "a"), ("b", 3, "a", "a")], "b",
    ),
    "half of the corrections, then the others on the same form": (
        [("a", 1), ("a", 2, "a", "a"), ("b", 3, "a", "a")], "b",
    ),
    "two that know each other equally": ([("a", 1, "b", "b"), ("b", 1, "a", "a")], "ab"),
    "emptied on the marked form": ([("a", 1), ("", 2, "a", "a")], "a"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_stands_whatever_the_order(case):
    rows, expected = CASES[case]
    made = [occurrence(n, *row) for n, row in enumerate(rows) if row[0]]
    for order in permutations(made):
        found = succession(order)
        assert "".join(sorted({v.text for v in found.standing})) == expected
        standing, gone = set(map(id, found.standing)), set(map(id, found.replaced))
        assert not standing & gone
        silent = {id(v) for v in made} - standing - gone
        assert all(v.fingerprint == v.shown for v in made if id(v) in silent)


def test_a_bare_choice_never_replaces_a_text():
    """Else an answered item would be left with nothing."""
    text = occurrence(1, "a", 1)
    bare = occurrence(2, "", 2, "a", "a", choice="无此情况")
    found = succession([text, bare])
    assert found.standing == (text, bare)


# --- without fingerprints ------------------------------------------------------------------

LONG = ("长" * 20, "久" * 25, "短")


def file(number: int, run: int, *answers: str, saved: str = "", **more) -> list[Version]:
    """What a file says for requirements 1, 2, … of one unit; an empty text is a blank."""
    return [
        occurrence(number, text, run, requirement=str(key), saved=saved, **more)
        for key, text in enumerate(answers, 1)
        if text
    ]


@pytest.mark.parametrize(
    ("first", "second", "goes_on"),
    [
        ((*LONG, "甲"), (*LONG, "乙"), True),
        ((*LONG, "甲"), (*LONG, ""), False),  # it blanks one
        ((*LONG, ""), (*LONG, "乙"), False),  # nothing was changed: they agree as they are
        ((*LONG[1:], "甲"), (*LONG[1:], "乙"), False),  # one long answer is a coincidence
        ((*LONG, "甲", "丙"), (*LONG, "乙", "丁"), False),  # it changes as many as it repeats
        (("长" * 19, "久" * 19, "甲"), ("长" * 19, "久" * 19, "乙"), False),
    ],
)
def test_a_file_goes_on_with_one_it_repeats(first, second, goes_on):
    versions = [*file(1, 1, *first), *file(2, 2, *second)]
    assert continuations(versions) == ({("2", "1")} if goes_on else set())


@pytest.mark.parametrize(
    ("saved", "later"),
    [
        (("", ""), {("2", "1")}),  # our first sight alone
        (("2019-10-20T08:00:00", "2019-10-21T08:00:00"), {("2", "1")}),
        (("2019-10-21T08:00:00", "2019-10-20T08:00:00"), set()),  # against our first sight
        (("2019-10-20T08:00:00", ""), {("2", "1")}),
        (("2031-01-01T00:00:00", "2019-10-20T08:00:00"), {("2", "1")}),  # a clock that is wrong
    ],
)
def test_which_of_two_is_later(saved, later):
    one = file(1, 1, *LONG, "甲", saved=saved[0])
    two = file(2, 2, *LONG, "乙", saved=saved[1])
    assert continuations([*one, *two]) == later


def test_a_form_with_fingerprints_is_judged_by_them_alone():
    one = file(1, 1, *LONG, "甲")
    two = [*file(2, 2, *LONG), occurrence(2, "乙", 2, "丙", "丙", requirement="4")]
    assert continuations([*one, *two]) == set()


def test_what_is_gone_on_with_is_replaced_and_presumed():
    one, two = file(1, 1, *LONG, "甲"), file(2, 2, *LONG, "乙")
    later = continuations([*one, *two])
    found = succession([one[-1], two[-1]], later)
    assert (found.standing, found.replaced, found.presumed) == ((two[-1],), (one[-1],), True)
    alone = succession([one[-1], two[-1]])
    assert (alone.replaced, alone.presumed) == ((), False)
