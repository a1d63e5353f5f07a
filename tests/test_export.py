"""What is typed into the province's platform: the texts, the evidence, and the list to tick off."""

import csv
import io
import json
from dataclasses import replace
from hashlib import sha256
from urllib.parse import unquote

import mailroom
import openpyxl
import pytest
from batches import cell, edited, example, opened
from client import needs_office, session
from dump import dump
from openpyxl.comments import Comment
from samples import arrival, batch, master, requirement, returned
from test_report import NASTY

from pdsfz_xl import (
    campaign,
    collect,
    entries,
    entry_list,
    entry_notes,
    export,
    form,
    frames,
    identity,
    layout,
)
from pdsfz_xl import entry_wording as ew
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Duty, Indicator, Manifest, Unit

BOM = b"\xef\xbb\xbf"
FINAL = {w.FINAL_SHEET: {"02.1": {"定稿文本": "定 了\n稿"}, "03": {"定稿文本": "采用第二份"}}}


def made_of(result):
    return entries.entries(result)


def by_key(result):
    return {entry.key: entry for entry in entries.entries(result)}


def built(result, notes=None) -> bytes:
    return entry_list.build(result.master.settings, made_of(result), notes or {})


def texts_of(result) -> dict[str, str]:
    files = export.files(result, made_of(result), {})
    return {
        path.rpartition("/")[2]: data.decode("utf-8-sig").replace("\r\n", "\n")
        for path, data in files.items()
        if path.endswith(".txt") and not path.endswith("说明.txt")
    }


def one_answer(tmp_path, said: str, unit: str = "01", key: str = "02.2", clerk=None):
    plan = master()
    form_ = returned(plan, unit, {key: Filled("", said)}, tmp_path)
    return batch(plan, arrival(form_, "out/2-收件/甲.xlsx"), clerk=clerk)


# --- the texts -----------------------------------------------------------------------------


def test_the_list_as_text(golden, tmp_path):
    golden("entry.txt", dump(built(example(tmp_path, FINAL)[0])))


def test_a_file_named_by_its_key_holds_nothing_but_the_text(tmp_path):
    """The others say in their name why there is none, and hold every version in full."""
    said = texts_of(example(tmp_path)[0])
    assert said["02.2.txt"] == "有 1 项"
    assert said["02.1_超字数.txt"] == "字" * 1012
    assert said["03_待定.txt"] == (
        "待定\n【市司法局，第 1 份：旧.xlsx】\n旧说法 1\n【市司法局，第 2 份：新.xlsx】\n新说法 2"
    )
    assert said["04_待综合.txt"] == (
        "待综合\n【市司法局】\n一样 1\n【市公安局，非本单位职责】\n建议由市司法局填报"
    )
    assert len(said) == 4


def test_a_text_is_as_notepad_reads_it(tmp_path):
    files = export.files(*(r := example(tmp_path, FINAL)[0], made_of(r)), {})
    data = files["02_第2个三级指标的要求/02.1.txt"]
    assert data == BOM + "定 了\r\n稿".encode()


def test_what_counts_is_settled_then_revised_then_said_then_keyed(tmp_path):
    merged = {w.MERGED_SHEET: {"F201921-01-02.2": {"修改稿": "改写 1"}}}
    assert by_key(one_answer(tmp_path, "原文 1"))["02.2"].text == "原文 1"
    revised = by_key(one_answer(tmp_path, "原文 1", clerk=merged))["02.2"]
    assert (revised.text, revised.state) == ("改写 1", w.REVISED)
    both = {**merged, w.FINAL_SHEET: {"02.2": {"定稿文本": "定稿 1"}}}
    settled = by_key(one_answer(tmp_path, "原文 1", clerk=both))["02.2"]
    assert (settled.text, settled.state) == ("定稿 1", w.SETTLED)
    keyed = {w.MERGED_SHEET: {"F201921-01-02.2": {"代录内容": "照录 1"}}}
    typed = by_key(batch(master(), clerk=keyed))["02.2"]
    assert (typed.text, typed.state, typed.ready) == ("照录 1", w.KEYED, True)


