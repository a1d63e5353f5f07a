"""Any text in a form comes back the same after a client opened the form and saved it."""

import random

from client import needs_office, session
from counts import examples
from samples import arrival, batch, master, requirement

from pdsfz_xl import collect, form, text
from pdsfz_xl.form import Filled

pytestmark = needs_office

FILES, ROWS = 4, examples(500)
RANGES = (
    (0x00, 0x20), (0x20, 0x7F), (0x80, 0x250), (0x2000, 0x2070), (0x3000, 0x3040),
    (0x4E00, 0xA000), (0xE000, 0x10000), (0x10000, 0x110000),
)  # fmt: skip
"""Controls, ASCII, Latin, blanks and marks, Chinese, private use and what is no character."""
PIECES = (
    *text.BLANKS,
    "\r\n",
    "\n\n",
    "_x000D_",
    "_x0041_",
    "&amp;",
    "]]>",
    "=1+1",
    "'",
    "😀",
    "𠮷",
)


def any_text(chance: random.Random) -> str:
    """Up to 60 pieces, of any kind and in any order.

    LF CR is left out: LibreOffice takes the two for one line end.
    """
    pieces = (
        chance.choice(PIECES) if chance.random() < 0.3 else chr(chance.randrange(*chosen))
        for chosen in chance.choices(RANGES, k=chance.randint(1, 60))
    )
    return "".join(pieces).replace("\n\r", "\n")


def test_two_thousand_texts_come_back_unchanged(tmp_path, capsys):
    """But for what `text.tidy` does to every answer."""
    keys = [f"{i:03d}" for i in range(1, ROWS + 1)]
    plan = master(requirements=tuple(requirement(key, "01") for key in keys), indicators=())
    chance = random.Random(2019)
    written = [[any_text(chance) for _ in keys] for _ in range(FILES)]
    steps = []
    for i, said in enumerate(written):
        filled = {key: Filled("", one) for key, one in zip(keys, said, strict=True)}
        (tmp_path / f"form{i}.xlsx").write_bytes(form.build(plan, plan.unit["01"], filled))
        steps += [["open", f"form{i}.xlsx"], ["save", f"saved{i}.xlsx"], ["close"]]
    session(tmp_path, *steps)
    tried = 0
    for i, said in enumerate(written):
        manifest = collect.read_return(str(tmp_path / f"saved{i}.xlsx"))
        result = batch(plan, arrival(manifest, "a.xlsx"))
        tidied = [text.tidy(one) for one in said]
        want = [one if text.count(one) else "" for one in tidied]
        assert [answer.text for answer in result.answers] == want
        assert result.leftover == ()
        tried += len(said)
    with capsys.disabled():
        print(f" {tried} texts came back equal", end=" ")
