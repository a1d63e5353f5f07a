"""The form's locks and limits in a real client: nothing but the unit's own cells can be touched."""

import io
from datetime import date
from functools import cache

import openpyxl
import pytest
from client import needs_office, session
from counts import examples
from notices import REAL
from samples import arrival, batch
from samples import master as sample

from pdsfz_xl import collect, draft, form, layout, master_book, notice, text
from pdsfz_xl import master as master_stage
from pdsfz_xl import wording as w
from pdsfz_xl.model import Master

pytestmark = needs_office

SHEETS = (w.FORM_SHEET, w.EVIDENCE_SHEET, w.GUIDE_SHEET)
FIRST = form.HEADER + 2
EVIDENCE_ROWS = (*range(1, examples(layout.EVIDENCE_ROWS)), layout.EVIDENCE_ROWS)
"""Which are alike: all with --deep, else the first ones and the last."""
MARGIN = 1
"""Rows and columns beyond what a sheet uses; they are locked as well."""


@cache
def plan_of_the_notice(folder) -> Master:
    path = folder / "master.xlsx"
    path.write_bytes(master_book.write(draft.draw_up(notice.read(REAL), date(2019, 10, 8))))
    return master_stage.read(path)


def form_of(name: str, folder) -> bytes:
    """The form of the sample's unit with figures, or of the unit with most in the real notice."""
    if name == "sample":
        return form.build(sample(), sample().unit["01"])
    plan = plan_of_the_notice(folder)
    return form.build(plan, max(plan.units, key=lambda unit: len(plan.due(unit.code))))


def addresses(data: bytes) -> dict[str, list[str]]:
    """By sheet every cell of the area the sheet uses, and some beyond it."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    rows = {name: range(book[name].max_row + MARGIN) for name in SHEETS}
    rows[w.EVIDENCE_SHEET] = [0, *EVIDENCE_ROWS]  # below, its columns stay open
    return {
        name: [
            layout.cell_name(row, column)
            for row in rows[name]
            for column in range(book[name].max_column + MARGIN)
        ]
        for name in SHEETS
    }


def to_fill(data: bytes) -> dict[str, dict[str, str]]:
    """By sheet what to type into each cell the unit fills: what its validation allows."""
    sheet = openpyxl.load_workbook(io.BytesIO(data))[w.FORM_SHEET]
    said = {w.STATUS: w.NOTHING, w.ANSWER: "情况", w.QUANTITY: "12"}
    rows = [row for row in range(FIRST, sheet.max_row) if sheet.cell(row, 1).value]
    figures = [row for row in rows if w.QUANTITY in str(sheet.cell(row, 8).value)]
    cells = {
        layout.cell_name(row - 1, form.COLUMN[caption]): said[caption]
        for row in rows
        for caption in layout.TO_FILL
        if caption != w.QUANTITY or row in figures
    }
    signs = (f"{c}{rows[-1] + 3 + i}" for i in range(2) for c in "EHJ")
    evidence = (sheet.cell(FIRST, 1).value, "文件.pdf", "文件", "2019-07-01", "3", "备注")
    return {
        w.FORM_SHEET: cells | dict.fromkeys(signs, "签名"),
        w.EVIDENCE_SHEET: {
            layout.cell_name(row, column): word
            for row in EVIDENCE_ROWS
            for column, word in enumerate(evidence)
        },
        w.GUIDE_SHEET: {},
    }


@pytest.mark.parametrize("name", ["sample", "notice"])
def test_every_locked_cell_refuses_and_every_other_takes(tmp_path, name, capsys):
    data = form_of(name, tmp_path)
    (tmp_path / "form.xlsx").write_bytes(data)
    mine = to_fill(data)
    jobs = {
        sheet: [(cell, mine[sheet].get(cell, "改动")) for cell in cells]
        for sheet, cells in addresses(data).items()
    }
    steps = [["sweep", sheet, jobs[sheet]] for sheet in SHEETS]
    _, *changed = session(tmp_path, ["open", "form.xlsx"], *steps)
    held = took = 0
    for sheet, cells in zip(SHEETS, changed, strict=True):
        locked = len(jobs[sheet]) - len(mine[sheet])
        breached = [cell for cell in cells if cell not in mine[sheet]]
        refused = [cell for cell in mine[sheet] if cell not in cells]
        assert breached == [], f"{sheet}: {len(breached)} of {locked} locked cells gave way"
        assert refused == [], f"{sheet}: {len(refused)} of {len(mine[sheet])} open cells refused"
        held += locked
        took += len(cells)
    with capsys.disabled():
        print(f" {name}: {held} locked cells held, {took} open cells took", end=" ")


def spread(length: int) -> str:
    """A text of so many characters that count, with every blank one can type in between."""
    blanks = " \n\t\u00a0\u3000\u200b\ufeff"
    return "".join("字" + blanks[i % 7] * (i % 3) for i in range(length - 1)) + "完"


def trials() -> dict[str, list[tuple[str, str, bool]]]:
    """By sheet of the sample's form: a cell, what is typed, and whether it may be taken."""
    plan = sample()
    own = form.row_code(plan, "01", plan.requirement["02.1"])
    other = form.row_code(plan, "02", plan.requirement["03"])
    return {
        w.FORM_SHEET: [
            *(("I6", said, False) for said in ("随便", "已填", "1", "已填报，见附件")),
            *(("I6", said, True) for said in w.CHOICES),
            ("J6", spread(1001), False),
            ("J6", "字" * 1001, False),
            ("J6", spread(1000), True),
            ("J7", "字" * 1000, True),
            ("J7", "字" * 1001, False),
            *(("K6", said, False) for said in ("两百", "-1", "-0.5", "12次", "1，2", "约30")),
            # The cell shows its 计量单位, and LibreOffice takes a number typed with it for one.
            *(("K6", said, True) for said in ("0", "3.5", "12条", "1286")),
        ],
        w.EVIDENCE_SHEET: [
            *(("A2", said, said == own) for said in (other, "02.1", own)),
            *(("C2", said, said != "信函") for said in ("信函", *layout.EVIDENCE_KINDS)),
            *(("D2", said, False) for said in ("九月", "1999-12-31", "2019年")),
            *(("E2", said, False) for said in ("两件", "0", "-1", "1.5")),
            ("D2", "2019-7-1", True),
            ("E2", "3", True),
        ],
    }