def test_the_settled_text_decides_a_conflict_and_several_units(tmp_path):
    settled = {w.FINAL_SHEET: {"03": {"定稿文本": "甲"}, "04": {"定稿文本": "乙"}}}
    found = by_key(example(tmp_path, settled)[0])
    assert {found[key].file.rpartition("/")[2] for key in ("03", "04")} == {"03.txt", "04.txt"}


def test_who_said_nothing_is_named(tmp_path):
    """One of two units is not the city's answer yet: as on paper, 待综合."""
    result = one_answer(tmp_path, "甲说 1", unit="02", key="04")
    assert texts_of(result)["04_待综合.txt"] == "待综合\n【市司法局】\n甲说 1\n【市公安局，未报】"
    assert texts_of(result)["03_未报.txt"] == "未报\n【市司法局，未报】"


def test_why_a_bureau_passes_it_on_is_nothing_to_paste(tmp_path):
    plan = master()
    form_ = returned(plan, "01", {"02.2": Filled("非本单位职责", "建议由丙填")}, tmp_path)
    result = batch(plan, arrival(form_, "a"))
    entry = by_key(result)["02.2"]
    assert (entry.ready, entry.state, entry.count) == (False, w.NOT_OURS, 0)
    assert "建议由丙填" in texts_of(result)["02.2_非本单位职责.txt"]


def test_what_was_sent_back_or_changed_since_is_not_ready(tmp_path):
    """The text is there in full, under a name that says so; a settled text ends that."""
    judged = {"审核结论": "退回修改"}
    sent = one_answer(tmp_path, "原文 1", clerk={w.MERGED_SHEET: {"F201921-01-02.2": judged}})
    assert texts_of(sent)["02.2_退回修改.txt"] == "原文 1"
    old = identity.answer_digest("旧文 1", w.ANSWERED, None)
    judged = {"审核结论": "通过", w.ANSWER_DIGEST: old}
    clerk = {w.MERGED_SHEET: {"F201921-01-02.2": judged}}
    assert texts_of(one_answer(tmp_path, "原文 1", clerk=clerk))["02.2_待复审.txt"] == "原文 1"
    clerk |= {w.FINAL_SHEET: {"02.2": {"定稿文本": "定稿 1"}}}
    assert by_key(one_answer(tmp_path, "原文 1", clerk=clerk))["02.2"].ready


def test_the_lead_unit_comes_first():
    duties = (Duty("01"), Duty("02", w.LEAD))
    plan = master(requirements=(replace(requirement("03"), duties=duties),))
    assert by_key(batch(plan))["03"].units == ("市司法局（牵头）", "市发改委")


@pytest.mark.parametrize("said", NASTY)
def test_any_text_arrives_to_the_character(tmp_path, said):
    result = replace(one_answer(tmp_path, "占位"))
    answers = tuple(replace(a, text=said) if a.text else a for a in result.answers)
    result = replace(result, answers=answers)
    notes: dict = {}
    files = export.files(result, made_of(result), notes)
    assert files["02_第2个三级指标的要求/02.2.txt"] == BOM + said.replace("\n", "\r\n").encode()
    document = json.loads(files[export.DOCUMENT])
    assert said in [entry["text"] for entry in document["entries"]]
    path = tmp_path / "录入清单.xlsx"
    path.write_bytes(built(result))
    assert entry_notes.read(path) == {}


def test_half_a_character_is_spelt_out(tmp_path):
    result = one_answer(tmp_path, "占位")
    answers = tuple(replace(a, text="坏\ud800字") if a.text else a for a in result.answers)
    files = export.files(replace(result, answers=answers), made_of(result), {})
    assert all(isinstance(data, bytes) for data in files.values())


# --- folders -------------------------------------------------------------------------------


