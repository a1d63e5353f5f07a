"""A filled form comes back through a real client: every text is read or listed by its cell.

`CASES` is the table: what was done to the filled form, and what has to come of it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest
from client import needs_office, session
from samples import arrival, batch, master, requirement

from pdsfz_xl import collect, form, rules
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Where

pytestmark = needs_office

# --- what the units typed ------------------------------------------------------------------

PLAN = master(
    requirements=(
        requirement("01", "01", kind="数据", measure="件", pieces=1),
        *(requirement(key, "01") for key in ("02", "03", "04", "05", "06")),
        requirement("07", "01", "02"),
        requirement("08", "02"),
    ),
    indicators=(),
)
CODES = [form.row_code(PLAN, "01", asked) for asked in PLAN.due("01")]
FORM, LIST, GUIDE, NEW = w.FORM_SHEET, w.EVIDENCE_SHEET, w.GUIDE_SHEET, "新表"

FORMS: dict[str, tuple[str, dict[str, dict[str, dict[str, str]]]]] = {
    "filled": ("01", {
        LIST: {
            "01": {"A2": CODES[0], "B2": "清单.pdf", "C2": "文件", "D2": "2019-05-06", "E2": "2",
                   "F2": "盖章件"},
            "02": {"A3": CODES[1], "B3": "通报.pdf", "E3": "1"},
        },
        FORM: {
            "01": {"J6": "清理文件 35 件", "K6": "35"},
            "02": {"J7": "第一段 1。\n第二段 2。"},
            "03": {"J8": "=1+1"},
            "04": {"J9": "00123"},
            "05": {"J10": "𠮷野 😀 8"},
            "06": {},
            "07": {"I12": "无此情况", "J12": "全年没有 1 起"},
            "": {"E15": "李四"},
        },
    }),
    "later": ("01", {FORM: {"02": {"J7": "改为 3 段"}, "06": {"J11": "补报 6 件"}}}),
    "other": ("02", {FORM: {"07": {"J6": "我局 7 件"}, "08": {"J7": "我局 8 件"}}}),
}  # fmt: skip
"""By file: whose form, and by sheet and requirement what is typed into which cell.