def test_limits_lists_figures_dates_and_pieces(tmp_path):
    """1000 characters are taken and 1001 are not, whatever blanks and line breaks there are."""
    assert text.count(spread(1000)) == 1000 < len(spread(1000)) - 500
    (tmp_path / "form.xlsx").write_bytes(form_of("sample", tmp_path))
    wanted = trials()
    steps = [["type", name, [job[:2] for job in jobs]] for name, jobs in wanted.items()]
    _, *reports = session(tmp_path, ["open", "form.xlsx"], *steps)
    wrong = [
        (name, job, said)
        for (name, jobs), report in zip(wanted.items(), reports, strict=True)
        for job, said in zip(jobs, report, strict=True)
        if (said["before"] != said["after"]) != job[2]
    ]
    assert wrong == []


ROWS_AND_COLUMNS = [
    *((f".uno:{command}", {}) for command in (
        "InsertRowsBefore", "InsertRowsAfter", "InsertColumnsBefore", "InsertColumnsAfter",
        "DeleteRows", "DeleteColumns",
    )),
    *((f".uno:{command}", {"Flags": flags})
      for command, flags in (("InsertCell", "V"), ("InsertCell", ">"), ("InsertCell", "R"),
                             ("DeleteCell", "U"), ("DeleteCell", "L"), ("DeleteCell", "R"))),
]  # fmt: skip
SHEET_COMMANDS = [
    (".uno:Remove", {"Index": 1}),
    (".uno:RenameTable", {"Name": "改了名"}),
]
OTHERS = [
    (".uno:Delete", {"Flags": "A"}), (".uno:ClearContents", {}), (".uno:Cut", {}),
    (".uno:SortAscending", {}), (".uno:FillDown", {}), (".uno:MergeCells", {}),
    (".uno:HideRow", {}), (".uno:HideColumn", {}),
]  # fmt: skip


def test_rows_and_columns_stay(tmp_path):
    """Neither inserted nor deleted, at an open cell or a locked one; without the lock they are."""
    (tmp_path / "form.xlsx").write_bytes(form_of("notice", tmp_path))
    places = [(w.FORM_SHEET, "J6"), (w.FORM_SHEET, "A8"), (w.EVIDENCE_SHEET, "B2"),
              (w.GUIDE_SHEET, "B2")]  # fmt: skip
    tries = [[*place, *command] for place in places for command in ROWS_AND_COLUMNS]
    tries += [[*place, *command] for place in places[1::2] for command in OTHERS]
    _, *changed = session(
        tmp_path, ["open", "form.xlsx"], *(["attempt", *wanted] for wanted in tries)
    )
    assert [wanted for wanted, it in zip(tries, changed, strict=True) if it] == []