def test_every_indicator_has_its_folder_in_the_notices_order():
    plan = master(
        indicators=(
            Indicator(number=2, text="甲", requirements=("02.1", "02.2")),
            Indicator(number=5, text="乙", joined_to=2),
            Indicator(number=1, text="丙", material="省辖市政府不需提供材料。"),
        )
    )
    found = list(dict.fromkeys(entry.folder for entry in made_of(batch(plan))))
    assert found == ["02_甲", "05_乙", "01_丙", "03_第3个三级指标的要求", "04_第4个三级指标的要求"]
    files = export.files(batch(plan), made_of(batch(plan)), {})
    assert "与第2项合并填报" in files["05_乙/说明.txt"].decode("utf-8-sig")
    assert "不需提供材料" in files["01_丙/说明.txt"].decode("utf-8-sig")


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("a/b:c?\n“d”", "03_a／b：c？ “d”"),
        ("每年2期专题培训。", "03_每年2期专题培训"),
        ("甲乙" * 11 + "制度，人员均须", "03_" + "甲乙" * 11 + "制度…"),
        ("\u202e反\x07的。", "03_反的"),
        ("50%以上#号", "03_50％以上＃号"),
        ("", "03__"),
        ("../..", "03_／"),
        ("CON", "03__CON"),
        ("𠮷" * 100, "03_" + "𠮷" * 24 + "…"),
    ],
)  # fmt: skip
def test_a_folder_has_a_short_safe_name(text, folder):
    plan = master(requirements=(requirement("03", "01", text=text),), indicators=())
    assert by_key(batch(plan))["03"].folder == folder


def test_a_key_leads_to_its_file():
    """Whatever its folder is called."""
    text = "达到50%以上#号 空格&和[括]号%20"
    plan = master(requirements=(requirement("03", "01", text=text),), indicators=())
    sheet = opened(built(batch(plan)))[ew.ENTRY_SHEET]
    link = sheet["C2"].hyperlink
    assert unquote(link.target).replace("\\", "/") == by_key(batch(plan))["03"].file
    assert link.location is None


# --- evidence ------------------------------------------------------------------------------


def with_evidence(tmp_path, *listed: tuple[str, str]):
    """Unit 01 lists files for its requirements, and `照片.jpg` came beside the form."""
    plan = master()
    filled = {"02.1": Filled("", "甲 1", 2.0), "02.2": Filled("", "乙 2")}
    book = openpyxl.load_workbook(io.BytesIO(form.build(plan, plan.unit["01"], filled)))
    for row, (key, name) in enumerate(listed, 2):
        book[w.EVIDENCE_SHEET].cell(row, 1).value = form.row_code(plan, "01", plan.requirement[key])
        book[w.EVIDENCE_SHEET].cell(row, 2).value = name
    book.save(tmp_path / "表.xlsx")
    photo = Manifest(sha256=sha256(b"photo").hexdigest(), rule="F01", detail="图片")
    return batch(
        plan,
        arrival(collect.read_return(str(tmp_path / "表.xlsx")), "out/2-收件/表.xlsx"),
        arrival(photo, "out/2-收件/照片.jpg"),
    )


def test_one_file_serves_two_requirements(tmp_path):
    result = with_evidence(
        tmp_path, ("02.1", "照片.jpg"), ("02.2", "照片.jpg"), ("02.2", "没来.pdf")
    )
    copies = export.evidence(made_of(result))
    folder = "02_第2个三级指标的要求"
    assert list(copies) == [
        f"{folder}/02.1_佐证材料/市发改委_照片.jpg",
        f"{folder}/02.2_佐证材料/市发改委_照片.jpg",
    ]
    assert {filed.path for filed in copies.values()} == {"out/2-收件/照片.jpg"}
    names = list(entries.evidence_names(by_key(result)["02.2"]))
    assert names == ["市发改委_照片.jpg", "没来.pdf（没有收到文件）"]


def test_held_bytes_are_not_copied(tmp_path):
    result = with_evidence(tmp_path, ("02.1", "照片.jpg"))
    received = tuple(
        replace(f, verdict="held") if f.path.endswith(".jpg") else f for f in result.received
    )
    assert export.evidence(made_of(replace(result, received=received))) == {}