06, in row 11, stays blank, and E15 is the line for a name below the table.
"""

Typed = tuple[str, str, str]
"""Unit, requirement (or none), and a text, choice, figure or detail of evidence typed there."""


def typed(name: str, *sheets: str) -> set[Typed]:
    unit, of = FORMS[name]
    found = ((key, cells) for sheet in sheets for key, cells in of[sheet].items())
    said = {(unit, key, text) for key, cells in found for text in cells.values()}
    return {each for each in said if each[2] not in CODES}


BOOK = typed("filled", FORM, LIST)
TABLE = typed("filled", FORM)
EVERY_CELL = {
    cell: text for cells in FORMS["filled"][1][FORM].values() for cell, text in cells.items()
}
SIGNED = {"E15": "李四"}

# --- what was done to the form -------------------------------------------------------------

Step = list[Any]
"""A verb of `office.Person` with its arguments."""


def opened(*steps: Step) -> list[Step]:
    """Without the locks, which hold no other program and nobody who wants them off."""
    return [["open", "filled.xlsx"], ["unlock"], *steps]


def alone(*steps: Step) -> list[Step]:
    """The sheet of the form in a new workbook."""
    return [["new", NEW], ["bring", "filled.xlsx", FORM, 1], ["remove", NEW], ["unlock"], *steps]


def pasted(cells: str) -> list[Step]:
    """Cells of the form as values in a new workbook."""
    values = ["do", NEW, "A1", ".uno:InsertContents", {"Flags": "SVD"}]
    return [["copy", "filled.xlsx", cells], ["new", NEW], values]


def at(cells: str, command: str, **how: object) -> Step:
    return ["do", FORM, cells, f".uno:{command}", how]


def to(cell: str) -> Step:
    return ["paste", FORM, cell]


def write(sheet: str = FORM, **cells: str) -> Step:
    return ["set", sheet, list(cells.items())]


def saved_again(path: Path) -> None:
    openpyxl.load_workbook(path).save(path)


def values_only(path: Path) -> None:
    """What a script makes of a workbook: the values of every sheet, and nothing else."""
    old, new = openpyxl.load_workbook(path, data_only=True), openpyxl.Workbook()
    new.remove(new.active)
    for sheet in old:
        rewritten = new.create_sheet(sheet.title)
        for row in sheet.iter_rows(values_only=True):
            rewritten.append(row)
    new.save(path)


ABOUT = "FIRVX"
"""Letters of the rules about what became of a form, not about what it says."""


class Case(NamedTuple):
    """What was done to the filled form, and what has to come of it."""

    name: str
    steps: list[Step]
    saved: str = "xlsx"
    """The formats it was saved in, one after the other."""
    then: Callable[[Path], None] | None = None
    """What another program did to the file after that."""
    sheet: str = FORM
    """Where the cells below are that do not name their sheet."""
    read: str = "J6 J7 J8 J9 J10 - J12"
    """The cells the answers of unit 01 were read from, from 01 to 07."""
    left: Mapping[str, str] = SIGNED
    """未对应上的内容, by cell."""
    says: str = ""
    """The rules of `ABOUT` that speak, each with its cells."""
    file: str = "accepted 01"
    """Its verdict, and whose it is or which rule refused it."""
    typed: set[Typed] = BOOK
    """What units had typed into what was saved."""
    became: Mapping[str, str] = {}
    """What the client made of a text; nothing, if the person took it away."""
    assigned: str = ""
    """归属单位 as the clerk gives it."""
    others: str = "- -"
    """The cells the answers of unit 02 were read from, 07 and 08."""


CASES = [
    # --- saved in other formats
    Case("xlsx", [["open", "filled.xlsx"]]),
    Case("xls", opened(), saved="xls"),
    Case("ods", opened(), saved="ods"),
    Case("xlsx, ods, xlsx", opened(), saved="xlsx ods xlsx"),
    Case("xlsx, xls, xlsx", opened(), saved="xlsx xls xlsx"),
    Case("ods, xls", opened(), saved="ods xls"),
    Case(
        "csv of the table",
        opened(),
        saved="csv",
        sheet="CSV",
        typed=TABLE,
    ),
    Case(
        "csv opened and saved as xlsx",  # 00123 and =1+1 are lost before we see them
        opened(),
        saved="csv xlsx",
        sheet="book",
        says="V03 J8 J9",
        typed=TABLE,
        became={"=1+1": "2", "00123": "123"},
    ),
    Case(
        "csv of the evidence",
        opened(["type", LIST, [["B4", "另附"]]]),
        saved="csv",
        sheet="CSV",
        read="- - - - - - -",
        left={"B4": "另附"},
        typed=typed("filled", LIST),
    ),
    Case("saved again by a script", opened(), then=saved_again),
    Case("its values saved by a script", opened(), then=values_only, says="V04 J8"),
    # --- rows
    Case(
        "sorted by another column",
        opened(at("A6:M12", "DataSort", ByRows=True, HasHeader=False, Col1=7, Ascending1=False)),
        read="J12 J11 J10 J9 J8 - J6",
    ),
    Case(
        "a row deleted",
        opened(at("A8", "DeleteRows")),
        read="J6 J7 - J8 J9 - J11",
        left={"E14": "李四"},
        became={"=1+1": ""},
    ),
    Case(
        "two rows inserted and written into",
        opened(at("A8:A9", "InsertRowsBefore"), write(A8="另一", J8="另二", J9="另三", K9="4")),
        read="J6 J7 J10 J11 J12 - J14",
        left={"A8": "另一", "J8": "另二", "J9": "另三", "K9": "4", "E17": "李四"},
    ),
    Case(
        "a row moved",
        opened(
            at("A11", "InsertRowsBefore"), at("A7:M7", "Cut"), to("A11"), at("A7", "DeleteRows")
        ),
        read="J6 J10 J7 J8 J9 - J12",
    ),
    Case(
        "a row copied, and the copy written over",
        opened(at("A8", "InsertRowsBefore"), at("A7:M7", "Copy"), to("A8"), write(J8="另写 9")),
        read="J6 J8 J9 J10 J11 - J13",
        left={"E16": "李四"},
        says="X01 J8",
        typed=BOOK | {("01", "02", "另写 9")},
    ),
    Case("the table copied below itself", opened(at("A5:M12", "Copy"), to("A20"))),
    Case("rows hidden", opened(at("A7:A9", "HideRow"))),
    Case(
        "three rows above the title",
        opened(at("A1:A3", "InsertRowsBefore"), write(A1="报送函", C2="附后")),
        read="J9 J10 J11 J12 J13 - J15",
        left={"A1": "报送函", "C2": "附后", "E18": "李四"},
    ),
    # --- columns
    Case("a column hidden", opened(at("E6", "HideColumn"))),
    Case("the codes hidden", opened(at("A6", "HideColumn"))),
    Case(
        "the answers moved to the end",
        opened(at("J5:J12", "Cut"), to("N5"), at("J6", "DeleteColumns")),
        read="M6 M7 M8 M9 M10 - M12",
    ),
    Case("the codes moved to the end", opened(at("A5:A12", "Cut"), to("N5"))),
    Case(
        "two columns before the table",
        opened(at("A6:B6", "InsertColumnsBefore"), write(A5="收文号", B6="第5号")),
        read="L6 L7 L8 L9 L10 - L12",
        left={"A5": "收文号", "B6": "第5号", "G15": "李四"},
    ),
    Case(
        "the codes deleted",
        opened(at("A6", "DeleteColumns")),
        read="I6 I7 I8 I9 I10 - I12",
        left={"D15": "李四"},
        says="I03 I6 I7 I8 I9 I10 A11 I12",
    ),
    # --- captions and other locked texts
    Case("a code emptied", opened(write(A7="")), says="I03 J7"),
    Case("a code and its indicator emptied", opened(write(A7="", E7="")), says="I03 J7"),
    Case(
        "every code and indicator emptied",  # the numbers alone are not trusted
        opened(at("A6:A12", "ClearContents"), at("E6:E12", "ClearContents")),
        read="- - - - - - -",
        left=EVERY_CELL,
    ),
    Case(
        "the captions deleted",
        opened(at("A5", "DeleteRows")),
        read="J5 J6 J7 J8 J9 - J11",
        left={"E14": "李四"},
    ),
    Case(
        "the caption of the answers reworded",
        opened(write(J5="说明")),
        read="- - - - - - -",
        left={"J5": "说明", **EVERY_CELL},
    ),
    Case("another caption reworded", opened(write(G5="材料")), left={"G5": "材料", **SIGNED}),
    Case("the title edited", opened(write(A1="我局的表")), left={"A1": "我局的表", **SIGNED}),
    Case(
        "a locked text edited",
        opened(write(G7="别的")),
        left={"G7": "别的", **SIGNED},
        says="R01 G7",
    ),
    # --- sheets
    Case("the sheet renamed", opened(["rename", FORM, "发改委"]), sheet="发改委"),
    Case(
        "the other sheets removed",
        opened(["remove", LIST, GUIDE, w.STAMP_SHEET]),
        typed=TABLE,
    ),
    Case("the sheet alone", alone(), typed=TABLE),
    Case(
        "the sheet alone, its codes emptied",  # the title still names the unit
        alone(at("A6:A12", "ClearContents")),
        says="I03 J6 J7 J8 J9 J10 B11 J12",
        typed=TABLE,
    ),
    Case("the visible block as values", pasted("A1:M16"), sheet=NEW, typed=TABLE),
    Case(
        "the block without codes, assigned by the clerk",
        pasted("D1:J16"),
        sheet=NEW,
        read="G6 G7 G8 G9 G10 - G12",
        left={"B15": "李四"},
        says="I03 G6 G7 G8 G9 G10 A11 G12, V01 G6",
        typed=TABLE,
        became={"35": ""},
        assigned="市发改委",
    ),
    Case(
        "two forms of one unit",
        opened(["bring", "later.xlsx", FORM, 2]),
        read="J6 填报表_2!J7 J8 J9 J10 填报表_2!J11 J12",
        says="X01 填报表_2!J7",
        typed=BOOK | typed("later", FORM),
    ),
    Case(
        "the block without codes",
        pasted("D1:J16"),
        sheet=NEW,
        read="- - - - - - -",
        left={
            "G6": "清理文件 35 件",
            "G7": "第一段 1。\n第二段 2。",
            "G8": "=1+1",
            "G9": "00123",
            "G10": "𠮷野 😀 8",
            "F12": "无此情况",
            "G12": "全年没有 1 起",
            "B15": "李四",
        },
        says="F06",
        file="rejected F06",
        typed=TABLE,
        became={"35": ""},
    ),
    Case(
        "nothing but codes and answers",
        alone(at("B6:I6", "DeleteColumns"), at("C6:E6", "DeleteColumns")),
        read="- - - - - - -",
        left={
            "A4": "#REF!",
            "B6": "清理文件 35 件",
            "B7": "第一段 1。\n第二段 2。",
            "B8": "=1+1",
            "B9": "00123",
            "B10": "𠮷野 😀 8",
            "B12": "全年没有 1 起",
        },
        says="F06",
        file="rejected F06 01",
        typed=TABLE,
        became={"35": "", "无此情况": "", "李四": ""},
    ),
    Case(
        "forms of two units",
        opened(["bring", "other.xlsx", FORM, 2]),
        says="I01 填报表_2!J6",
        file="accepted",
        typed=BOOK | typed("other", FORM),
        others="填报表_2!J6 填报表_2!J7",
    ),
    Case(
        "a filter that hides rows",
        opened(at("A5:M12", "DataFilterAutoFilter"), at("A7:A9", "HideRow")),
    ),
    Case(
        "a formula on another sheet",
        opened(["type", GUIDE, [["C3", '="见 "&6&" 件"']]]),
        left={"填写说明!C3": "见 6 件", **SIGNED},
    ),
    Case(
        "a formula above the captions",
        opened(["type", FORM, [["N2", '="见 "&6&" 件"']]]),
        left={"N2": "见 6 件", **SIGNED},
    ),
    # --- the answers themselves
    Case("an answer merged with a blank one", opened(at("J10:J11", "MergeCells"))),
    Case("two answers merged", opened(at("J8:J9", "MergeCells"))),
    Case("an answer struck through in part", opened(["strike", FORM, "J7", 4])),
    Case(
        "an answer in a comment",
        opened(["comment", FORM, "J11", "见 6 件"]),
        left={"J11": "见 6 件", **SIGNED},
    ),
    Case(
        "every line below the table filled",
        opened(write(H15="0898", J15="王五", E16="赵六", J16="2019-10-20")),
        left={"H15": "0898", "J15": "王五", "E16": "赵六", "J16": "2019-10-20", **SIGNED},
    ),
    Case(
        "an answer right of the table",
        opened(write(N5="备注", N11="见 6 件")),
        left={"N5": "备注", "N11": "见 6 件", **SIGNED},
    ),
    Case(
        "an answer on another sheet",
        opened(write(GUIDE, C3="见 6 件")),
        left={"填写说明!C3": "见 6 件", **SIGNED},
    ),
    Case(
        "evidence without its code",
        opened(write(LIST, A3="")),
        left={"佐证材料!B3": "通报.pdf", "佐证材料!E3": "1", **SIGNED},
    ),
]

# --- the files -----------------------------------------------------------------------------

SITTING = 20
"""Cases in one session."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every case as a file in a folder of its own."""
    folder = tmp_path_factory.mktemp("survival")
    session(folder, *(step for name in FORMS for step in filled(folder, name)))
    for case in CASES:
        (folder / case.name).mkdir()
    for start in range(0, len(CASES), SITTING):
        some = CASES[start : start + SITTING]
        session(folder, *(step for case in some for step in made(case)))
    for case in CASES:
        if case.then:
            case.then(returned(folder, case))
    return folder