def test_without_the_lock_the_same_commands_work(tmp_path):
    """Else the tests of what holds would prove nothing."""
    book = openpyxl.load_workbook(io.BytesIO(form_of("sample", tmp_path)))
    book[w.FORM_SHEET].protection.disable()
    book.save(tmp_path / "open.xlsx")
    commands = [*ROWS_AND_COLUMNS, *SHEET_COMMANDS]
    tries = [["attempt", w.FORM_SHEET, "J7", *command] for command in commands]
    steps = [step for wanted in tries for step in (["open", "open.xlsx"], wanted, ["close"])]
    changed = session(tmp_path, *steps)[1::3]
    assert [c for c, it in zip(commands, changed, strict=True) if not it] == []


def permissions(path) -> dict[str, bool]:
    """What the lock of the form's first sheet leaves to the unit."""
    lock = openpyxl.load_workbook(path)[w.FORM_SHEET].protection
    assert lock.sheet
    locked = ("formatRows", "formatColumns", "insertRows", "insertColumns", "deleteRows",
              "deleteColumns", "sort", "formatCells")  # fmt: skip
    return {name: not getattr(lock, name) for name in locked}


def test_heights_and_widths_are_left_to_the_unit(tmp_path):
    """The file says so to Excel and WPS, also once saved by LibreOffice, and a row grows as typed.

    LibreOffice 7.4 knows these two permissions but itself refuses both commands under a lock.
    """
    (tmp_path / "form.xlsx").write_bytes(form_of("sample", tmp_path))
    _, (before, _), _, (after, _), _ = session(
        tmp_path,
        ["open", "form.xlsx"],
        ["size", w.FORM_SHEET, "J6"],
        ["type", w.FORM_SHEET, [("J6", "字" * 900)]],
        ["size", w.FORM_SHEET, "J6"],
        ["save", "saved.xlsx"],
    )
    assert after > 1.5 * before
    allowed = permissions(tmp_path / "form.xlsx")
    assert permissions(tmp_path / "saved.xlsx") == allowed
    assert {name for name, free in allowed.items() if free} == {"formatRows", "formatColumns"}


def test_sheets_can_be_neither_removed_nor_renamed(tmp_path):
    """LibreOffice 7.4 drops the lock of the structure; there the lock of the sheet holds."""
    (tmp_path / "form.xlsx").write_bytes(form_of("sample", tmp_path))
    assert openpyxl.load_workbook(tmp_path / "form.xlsx").security.lockStructure
    tries = [
        ["attempt", sheet, "A1", command, {**values, **({"Index": i} if "Index" in values else {})}]
        for i, sheet in enumerate(SHEETS, 1)
        for command, values in SHEET_COMMANDS
    ]
    _, *changed = session(tmp_path, ["open", "form.xlsx"], *tries)
    assert [wanted for wanted, it in zip(tries, changed, strict=True) if it] == []


def test_sheets_hidden_and_added_change_no_answer(tmp_path):
    """What LibreOffice lets a unit do to sheets; what is typed on a new one is kept."""
    (tmp_path / "form.xlsx").write_bytes(form_of("sample", tmp_path))
    _, _, *changed, _, _ = session(
        tmp_path,
        ["open", "form.xlsx"],
        ["type", w.FORM_SHEET, [("J6", "第一项"), ("J7", "第二项")]],
        ["attempt", w.GUIDE_SHEET, "A1", ".uno:Hide", {}],
        ["attempt", w.FORM_SHEET, "A1", ".uno:Insert", {"Name": "附页", "Index": 1}],
        ["type", "附页", [("B2", "另一张表上的话")]],
        ["save", "saved.xlsx"],
    )
    assert all(changed)
    manifest = collect.read_return(str(tmp_path / "saved.xlsx"))
    result = batch(sample(), arrival(manifest, "a.xlsx"))
    assert [a.text for a in result.answers if a.unit == "01"] == ["第一项", "第二项"]
    assert [left.text for left in result.leftover] == ["另一张表上的话"]