def test_two_files_of_one_name_are_both_copied(tmp_path):
    result = with_evidence(tmp_path, ("02.1", "照片.jpg"))
    one = result.filed[0]
    odd = ("照片.JPG", "../../逃.jpg", "坏:名?.pdf", "无后缀.", ".隐藏")
    more = tuple(one._replace(name=n, sha256=sha256(n.encode()).hexdigest()) for n in odd)
    copies = export.evidence(made_of(replace(result, filed=(one, *more))))
    assert len(copies) == 6
    assert len({path.casefold() for path in copies}) == 6
    assert all(path.count("/") == 2 and ".." not in path for path in copies)


# --- the clerk's columns -------------------------------------------------------------------

ROW = {"02.1": 3, "02.2": 4, "03": 5, "04": 6}


def after(tmp_path, result, edit, notes=None):
    """What is read of the list after somebody worked in it."""
    path = edited(tmp_path, built(result, notes), lambda book: edit(book[ew.ENTRY_SHEET], book))
    return entry_notes.read(path)


def tick(key: str, **more: str):
    def edit(sheet, _):
        for caption, said in {ew.ENTERED: w.YES, **more}.items():
            cell(sheet, ROW[key], caption).value = said

    return edit


def state(result, notes, key: str) -> str:
    values = {e.key: entries.values(e, notes) for e in made_of(result)}
    return str(values[key]["提醒"])


def test_what_the_clerk_wrote_is_carried_over(tmp_path):
    result = example(tmp_path)[0]
    notes = after(tmp_path, result, tick("02.2", 录入人="李四", 录入时间="2019-10-28 9:30"))
    shown = notes[ew.ENTRY_SHEET]["02.2"]
    assert (shown[ew.ENTERED], shown["录入人"], shown[ew.ENTERED_AT]) == (
        "是", "李四", "2019-10-28 9:30",
    )  # fmt: skip
    data = built(result, notes)
    (tmp_path / "b.xlsx").write_bytes(data)
    assert entry_notes.read(tmp_path / "b.xlsx") == notes
    assert built(result, entry_notes.read(tmp_path / "b.xlsx")) == data


def reversed_rows(sheet, _):
    tick("03")(sheet, _)
    rows = [[c.value for c in row] for row in sheet.iter_rows(min_row=2)]
    for row, values in enumerate(reversed(rows), 2):
        for column, value in enumerate(values, 1):
            sheet.cell(row, column).value = value


def column_inserted(sheet, _):
    tick("03")(sheet, _)
    sheet.insert_cols(2)


def rows_above(sheet, _):
    tick("03")(sheet, _)
    sheet.insert_rows(1, 3)


def sheet_renamed(sheet, _):
    tick("03")(sheet, _)
    sheet.title = "平台"


def sheet_copied(sheet, book):
    tick("03")(sheet, book)
    book.copy_worksheet(sheet).title = "录入清单 (2)"


@pytest.mark.parametrize(
    "edit", [reversed_rows, column_inserted, rows_above, sheet_renamed, sheet_copied]
)
def test_wherever_the_clerk_moved_it(tmp_path, edit):
    result = example(tmp_path)[0]
    expected = after(tmp_path, result, tick("03"))
    assert expected.keys() == {ew.ENTRY_SHEET}
    assert after(tmp_path, result, edit) == expected


def test_a_change_after_the_entry_is_said_until_it_is_entered_again(tmp_path):
    old, new = one_answer(tmp_path, "旧 1"), one_answer(tmp_path, "新 2")
    notes = after(tmp_path, old, tick("02.2", 录入时间="10-28"))
    assert state(old, notes, "02.2") == ""
    assert state(new, notes, "02.2") == ew.CHANGED_SINCE
    unmoved = after(tmp_path, new, tick("02.2", 录入人="李四", 备注="看过"), notes)
    assert state(new, unmoved, "02.2") == ew.CHANGED_SINCE
    again = after(tmp_path, new, tick("02.2", 录入时间="10-29"), unmoved)
    assert state(new, again, "02.2") == ""
    assert state(old, again, "02.2") == ew.CHANGED_SINCE


