"""The form's counter in a real client shows the only count there is."""

import random

from client import needs_office, session
from counts import examples
from samples import master, requirement

from pdsfz_xl import form, text
from pdsfz_xl import wording as w

PIECES = (
    *text.BLANKS, "\r\n", "\n\n", "\u200c", "\u200d", "\u2060", "\u00ad", "\u2003", "\u2028",
    "字", "依法行政。", "（2）", "，", "……", "Latin", "e\u0301", "ß", "é", "1,286", "98.50%",
    "２０１９", "=", "1-2", "'", '"', "<b>", "&", "😀", "👨‍👩‍👧", "🇨🇳", "❤️", "𠮷",
    "𪚥", "\U000e0001",
)  # fmt: skip
"""Blanks of every kind, what looks like one, and all sorts of characters that count."""


def texts(many: int) -> list[str]:
    """The same ones every time: first every piece alone, then any of them together."""
    chance = random.Random(2019)
    alone = [f"前{piece}后" for piece in PIECES] + list(PIECES)
    mixed = ("".join(chance.choices(PIECES, k=chance.randint(2, 40))) for _ in range(many))
    return [*alone, *mixed][:many]


TEXTS = texts(examples(200, least=2 * len(PIECES)))


def utf16_count(said: str) -> int:
    """What LEN of Excel gives for the counter's formula: UTF-16 units that are not blanks.

    (Microsoft, "Compatibility Versions": version 1, which every file without the setting is.)
    """
    return text.utf16_length("".join(c for c in said if c not in text.BLANKS))


@needs_office
def test_the_counter_equals_our_count(tmp_path, capsys):
    """Typed or put there by a program, also where the client changed the text on the way."""
    keys = [f"{i:03d}" for i in range(1, len(TEXTS) + 1)]
    plan = master(requirements=tuple(requirement(key, "01") for key in keys), indicators=())
    (tmp_path / "form.xlsx").write_bytes(form.build(plan, plan.unit["01"]))
    first = form.HEADER + 2
    jobs = [(f"J{row}", said) for row, said in enumerate(TEXTS, first)]
    _, _, by_hand, _, by_program = session(
        tmp_path,
        ["open", "form.xlsx"],
        ["sweep", w.FORM_SHEET, jobs],
        ["shown", w.FORM_SHEET],
        ["set", w.FORM_SHEET, jobs],
        ["shown", w.FORM_SHEET],
    )
    want = [str(text.count(said)) for said in TEXTS]
    for shown in (by_hand, by_program):
        got = [shown[f"L{row}"] for row in range(first, first + len(TEXTS))]
        wrong = [t for t, mine, theirs in zip(TEXTS, want, got, strict=True) if mine != theirs]
        assert wrong == []
    with capsys.disabled():
        print(f" {len(TEXTS)} texts, set and typed: every counter equal", end=" ")


def test_excel_counts_one_more_for_each_astral_character_and_never_less():
    """So a text that passed there never fails here."""
    for said in TEXTS:
        astral = sum(c > "\uffff" for c in said)
        assert utf16_count(said) == text.count(said) + astral
    assert any(utf16_count(said) > text.count(said) for said in TEXTS)