def filled(folder: Path, name: str) -> Iterator[Step]:
    unit, sheets = FORMS[name]
    (folder / f"{name}.blank.xlsx").write_bytes(form.build(PLAN, PLAN.unit[unit]))
    yield ["open", f"{name}.blank.xlsx"]
    for sheet, rows in sheets.items():
        yield ["type", sheet, [job for cells in rows.values() for job in cells.items()]]
    yield from saved(f"{name}.xlsx")


def made(case: Case) -> Iterator[Step]:
    """Its steps; then it is saved, and opened and saved again in the next format."""
    kinds = case.saved.split()
    yield from case.steps
    yield from saved(f"{case.name}/book.{kinds[0]}")
    for before, kind in pairwise(kinds):
        yield ["open", f"{case.name}/book.{before}"]
        yield from saved(f"{case.name}/book.{kind}")


def saved(path: str) -> list[Step]:
    return [["save", path], ["close"]]


def returned(folder: Path, case: Case) -> Path:
    return folder / case.name / f"book.{case.saved.split()[-1]}"


# --- what came of them ---------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_text_is_read_or_listed_by_its_cell(case: Case, folder: Path):
    manifest = collect.read_return(str(returned(folder, case)))
    clerk = {w.REGISTER_SHEET: {manifest.sha256: {"归属单位": case.assigned}}}
    result = batch(PLAN, arrival(manifest, "a"), clerk=clerk)
    [file] = result.received
    assert " ".join(filter(None, (file.verdict, file.rule, file.unit))) == case.file
    assert sources(result, "01", case.sheet) == case.read
    assert sources(result, "02", case.sheet) == case.others
    assert {place(x.where, case.sheet): x.text for x in result.leftover} == case.left
    assert spoken(result, case.sheet) == case.says
    kept = {(unit, key, case.became.get(text, text)) for unit, key, text in case.typed}
    nothing_lost(result, {each for each in kept if each[2]})