def test_new_evidence_is_a_change_too(tmp_path):
    result = with_evidence(tmp_path, ("02.1", "照片.jpg"))
    notes = after(tmp_path, result, tick("02.1"))
    assert state(result, notes, "02.1") == ""
    assert state(replace(result, filed=()), notes, "02.1") == ew.CHANGED_SINCE


def test_a_tick_taken_back_is_forgotten(tmp_path):
    result = example(tmp_path)[0]
    notes = after(tmp_path, result, tick("02.2"))
    blank = after(tmp_path, result, tick("02.2", 已录入=None), notes)
    assert blank == {}


def test_the_clerks_own_columns_comments_and_sheets_are_kept(tmp_path):
    def edit(sheet, book):
        width = len(layout.ENTRY)
        sheet.cell(1, width + 1).value = "平台编号"
        sheet.cell(ROW["03"], width + 1).value = "P-7"
        cell(sheet, ROW["03"], ew.ENTERED).comment = Comment("问过省厅", "李四")
        sheet.cell(40, 3).value = None
        sheet.cell(40, 5).value = "表下面的话"
        book.create_sheet("我的").cell(1, 1).value = "便条"

    result = example(tmp_path)[0]
    notes = after(tmp_path, result, edit)
    assert notes[ew.ENTRY_SHEET]["03"] == {"平台编号": "P-7", "批注：已录入": "问过省厅"}
    book = opened(built(result, notes))
    sheet = book[ew.ENTRY_SHEET]
    assert cell(sheet, ROW["03"], "平台编号").value == "P-7"
    assert not cell(sheet, ROW["02.1"], "平台编号").protection.locked
    lost = [[c.value for c in row] for row in book[w.ORPHAN_SHEET].iter_rows(min_row=2)]
    assert ["我的", "第 1 行", "整行", "便条"] in [row[:4] for row in lost]
    assert "表下面的话" in [row[3] for row in lost]
    (tmp_path / "b.xlsx").write_bytes(built(result, notes))
    assert entry_notes.read(tmp_path / "b.xlsx") == notes


def test_a_second_comment_joins_the_first(tmp_path):
    def comment(said: str):
        def edit(sheet, _):
            cell(sheet, ROW["02.2"], ew.ENTERED).comment = Comment(said, "经办人")

        return edit

    result = example(tmp_path)[0]
    notes = after(tmp_path, result, comment("平台退回过"))
    notes = after(tmp_path, result, comment("已重录"), notes)
    said = notes[ew.ENTRY_SHEET]["02.2"][w.comment_on(ew.ENTERED)]
    assert "平台退回过" in said
    assert "已重录" in said


def test_a_memo_named_like_the_list_is_the_clerks_own(tmp_path):
    def edit(_, book):
        book.create_sheet("录入清单2")["B3"] = "平台周五维护"

    assert "平台周五维护" in str(after(tmp_path, example(tmp_path)[0], edit)["录入清单2"])


def test_notes_on_a_row_that_is_gone_wait_for_it(tmp_path):
    result = example(tmp_path)[0]
    notes = after(tmp_path, result, tick("03", 备注="等补充"))
    fewer = batch(master(requirements=master().requirements[:2], indicators=()))
    data = built(fewer, notes)
    (tmp_path / "b.xlsx").write_bytes(data)
    assert w.ORPHAN_SHEET in opened(data).sheetnames
    assert entry_notes.read(tmp_path / "b.xlsx") == notes
    assert w.ORPHAN_SHEET not in opened(built(result, notes)).sheetnames


def test_a_text_edited_in_the_list_is_kept_as_a_proposal(tmp_path):
    result = example(tmp_path)[0]
    notes = after(tmp_path, result, tick("02.2", 文本="我改的话", 已录入=None))
    assert notes == {ew.ENTRY_SHEET: {"02.2": {w.PROPOSAL: "我改的话"}}}
    assert by_key(result)["02.2"].text == "有 1 项"


def test_a_list_without_its_captions_is_not_overwritten(tmp_path):
    with pytest.raises(OperatorError, match="标题行"):
        after(tmp_path, example(tmp_path)[0], lambda sheet, _: sheet.delete_rows(1))


