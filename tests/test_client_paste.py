"""What a bureau pastes into the form: nothing of it is lost, and the limit is kept by the rules.

No client validates what is pasted. An ordinary paste brings the lock and drops the validation of
the cell it comes from; the form's allow-edit range keeps such a cell open.
"""

import docx
import openpyxl
import pytest
from client import needs_office, session
from samples import arrival, batch, master, requirement

from pdsfz_xl import collect, form, rules
from pdsfz_xl import wording as w

pytestmark = needs_office

LONG = "长" * 1200
RTF = (
    r"{\rtf1\ansi\trowd\cellx3000\cellx6000\intbl word1\cell \u25991?\u26009?\cell\row"
    r"\trowd\cellx3000\cellx6000\intbl word2\cell \u26448?\cell\row}"
)
"""A table of two rows and two columns as Word puts it onto the clipboard."""

SENT = [f"外{i}" for i in range(1, 6)]
HTML = ["网页一", "网页二", "网页三", "网页四"]
WORD = ["文档一", "文档二", "文档三", "文档四"]
"""Tables of two by two, row by row."""


def write_sources(folder) -> None:
    """A workbook, a web page and a Word document to copy from."""
    book = openpyxl.Workbook()
    for row, said in enumerate(SENT, 1):
        book.active.cell(row, 1, said)
        book.active.cell(row, 2, f"{said}的说明")
    book.active["D1"] = LONG
    book.save(folder / "other.xlsx")
    cells = "".join(f"<td>{said}</td>{'</tr><tr>' * (i == 1)}" for i, said in enumerate(HTML))
    page = f"<meta charset='utf-8'><table><tr>{cells}</tr></table>"
    (folder / "page.html").write_text(page, "utf-8")
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    for i, said in enumerate(WORD):
        table.cell(i // 2, i % 2).text = said
    document.save(str(folder / "word.docx"))


PASTES = {
    "cell": (["copy", "other.xlsx", "A1"], "J6"),
    "column": (["copy", "other.xlsx", "A1:A5"], "J7"),
    "block": (["copy", "other.xlsx", "A2:B3"], "I12"),
    "too long": (["copy", "other.xlsx", "D1"], "J14"),
    "web page": (["copy", "page.html"], "I15"),
    "Word document": (["copy", "word.docx"], "I17"),
    "Word's clipboard": (["offer", "text/rtf", RTF], "I19"),
}
REFUSED = {
    "into locked cells": (["copy", "other.xlsx", "A1:B1"], "G22"),
    "partly into locked cells": (["copy", "other.xlsx", "A2:B3"], "H22"),
    "a whole column": (["copy", "other.xlsx", "A1:A1048576"], "J1"),
    "more rows than there are": (["copy", "other.xlsx", "B1:B5"], "J24"),
}
LAST = 25
"""The last row of the form."""


@pytest.fixture(scope="module")
def pasted(tmp_path_factory):
    """What the client showed, and what was read from the workbook it saved."""
    folder = tmp_path_factory.mktemp("pasted")
    write_sources(folder)
    keys = [f"{i:02d}" for i in range(1, LAST - form.HEADER)]
    plan = master(requirements=tuple(requirement(key, "01") for key in keys), indicators=())
    (folder / "form.xlsx").write_bytes(form.build(plan, plan.unit["01"]))
    cells = [f"{column}{row}" for row in range(6, LAST + 1) for column in "GHIJKL"]
    pastes = [
        step
        for get, cell in (*PASTES.values(), *REFUSED.values())
        for step in (get, ["paste", w.FORM_SHEET, cell])
    ]
    unformatted = [
        ["copy", "other.xlsx", "D1"],
        ["paste", w.FORM_SHEET, "J21", ".uno:PasteUnformatted"],
        ["copy", "other.xlsx", "A1:A5"],
        ["paste", w.EVIDENCE_SHEET, "B2"],
    ]
    over = [("J6", "重写"), ("J8", "重写"), ("J15", "重写"), ("J17", "重写"), ("J19", "重写")]
    *_, seen, typed, _ = session(
        folder,
        ["open", "form.xlsx"],
        *pastes,
        *unformatted,
        ["look", w.FORM_SHEET, cells],
        ["type", w.FORM_SHEET, over],
        ["save", "saved.xlsx"],
    )
    manifest = collect.read_return(str(folder / "saved.xlsx"))
    seen = dict(zip(cells, seen, strict=True))
    return seen, typed, batch(plan, arrival(manifest, "a.xlsx"))


def test_a_paste_lands_where_the_unit_writes_and_nowhere_else(pasted):
    """Also from a web page and from Word; a paste that would touch a locked cell is refused."""
    seen, _, _ = pasted
    texts = {cell: found["text"] for cell, found in seen.items() if cell[0] in "IJK"}
    assert {cell: said for cell, said in texts.items() if said} == {
        "J6": "外1",
        **{f"J{7 + i}": said for i, said in enumerate(SENT)},
        "I12": "外2", "J12": "外2的说明", "I13": "外3", "J13": "外3的说明",
        "J14": LONG,
        "I15": "网页一", "J15": "网页二", "I16": "网页三", "J16": "网页四",
        "I17": "文档一", "J17": "文档二", "I18": "文档三", "J18": "文档四",
        "I19": "word1", "J19": "文料", "I20": "word2", "J20": "材",
        "J21": LONG,
    }  # fmt: skip
    others = [found["text"] for cell, found in seen.items() if cell[0] in "GHL"]
    assert not any("外" in said for said in others)


def test_an_ordinary_paste_takes_lock_and_validation_and_can_still_be_typed_over(pasted):
    """While a paste of the text alone leaves the cell as it was."""
    seen, typed, _ = pasted
    assert {cell: (seen[cell]["locked"], seen[cell]["validation"]) for cell in ("J6", "J21")} == {
        "J6": (True, "ANY"),
        "J21": (False, "CUSTOM"),
    }
    assert [said["after"] for said in typed] == ["重写"] * len(typed)


def test_whatever_was_pasted_is_an_answer_or_a_leftover(pasted):
    _, _, result = pasted
    answers = [answer.text for answer in result.answers if answer.text]
    leftover = [left.text for left in result.leftover]
    assert answers == [
        "重写", "外1", "重写", *SENT[2:], "外2的说明", "外3的说明", LONG, "重写", "网页四",
        "重写", "文档四", "重写", "材", LONG,
    ]  # fmt: skip
    expected = [*SENT, "外2", "外3", *HTML[::2], *WORD[::2], "word1", "word2"]
    assert sorted(leftover) == sorted(expected)


def test_a_pasted_text_beyond_the_limit_is_found(pasted):
    """Pasted with or without its format."""
    _, _, result = pasted
    over = [finding.where.cell for finding in rules.run(result) if finding.rule == "L01"]
    assert over == ["J14", "J21"]