def place(where: Where | None, sheet: str) -> str:
    if where is None:
        return "-"
    return where.cell if where.sheet in ("", sheet) else f"{where.sheet}!{where.cell}"


def sources(result: Batch, unit: str, sheet: str) -> str:
    return " ".join(place(a.source, sheet) for a in result.answers if a.unit == unit)


def spoken(result: Batch, sheet: str) -> str:
    cells: dict[str, list[str]] = defaultdict(list)
    for finding in sorted(rules.run(result), key=lambda f: (f.rule, f.where.order)):
        if finding.rule[0] in ABOUT:
            cells[finding.rule].append(place(finding.where, sheet))
    return ", ".join(" ".join(filter(None, (rule, *at))) for rule, at in cells.items())


def nothing_lost(result: Batch, typed: set[Typed]) -> None:
    """Every text belongs to its own requirement or is left over, and no other has anything."""
    belonging = attributed(result)
    left = {leftover.text for leftover in result.leftover}
    assert {each for each in typed - belonging if each[2] not in left} == set()
    assert belonging - typed == set()


def attributed(result: Batch) -> set[Typed]:
    """Whatever was taken as said of a requirement."""
    versions = [version for answer in result.answers for version in answer.versions]
    found = {
        (v.unit, v.requirement, said)
        for v in versions
        for said in (v.text, v.choice, v.number_text, "" if v.number is None else f"{v.number:g}")
    }
    found |= {
        (e.unit, e.requirement, said)
        for e in result.evidence
        for said in (e.name, e.kind, e.date, str(e.pieces), e.note)
    }
    return {each for each in found if each[2]}