def test_a_text_beyond_a_cell_names_its_file(tmp_path):
    result = one_answer(tmp_path, "占位")
    answers = tuple(replace(a, text="𠮷" * 20_000) if a.text else a for a in result.answers)
    result = replace(result, answers=answers)
    sheet = opened(built(result))[ew.ENTRY_SHEET]
    shown = cell(sheet, ROW["02.2"], ew.ENTRY_TEXT).value
    assert ew.is_cut(shown)
    assert texts_of(result)["02.2_超字数.txt"] == "𠮷" * 20_000
    assert after(tmp_path, result, lambda *_: None) == {}


def test_only_the_clerks_cells_are_open(tmp_path):
    sheet = opened(built(example(tmp_path)[0]))[ew.ENTRY_SHEET]
    assert sheet.protection.sheet
    assert not sheet.protection.objects  # false: comments are not forbidden
    for row in sheet.iter_rows(min_row=2, max_col=len(layout.ENTRY)):
        for at, spec in zip(row, layout.ENTRY, strict=True):
            assert at.protection.locked == (not spec.clerk), at.coordinate


@needs_office
def test_the_list_saved_by_libreoffice_reads_the_same(tmp_path):
    result = example(tmp_path)[0]
    expected = after(tmp_path, result, tick("02.2", 录入时间="2019-10-28"))
    (tmp_path / "form.xlsx").write_bytes(built(result))
    ticked, timed = (
        layout.cell_name(
            ROW["02.2"] - 1,
            next(i for i, spec in enumerate(layout.ENTRY) if spec.caption == caption),
        )
        for caption in (ew.ENTERED, ew.ENTERED_AT)
    )
    session(
        tmp_path,
        ["open", "form.xlsx"],
        ["type", ew.ENTRY_SHEET, [(ticked, "是"), (timed, "2019-10-28")]],
        ["save", "saved.xlsx"],
    )
    assert entry_notes.read(tmp_path / "saved.xlsx") == expected


# --- the list as data ----------------------------------------------------------------------


@pytest.mark.parametrize("said", ["=1+1", "+86", "-3%", "@x", "\tx", "\rx", "＝1+1", "＠x"])
def test_no_cell_of_the_csv_is_a_formula(tmp_path, said):
    result = one_answer(tmp_path, "占位")
    answers = tuple(replace(a, text=said) if a.text else a for a in result.answers)
    result = replace(result, answers=answers)
    data = export.table(made_of(result), {})
    assert data.startswith(BOM)
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert f"'{said}" in [row[ew.ENTRY_TEXT] for row in rows]
    assert not [c for row in rows for c in row.values() if c and c[0] in "=+-@\t\r＝＋－＠"]


def test_the_same_batch_gives_the_same_bytes(tmp_path):
    (tmp_path / "a").mkdir()
    result = example(tmp_path / "a")[0]
    files = export.files(result, made_of(result), {})
    assert export.files(result, made_of(result), {}) == files
    assert built(result) == built(result)


def test_the_document_names_every_file_with_its_digest(tmp_path):
    result = with_evidence(tmp_path, ("02.1", "照片.jpg"))
    files = export.files(result, made_of(result), {})
    known = export.written_before(files[export.DOCUMENT])
    in_folders = {p: sha256(d).hexdigest() for p, d in files.items() if "/" in p}
    copies = {p: filed.sha256 for p, filed in export.evidence(made_of(result)).items()}
    assert known == {**in_folders, **copies}


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", "C:/x", "a\\..\\x", "", "a//b", ".", "a/\x00"]
)
def test_a_path_that_leads_out_is_not_believed(path):
    said = {"files": {path: "0" * 64, "06_甲/06.2.txt": "1" * 64}}
    assert export.written_before(json.dumps(said).encode()) == {"06_甲/06.2.txt": "1" * 64}


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"files": 1}', b"\xff", b"[" * 100_000])
def test_a_damaged_document_remembers_nothing(data):
    assert export.written_before(data) == {}


def test_without_pyarrow_there_is_no_parquet(tmp_path, monkeypatch):
    result = example(tmp_path)[0]
    monkeypatch.setattr(frames, "can_parquet", lambda: False)
    files = export.files(result, made_of(result), {})
    assert not set(export.PARQUET) & files.keys()
    assert "录入清单.csv" in files


@pytest.mark.parametrize(
    ("quantity", "before"),
    [
        ("9条", "9 条"),
        ("甲局 9.5万元\n乙局 12件", "甲局 9.5 万元\n乙局 12 件"),
        ("三十条", "三十条"),
    ],
)
def test_a_list_from_before_figures_lost_their_blank_is_no_change(tmp_path, quantity, before):
    """What the clerk ticked stays ticked; another number is a change all the same."""
    [entry, *_] = made_of(example(tmp_path)[0])
    ticked = f"{replace(entry, quantity=before).digest}.是"
    assert not replace(entry, quantity=quantity).changed_since(ticked)
    assert replace(entry, quantity=f"1{quantity}").changed_since(ticked)


# --- a part --------------------------------------------------------------------------------


def test_a_part_has_a_folder_of_its_own_and_leaves_the_whole_and_the_ticks(tmp_path):
    ws = mailroom.workspace(tmp_path, units=4)
    mailroom.edit(ws, {(w.TABLE_SHEET, "G3"): "甲02局（牵头）、甲01局（配合）"})
    mailroom.fill(ws, "03", "三.xlsx", "先写的。")
    campaign.export(ws, mailroom.NOW)
    listed = ws.uploads / "录入清单.xlsx"
    book = openpyxl.load_workbook(listed)
    tick = next(c for c in book[ew.ENTRY_SHEET][1] if c.value == ew.ENTERED).column
    book[ew.ENTRY_SHEET].cell(4, tick).value = w.YES
    book.save(listed)
    before = {path: path.read_bytes() for path in ws.uploads.rglob("*") if path.is_file()}

    done = campaign.export(ws, mailroom.NOW, units="01")
    folder = ws.uploads / "部分_甲01局"
    made = json.loads((folder / export.DOCUMENT).read_bytes())
    assert [entry["requirement"] for entry in made["entries"]] == ["01", "02"]
    assert done.more["states"] == {w.UNANSWERED: 2}
    assert not list(folder.glob("*.xlsx"))
    assert {p: p.read_bytes() for p in before} == before
    third = campaign.export(ws, mailroom.NOW, units="03").outputs["entries"]
    assert "先写的。" in (ws.root / third).read_text("utf-8-sig")
    assert ",是," in (ws.root / third).read_text("utf-8-sig")

    mailroom.fill(ws, "01", "一.xlsx", "后来写的。")
    campaign.export(ws, mailroom.NOW, units="甲01局")
    assert sorted(p.name for p in folder.rglob("0*.txt")) == ["01.txt", "02_待综合.txt"]
    parts = {path: path.read_bytes() for path in ws.uploads.glob("部分_*/**/*") if path.is_file()}
    campaign.export(ws, mailroom.NOW)
    assert {path: path.read_bytes() for path in parts} == parts
    notes = entry_notes.read(listed)[ew.ENTRY_SHEET]
    assert [key for key, cells in notes.items() if ew.ENTERED in cells] == ["03"]


def test_two_parts_never_share_a_folder():
    units = [Unit(code=f"{i:02d}", name=f"第{i}个单位的名称") for i in range(1, 9)]
    assert export.part(units[:2]) == "部分_第1个单位的名称、第2个单位的名称"
    assert len({export.part(units[at : at + 4]) for at in range(5)}) == 5
    assert export.part(units).startswith("部分_8个单位_")


def test_a_part_with_nothing_to_type_in_is_refused(tmp_path):
    ws = mailroom.workspace(tmp_path, units=2)
    mailroom.edit(ws, {(w.TABLE_SHEET, "G3"): "甲01局"})
    with pytest.raises(OperatorError, match="没有要录入平台的事项"):
        campaign.export(ws, mailroom.NOW, units="02")
    assert not list(ws.uploads.glob("*"))
