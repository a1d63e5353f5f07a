"""The merge: answer by answer, in any order, and nothing is lost."""

import itertools
from dataclasses import replace
from datetime import date

import pytest
from counts import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import AFTER, NOW, arrival, batch, master, requirement, returned

from pdsfz_xl import form, identity, layout, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import FormRow, Loose, Manifest, Typed, Unit, Waiver

DONE = Filled("已填报", "已开展工作，办理 3 件。")


def said(result, unit: str, key: str) -> str:
    return result.answer[unit, key].text


def test_two_halves_make_a_whole(tmp_path):
    plan = master()
    one = returned(plan, "01", {"02.1": Filled("", "上半", 5.0)}, tmp_path)
    two = returned(plan, "01", {"02.2": DONE}, tmp_path)
    result = batch(plan, arrival(one, "a.xlsx"), arrival(two, "b.xlsx"))
    assert [a.answered for a in result.answers if a.unit == "01"] == [True, True]
    assert result.answer["01", "02.1"].number == 5
    assert result.standings[0].status == "complete"
    assert result.standings[0].files == ("a.xlsx", "b.xlsx")


def test_different_texts_are_a_conflict_and_the_later_counts_for_now(tmp_path):
    plan = master()
    old = returned(plan, "03", {"04": Filled("", "旧的说法")}, tmp_path)
    new = returned(plan, "03", {"04": Filled("", "新的说法")}, tmp_path)
    result = batch(plan, arrival(new, "a.xlsx", AFTER), arrival(old, "b.xlsx", NOW))
    answer = result.answer["03", "04"]
    assert answer.text == "新的说法"
    assert answer.open_conflict
    assert [v.text for v in answer.versions] == ["旧的说法", "新的说法"]
    assert [f.rule for f in rules.run(result) if f.rule == "X01"] == ["X01"]


def test_the_save_time_in_the_file_decides_before_our_first_sight(tmp_path):
    plan = master()
    first = replace(returned(plan, "03", {"04": Filled("", "先存")}, tmp_path), saved="2019-10-01")
    last = replace(returned(plan, "03", {"04": Filled("", "后存")}, tmp_path), saved="2019-10-09")
    result = batch(plan, arrival(first, "a.xlsx", AFTER), arrival(last, "b.xlsx", NOW))
    assert said(result, "03", "04") == "后存"


def later(form: Manifest, n: int, saved: str) -> Manifest:
    return replace(form, sha256=f"{n:064d}", saved=saved)


def test_what_was_said_again_later_counts(tmp_path):
    """甲, then 乙, then 甲 again: it is 甲."""
    plan = master()
    one = returned(plan, "03", {"04": Filled("", "甲 1")}, tmp_path)
    two = returned(plan, "03", {"04": Filled("", "乙 2")}, tmp_path)
    result = batch(
        plan,
        arrival(later(one, 1, "2019-10-01T00:00:00Z"), "1.xlsx"),
        arrival(later(two, 2, "2019-10-02T00:00:00Z"), "2.xlsx"),
        arrival(later(one, 3, "2019-10-03T00:00:00Z"), "3.xlsx"),
    )
    assert said(result, "03", "04") == "甲 1"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("2019-10-20T00:00:00Z", NOW), ("", AFTER)),  # no save time: our first sight
        (("2019-10-20T23:00:00Z", NOW), ("2019-10-21T23:00:00+08:00", NOW)),  # 15:00Z, later
        (("2031-01-01T00:00:00Z", NOW), ("", AFTER)),  # a clock that is wrong
    ],
)
def test_which_file_is_later(tmp_path, one, two):
    plan = master()
    first = returned(plan, "03", {"04": Filled("", "先说 1")}, tmp_path)
    second = returned(plan, "03", {"04": Filled("", "后说 2")}, tmp_path)
    result = batch(
        plan,
        arrival(later(first, 2, one[0]), "1.xlsx", one[1]),
        arrival(later(second, 1, two[0]), "2.xlsx", two[1]),
    )
    assert said(result, "03", "04") == "后说 2"


def test_a_number_alone_goes_to_the_text_that_counts(tmp_path):
    plan = master()
    filled = (Filled("", "旧说法"), Filled("", "新说法"), Filled("", "", 7.0))
    forms = [later(returned(plan, "01", {"02.1": f}, tmp_path), i, f"2019-10-0{i}") for i, f in
             enumerate(filled, 1)]  # fmt: skip
    result = batch(plan, *(arrival(form, f"{i}.xlsx") for i, form in enumerate(forms)))
    answer = result.answer["01", "02.1"]
    assert (answer.text, answer.number) == ("新说法", 7.0)
    assert [(v.text, v.number) for v in answer.versions] == [("旧说法", None), ("新说法", 7.0)]
    assert result.leftover == ()


def test_a_bare_refusal_contradicts_a_text_and_is_not_glued_to_it(tmp_path):
    plan = master()
    one = later(returned(plan, "03", {"04": DONE}, tmp_path), 1, "2019-10-01")
    two = later(returned(plan, "03", {"04": Filled("非本单位职责", "")}, tmp_path), 2, "2019-10-02")
    result = batch(plan, arrival(one, "1.xlsx"), arrival(two, "2.xlsx"))
    answer = result.answer["03", "04"]
    assert (answer.text, answer.status, answer.open_conflict) == (DONE.text, w.ANSWERED, True)
    assert [left.text for left in result.leftover] == ["非本单位职责"]


def _typed(manifest: Manifest, key: str, caption: str, text: str, **more) -> Manifest:
    """The form with one cell of one row typed over."""
    rows = []
    for row in manifest.rows:
        cells = dict(row.cells)
        if f"-{key}-" in cells.get(w.CODE, Typed("", "text", "")).text:
            old = cells.get(caption, Typed(f"K{row.row}", "text", ""))
            cells[caption] = Typed(old.cell, "text", text)._replace(**more)
        rows.append(row._replace(cells=cells))
    return replace(manifest, rows=tuple(rows))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("35", 35), ("35.5", 35.5), ("1,234", 1234), ("1,234,567.8", 1234567.8), ("３５", 35),
        (" 35\n", 35), ("35\n40", None), ("12，15", None), ("12，150", None), ("1_000", None),
        ("2018 2019", None), ("-5", None), ("50%", None), ("1,2", None), ("三十", None),
        ("1e5", None), ("", None), ("9" * 400, None), ("0.12345678901234567890123", None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_stands_or_not_at_all(text, number, tmp_path):
    plan = master()
    form = returned(plan, "01", {"02.1": Filled("", "说明", 1.0), "02.2": DONE}, tmp_path)
    result = batch(plan, arrival(_typed(form, "02.1", w.QUANTITY, text), "a.xlsx"))
    answer = result.answer["01", "02.1"]
    assert answer.number == number
    assert ("V01" in {f.rule for f in rules.run(result)}) == (number is None)
    assert bool(result.leftover) == (number is None and text != "")


@pytest.mark.parametrize(("value", "shown", "ok"), [
    (0.5, "50%", True), (-5.0, "-5", False), (0.0, "0", True), (1234.5, "1,234.50", True),
    (1e16, "1E+16", False),
])  # fmt: skip
def test_a_number_cell_is_judged_by_what_it_holds(value, shown, ok, tmp_path):
    """As the form's validation does, which takes 50% and refuses -5."""
    plan = master()
    form = returned(plan, "01", {"02.1": Filled("", "说明", 1.0)}, tmp_path)
    form = _typed(form, "02.1", w.QUANTITY, shown, kind="number", value=value)
    result = batch(plan, arrival(form, "a.xlsx"))
    assert result.answer["01", "02.1"].number == (value if ok else None)
    assert ("V01" in {f.rule for f in rules.run(result)}) != ok


def test_a_wrong_number_is_pointed_at_in_the_file_it_stands_in(tmp_path):
    plan = master()
    one = returned(plan, "01", {"02.1": Filled("", "说明")}, tmp_path)
    two = _typed(returned(plan, "01", {"02.1": Filled("", "说明", 1.0)}, tmp_path), "02.1",
                 w.QUANTITY, "三十条")  # fmt: skip
    result = batch(plan, arrival(one, "1.xlsx", NOW), arrival(two, "2.xlsx", AFTER))
    [found] = [f for f in rules.run(result) if f.rule == "V01"]
    assert (found.where.file, found.where.cell[0]) == ("2.xlsx", "K")


@pytest.mark.parametrize(("key", "mistyped"), [("-02.1-", "-02.2-"), ("-01-", "-02-")])
def test_a_mistyped_code_that_names_another_row_is_found_by_its_check(key, mistyped, tmp_path):
    plan = master()
    form = returned(plan, "01", {"02.1": Filled("", "这一项", 5.0), "02.2": DONE}, tmp_path)
    code = next(r.cells[w.CODE].text for r in form.rows if "-02.1-" in r.cells[w.CODE].text)
    form = _typed(form, "02.1", w.CODE, code.replace(key, mistyped, 1))
    result = batch(plan, arrival(form, "a.xlsx"))
    assert said(result, "01", "02.1") == "这一项"
    assert said(result, "01", "02.2") == DONE.text
    assert [f.rule for f in rules.run(result) if f.rule in ("I01", "I02", "X01")] == ["I02"]


def test_the_row_of_a_unit_that_is_gone_counts_for_nobody(tmp_path):
    """Its code is genuine: nothing was mistyped, so it is not the others' in the file either."""
    gone = Unit(code="05", name="市粮食局", row=9)
    old = master(
        units=(*master().units, gone),
        requirements=(requirement("04", "02", "05"), *master().requirements[:3]),
    )
    theirs = returned(old, "05", {"04": Filled("", "粮食局的话 1")}, tmp_path)
    mine = returned(master(), "02", {"03": DONE}, tmp_path)
    both = replace(mine, rows=(*mine.rows, *theirs.rows))
    result = batch(master(), arrival(both, "a.xlsx"))
    assert not result.answer["02", "04"].answered
    assert "粮食局的话 1" in {left.text for left in result.leftover}
    alone = batch(master(), arrival(theirs, "b.xlsx"))
    assert (alone.received[0].rule, "05" in alone.received[0].message) == ("F06", True)
    assert "粮食局的话 1" in {left.text for left in alone.leftover}


def test_a_mistyped_unit_is_found_in_a_form_of_one_row_too(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    form = replace(form, unit="", campaign="", loose=())
    code = form.rows[0].cells[w.CODE].text
    result = batch(plan, arrival(_typed(form, "04", w.CODE, code.replace("-03-", "-02-")), "a"))
    assert said(result, "03", "04") == DONE.text
    assert not result.answer["02", "04"].answered


def test_a_standard_number_in_a_row_is_no_code(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    form = _typed(form, "04", w.METHOD, "按GB-T-9704-2012格式报送")
    rows = tuple(r._replace(cells={c: t for c, t in r.cells.items() if c != w.CODE})
                 for r in form.rows)  # fmt: skip
    result = batch(plan, arrival(replace(form, rows=rows), "a.xlsx"))
    assert (result.received[0].verdict, said(result, "03", "04")) == ("accepted", DONE.text)


def test_a_mistyped_code_in_the_evidence_is_left_over_and_said(tmp_path):
    plan = master()
    form = returned(plan, "02", {"03": DONE}, tmp_path)
    row = {w.CODE: "F201921-03-04-0000", w.FILE_NAME: "报道.pdf"}
    result = batch(plan, arrival(_listed(form, row), "a.xlsx"))
    assert result.evidence == ()
    assert {left.text for left in result.leftover} == {"F201921-03-04-0000", "报道.pdf"}
    assert "I02" in {f.rule for f in rules.run(result)}


def test_text_keyed_in_keeps_the_number_and_the_choice_the_unit_gave(tmp_path):
    plan = master()
    form = returned(plan, "01", {"02.1": Filled("非本单位职责", "", 7.0)}, tmp_path)
    clerk = {w.MERGED_SHEET: {"F201921-01-02.1": {"代录内容": "来函所述理由"}}}
    answer = batch(plan, arrival(form, "a.xlsx"), clerk=clerk).answer["01", "02.1"]
    assert (answer.text, answer.number, answer.status) == ("来函所述理由", 7, w.NOT_OURS)


def test_a_unit_that_sent_evidence_alone_sent_something(tmp_path):
    plan = master()
    form = returned(plan, "02", {"03": DONE}, tmp_path)
    row = {w.CODE: form.rows[0].cells[w.CODE].text, w.FILE_NAME: "报道.pdf"}
    result = batch(plan, arrival(replace(_listed(form, row), rows=()), "a.xlsx"))
    assert (result.standings[1].status, result.standings[1].files) == ("partial", ("a.xlsx",))
    found = {f.rule for f in rules.run(result) if f.unit == "市司法局"}
    assert not found & {"G01", "G03"}
    assert "G02" in found


def test_a_blank_row_that_moved_away_is_not_said_to_be_filled(tmp_path):
    plan = master()
    moved = tuple(
        replace(r, duties=r.duties[:1]) if r.key == "04" else r for r in plan.requirements
    )
    blank = returned(plan, "03", {}, tmp_path)
    result = batch(master(requirements=moved), arrival(blank, "a.xlsx"))
    assert "I04" not in {f.rule for f in rules.run(result)}


def test_a_deadline_at_the_end_of_time_is_a_deadline(tmp_path):
    plan = master(settings=replace(master().settings, deadline=date(9999, 12, 31)))
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    assert not batch(plan, arrival(form, "a.xlsx", AFTER)).answer["03", "04"].late


def test_a_unit_named_twice_for_one_requirement_owes_it_once(tmp_path):
    plan = master(requirements=(requirement("04", "03", "03"),))
    result = batch(plan, arrival(returned(plan, "03", {"04": DONE}, tmp_path), "a.xlsx"))
    assert len(result.answers) == 1


def test_what_is_written_on_the_hidden_sheet_is_somebodys_word(tmp_path):
    import openpyxl

    from pdsfz_xl import collect

    plan = master()
    path = tmp_path / "a.xlsx"
    path.write_bytes(form.build(plan, plan.unit["03"], {"04": DONE}))
    book = openpyxl.load_workbook(path)
    book[w.STAMP_SHEET]["H9"] = "写在这里的话"
    book[w.STAMP_SHEET].title = "_pdsfz (2)"
    book.save(path)
    result = batch(plan, arrival(collect.read_return(str(path)), "a.xlsx"))
    assert [(left.where.cell, left.text) for left in result.leftover] == [("H9", "写在这里的话")]


def test_words_beside_a_code_are_kept(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    code = form.rows[0].cells[w.CODE].text
    result = batch(plan, arrival(_typed(form, "04", w.CODE, f"{code} 不归我局管"), "a.xlsx"))
    assert said(result, "03", "04") == DONE.text
    assert [left.text for left in result.leftover] == [f"{code} 不归我局管"]


def test_a_text_of_the_guide_typed_into_the_table_is_somebodys_word(tmp_path):
    import openpyxl

    from pdsfz_xl import collect

    plan = master()
    words = w.EXAMPLE[1][1]
    path = tmp_path / "a.xlsx"
    path.write_bytes(form.build(plan, plan.unit["03"], {"04": DONE}))
    book = openpyxl.load_workbook(path)
    book[w.FORM_SHEET].cell(form.HEADER + 2, 15).value = words
    book.save(path)
    result = batch(plan, arrival(collect.read_return(str(path)), "a.xlsx"))
    assert [(left.where.cell, left.text) for left in result.leftover] == [("O6", words)]


def test_a_note_with_another_units_code_does_not_make_it_theirs(tmp_path):
    plan = master()
    note = Loose(w.FORM_SHEET, Typed("B20", "text", "见 F201921-02-04-0000 一行"))
    manifest = returned(plan, "03", {"04": DONE}, tmp_path)
    manifest = replace(manifest, loose=(*manifest.loose, note))
    [file] = batch(plan, arrival(manifest, "a.xlsx")).received
    assert file.unit == "03"


def _listed(manifest: Manifest, *rows: dict[str, str]) -> Manifest:
    """The form with rows of 佐证材料."""
    letters = {column.caption: "ABCDEF"[i] for i, column in enumerate(layout.EVIDENCE)}
    evidence = tuple(
        FormRow(
            w.EVIDENCE_SHEET,
            number,
            {c: Typed(f"{letters[c]}{number}", "text", text) for c, text in row.items()},
        )
        for number, row in enumerate(rows, 2)
    )
    return replace(manifest, evidence=evidence)


def test_evidence_listed_again_in_a_correction_counts_once(tmp_path):
    plan = master()
    form = returned(plan, "02", {"03": DONE, "04": DONE}, tmp_path)
    code = form.rows[0].cells[w.CODE].text
    row = {w.CODE: code, w.FILE_NAME: "报道.pdf", w.DATE: "2019-7-1", w.PIECES: "1"}
    again = replace(_listed(form, {**row, w.PIECES: "2"}), sha256="2" * 64)
    once = replace(_listed(form, row), sha256="3" * 64)
    result = batch(
        plan, *(arrival(m, p) for m, p in ((_listed(form, row), "1"), (again, "2"), (once, "3")))
    )
    assert [(e.where.file, e.pieces) for e in result.evidence] == [("1", 1), ("2", 2)]
    need = master(requirements=(requirement("03", "02", pieces=3), requirement("04", "02")))
    [short] = [f for f in rules.run(replace(result, master=need)) if f.rule == "E01"]
    assert "列了 2 件" in short.message


@pytest.mark.parametrize(
    ("said", "pieces"), [("3", 3), ("３", 3), (" 3 ", 3), ("9" * 5000, 1), ("三份", 1), ("-1", 1)]
)
def test_pieces_are_read_or_left_over(said, pieces, tmp_path):
    plan = master()
    form = returned(plan, "02", {"03": DONE}, tmp_path)
    row = {w.CODE: form.rows[0].cells[w.CODE].text, w.FILE_NAME: "报道.pdf", w.PIECES: said}
    result = batch(plan, arrival(_listed(form, row), "a.xlsx"))
    assert [e.pieces for e in result.evidence] == [pieces]
    assert [left.text for left in result.leftover] == ([said] if pieces == 1 else [])


def test_evidence_alone_is_accepted(tmp_path):
    plan = master()
    form = returned(plan, "02", {"03": DONE}, tmp_path)
    row = {w.CODE: form.rows[0].cells[w.CODE].text, w.FILE_NAME: "报道.pdf"}
    result = batch(plan, arrival(replace(_listed(form, row), rows=()), "a.xlsx"))
    assert (result.received[0].verdict, result.received[0].unit) == ("accepted", "02")


@pytest.mark.parametrize("void", [False, True])
def test_a_second_copy_of_a_held_or_void_file_is_no_way_around(void, tmp_path):
    plan = master()
    text = DONE.text if void else "机密★1年 工作情况"
    form = returned(plan, "03", {"04": Filled("", text)}, tmp_path)
    clerk = {w.REGISTER_SHEET: {form.sha256: {"作废": "是"}}} if void else {}
    copies = (arrival(form, "a.xlsx"), arrival(form, "b.xlsx", original=False))
    result = batch(plan, *copies, clerk=clerk)
    assert [f.verdict for f in result.received] == ["ignored" if void else "held"] * 2
    assert not result.answer["03", "04"].answered


def test_a_classification_mark_in_the_name_of_any_copy_holds_them_all(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    copies = (arrival(form, "a.xlsx"), arrival(form, "（机密）b.xlsx", original=False))
    assert {f.verdict for f in batch(plan, *copies).received} == {"held"}


def test_a_held_file_without_its_hidden_sheet_still_belongs_to_its_unit(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": Filled("", "机密★1年 工作情况")}, tmp_path)
    bare = replace(form, campaign="", unit="", stamped=False)
    result = batch(plan, arrival(bare, "a.xlsx"))
    assert result.received[0].unit == "03"
    assert result.standings[2].status == "received"
    assert result.standings[2].files == ("a.xlsx",)
    assert result.standings[2].received == NOW


def test_another_campaigns_form_is_nothing_received_whatever_the_clerk_assigns(tmp_path):
    other = master(settings=replace(master().settings, code="F201805"))
    form = returned(other, "03", {"04": DONE}, tmp_path)
    clerk = {w.REGISTER_SHEET: {form.sha256: {"归属单位": "市公安局"}}}
    result = batch(master(), arrival(form, "a.xlsx"), clerk=clerk)
    assert (result.received[0].rule, result.standings[2].status) == ("F04", "missing")


def test_places_are_sorted_as_people_read_them(tmp_path):
    cells = ["A10", "A2", "B1", "AA1", "Z1"]
    loose = tuple(Loose(w.FORM_SHEET, Typed(cell, "text", cell)) for cell in cells)
    manifest = replace(returned(master(), "03", {"04": DONE}, tmp_path), loose=loose)
    result = batch(master(), arrival(manifest, "a.xlsx"))
    assert [left.where.cell for left in result.leftover] == ["B1", "Z1", "AA1", "A2", "A10"]


@pytest.mark.parametrize("codes", [True, False])
def test_sorting_rows_takes_time_in_proportion_to_them(codes, tmp_path, monkeypatch):
    """Counted in the texts that are compared, not in seconds."""
    calls = 0
    squash = texts.squash

    def counting(text: str) -> str:
        nonlocal calls
        calls += 1
        return squash(text)

    counts = []
    for size in (40, 80):
        keys = [f"{n:02d}" for n in range(1, size + 1)]
        plan = master(requirements=tuple(requirement(key, "03") for key in keys))
        manifest = returned(plan, "03", dict.fromkeys(keys, DONE), tmp_path)
        if not codes:
            rows = (r._replace(cells={c: t for c, t in r.cells.items() if c != w.CODE})
                    for r in manifest.rows)  # fmt: skip
            manifest = replace(manifest, rows=tuple(rows))
        calls = 0
        monkeypatch.setattr(texts, "squash", counting)
        result = batch(plan, arrival(manifest, "a.xlsx"))
        monkeypatch.undo()
        assert all(answer.answered for answer in result.answers)
        counts.append(calls)
    assert counts[1] < 2.2 * counts[0]


def test_the_clerk_decides_a_conflict(tmp_path):
    plan = master()
    old = returned(plan, "03", {"04": Filled("", "旧的说法")}, tmp_path)
    new = returned(plan, "03", {"04": Filled("", "新的说法")}, tmp_path)
    chosen = identity.answer_digest("旧的说法", "", None)
    clerk = {w.CONFLICT_SHEET: {"F201921-03-04": {"采用": "1", w.CHOSEN_DIGEST: chosen}}}
    result = batch(plan, arrival(old, "a.xlsx", NOW), arrival(new, "b.xlsx", AFTER), clerk=clerk)
    assert said(result, "03", "04") == "旧的说法"
    assert not result.answer["03", "04"].open_conflict


def test_a_blank_never_deletes(tmp_path):
    plan = master()
    full = returned(plan, "03", {"04": DONE}, tmp_path)
    blank = returned(plan, "03", {}, tmp_path)
    result = batch(plan, arrival(full, "a.xlsx", NOW), arrival(blank, "b.xlsx", AFTER))
    assert said(result, "03", "04") == DONE.text
    assert not result.answer["03", "04"].open_conflict


def test_the_same_bytes_twice_count_once(tmp_path):
    plan = master()
    one = returned(plan, "03", {"04": DONE}, tmp_path)
    result = batch(plan, arrival(one, "b.xlsx"), arrival(one, "a(1).xlsx", original=False))
    assert {f.path: f.verdict for f in result.received} == {
        "a(1).xlsx": "duplicate",
        "b.xlsx": "accepted",
    }


def test_an_alternative_is_not_an_answer_without_a_reason(tmp_path):
    plan = master()
    form = returned(plan, "02", {"03": Filled("无此情况", ""), "04": DONE}, tmp_path)
    result = batch(plan, arrival(form, "a.xlsx"))
    answer = result.answer["02", "03"]
    assert (answer.answered, answer.status, answer.text) == (False, "未报", "")
    found = {f.rule for f in rules.run(result) if f.requirement == "03"}
    assert "G05" in found
    assert "G02" not in found
    assert [left.text for left in result.leftover] == ["无此情况"]


def test_a_blank_form_is_partial_and_said(tmp_path):
    plan = master()
    result = batch(plan, arrival(returned(plan, "03", {}, tmp_path), "a.xlsx"))
    states = {s.unit: s.status for s in result.standings}
    assert states == {"01": "missing", "02": "missing", "03": "partial", "04": "nothing_due"}
    assert {f.rule for f in rules.run(result)} == {"G01", "G03"}


def test_late_is_after_the_end_of_the_deadline_or_its_extension(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    last_minute = NOW.replace(day=25, hour=23, minute=59)
    assert not batch(plan, arrival(form, "a.xlsx", last_minute)).answer["03", "04"].late
    assert batch(plan, arrival(form, "a.xlsx", AFTER)).answer["03", "04"].late
    units = tuple(
        replace(u, extended=date(2019, 10, 28)) if u.code == "03" else u for u in plan.units
    )
    longer = master(units=units)
    assert not batch(longer, arrival(form, "a.xlsx", AFTER)).answer["03", "04"].late


def test_received_time_written_by_the_clerk_counts(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    clerk = {w.REGISTER_SHEET: {form.sha256: {"实际收到时间": "2019-10-24"}}}
    assert not batch(plan, arrival(form, "a.xlsx", AFTER), clerk=clerk).answer["03", "04"].late


def test_the_same_answer_in_two_files_came_when_the_first_came(tmp_path):
    """Though the file that came later may have been saved earlier."""
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    early = replace(form, sha256="1" * 64, saved="2019-10-20T00:00:00Z")
    late = replace(form, sha256="2" * 64, saved="2019-10-01T00:00:00Z")
    result = batch(plan, arrival(early, "a.xlsx", NOW), arrival(late, "b.xlsx", AFTER))
    answer = result.answer["03", "04"]
    assert (answer.source.file, answer.late, len(answer.versions)) == ("a.xlsx", False, 1)


def test_a_void_file_no_longer_counts(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    clerk = {w.REGISTER_SHEET: {form.sha256: {"作废": "是"}}}
    result = batch(plan, arrival(form, "a.xlsx"), clerk=clerk)
    assert result.received[0].verdict == "ignored"
    assert not result.answer["03", "04"].answered


def test_text_keyed_in_by_the_office_answers_where_the_unit_gave_none():
    plan = master()
    clerk = {w.MERGED_SHEET: {"F201921-03-04": {"代录内容": "信件所述"}}}
    answer = batch(plan, clerk=clerk).answer["03", "04"]
    assert (answer.text, answer.keyed, answer.source.sheet) == ("信件所述", True, w.MERGED_SHEET)


def test_a_file_with_a_classification_mark_is_held_until_the_office_decides(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": Filled("", "机密★1年 工作情况")}, tmp_path)
    result = batch(plan, arrival(form, "a.xlsx"))
    assert result.received[0].verdict == "held"
    assert not result.answer["03", "04"].answered
    assert result.standings[2].status == "received"
    assert "P01" in {f.rule for f in rules.run(result)}
    allowed = master(
        waivers=(Waiver(unit="03", requirement="", rule="P01", reason="已核", date="2019-10-24"),)
    )
    assert batch(allowed, arrival(form, "a.xlsx")).answer["03", "04"].answered


def test_another_campaign_is_refused(tmp_path):
    other = master(settings=replace(master().settings, code="F201805"))
    form = returned(other, "03", {"04": DONE}, tmp_path)
    result = batch(master(), arrival(form, "a.xlsx"))
    assert (result.received[0].verdict, result.received[0].rule) == ("rejected", "F04")
    assert not result.answer["03", "04"].answered


def test_another_campaign_is_refused_also_when_its_codes_are_gone(tmp_path):
    """The hidden sheet still says it, though the texts are the same every year."""
    other = master(settings=replace(master().settings, code="F201805"))
    form = returned(other, "03", {"04": DONE}, tmp_path)
    rows = tuple(
        row._replace(cells={c: t for c, t in row.cells.items() if c != w.CODE}) for row in form.rows
    )
    result = batch(master(), arrival(replace(form, rows=rows), "a.xlsx"))
    assert (result.received[0].verdict, result.received[0].rule) == ("rejected", "F04")


def test_an_older_form_still_counts_and_is_said(tmp_path):
    old = master()
    changed = tuple(
        replace(r, material="改过的要求") if r.key == "04" else r for r in old.requirements
    )
    form = returned(old, "03", {"04": DONE}, tmp_path)
    result = batch(master(requirements=changed), arrival(form, "a.xlsx"))
    assert result.answer["03", "04"].text == DONE.text
    assert [f.rule for f in rules.run(result) if f.rule in ("F05", "R01", "I02")] == ["F05"]
    assert result.leftover == ()


def test_a_form_without_its_caption_row_is_read_by_its_codes(tmp_path):
    """Only if the check characters fit the texts where the form's own columns would be."""
    import openpyxl

    from pdsfz_xl import collect

    plan = master()
    for move, expected_text in ((False, DONE.text), (True, "")):
        path = tmp_path / f"{move}.xlsx"
        path.write_bytes(form.build(plan, plan.unit["03"], {"04": DONE}))
        book = openpyxl.load_workbook(path)
        sheet = book[w.FORM_SHEET]
        sheet.delete_rows(1, form.HEADER + 1)
        if move:
            sheet.insert_cols(3)
        book.save(path)
        result = batch(plan, arrival(collect.read_return(str(path)), "a.xlsx"))
        assert said(result, "03", "04") == expected_text
        file, standing = result.received[0], result.standings[2]
        expected = ("rejected", "F06", "received") if move else ("accepted", "", "complete")
        assert (file.verdict, file.rule, standing.status) == expected
        assert (file.unit, standing.files) == ("03", ("a.xlsx",))
        assert (DONE.text in {left.text for left in result.leftover}) == move


def test_a_form_that_does_not_say_whose_it_is_is_told_apart_from_a_foreign_one(tmp_path):
    plan = master()
    manifest = returned(plan, "02", {"03": DONE, "04": DONE}, tmp_path)
    rows = tuple(
        row._replace(cells={c: t for c, t in row.cells.items() if c != w.CODE})
        for row in manifest.rows
    )
    nameless = replace(manifest, rows=rows, campaign="", unit="", loose=())
    [file] = batch(plan, arrival(nameless, "a.xlsx")).received
    assert (file.rule, file.message) == ("F06", w.WHOSE_FORM)


def test_what_was_written_into_a_table_without_codes_that_was_reworded_since_is_left_over(tmp_path):
    """Neither code nor text says what it answers; it is refused, and listed cell by cell."""
    plan = master()
    filled = returned(plan, "01", {"02.2": Filled("已填报", "有 1 项")}, tmp_path)
    rows = tuple(
        row._replace(cells={c: typed for c, typed in row.cells.items() if c != w.CODE})
        for row in filled.rows
    )
    bare = replace(filled, rows=rows, loose=(), unit="", campaign="", stamped=False)
    reworded = replace(
        plan, requirements=tuple(replace(r, material="改写了") for r in plan.requirements)
    )
    result = batch(reworded, arrival(bare, "a.xlsx"))
    assert result.received[0].rule == "F06"
    assert {"已填报", "有 1 项"} <= {left.text for left in result.leftover}


def test_a_requirement_that_moved_away_is_kept_aside(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    moved = tuple(
        replace(r, duties=r.duties[:1]) if r.key == "04" else r for r in plan.requirements
    )
    result = batch(master(requirements=moved), arrival(form, "a.xlsx"))
    assert DONE.text in {left.text for left in result.leftover}
    assert "I04" in {f.rule for f in rules.run(result)}


def test_a_requirement_that_is_gone_gives_its_answer_to_no_other_of_its_number(tmp_path):
    """02.1 and 02.2 are both number 2 and of one unit; without 02.2 its row must not be 02.1's."""
    plan = master()
    said = {"02.1": Filled("", "甲 1"), "02.2": Filled("", "乙 2")}
    manifest = returned(plan, "01", said, tmp_path)
    without = master(requirements=tuple(r for r in plan.requirements if r.key != "02.2"))
    result = batch(without, arrival(manifest, "a.xlsx"))
    assert [v.text for v in result.answer["01", "02.1"].versions] == ["甲 1"]
    assert [left.text for left in result.leftover] == ["乙 2"]
    assert [unknown.code.rpartition("-")[0] for unknown in result.unknown] == ["F201921-01-02.2"]


def test_a_unit_the_clerk_names_gets_a_file_without_codes(tmp_path):
    plan = master()
    form = returned(plan, "02", {"03": DONE, "04": DONE}, tmp_path)
    rows = tuple(
        row._replace(cells={c: t for c, t in row.cells.items() if c != w.CODE}) for row in form.rows
    )
    nameless = replace(form, rows=rows, campaign="", unit="", loose=())
    assert batch(plan, arrival(nameless, "a.xlsx")).received[0].rule == "F06"
    clerk = {w.REGISTER_SHEET: {form.sha256: {"归属单位": "市司法局"}}}
    result = batch(plan, arrival(nameless, "a.xlsx"), clerk=clerk)
    assert said(result, "02", "03") == DONE.text
    assert [f.rule for f in rules.run(result) if f.rule == "I03"] == ["I03", "I03"]


WORDS = st.sampled_from(["", "甲说", "乙说", "丙说"])
CHOICE = st.sampled_from(["", *w.CHOICES])
FILLED = st.builds(Filled, CHOICE, WORDS, st.sampled_from([None, 1.0, 2.0]))


@pytest.fixture(scope="module")
def blank_manifest(tmp_path_factory) -> Manifest:
    return returned(
        master(), "01", {"02.1": Filled("已填报", "说", 9.0)}, tmp_path_factory.mktemp("x")
    )


def _with(manifest: Manifest, n: int, filled: Filled, saved: str = "") -> Manifest:
    """The same form with other answers, without writing a workbook for each example."""
    values = {w.STATUS: filled.choice, w.ANSWER: filled.text}
    if filled.number is not None:
        values[w.QUANTITY] = f"{filled.number:g}"
    rows = []
    for row in manifest.rows:
        cells = {c: t for c, t in row.cells.items() if c not in (w.STATUS, w.ANSWER, w.QUANTITY)}
        if "-02.1-" in row.cells.get(w.CODE, Typed("", "text", "")).text:
            at = {w.STATUS: "I", w.ANSWER: "J", w.QUANTITY: "K"}
            cells |= {c: Typed(f"{at[c]}{row.row}", "text", v) for c, v in values.items() if v}
        rows.append(row._replace(cells=cells))
    return replace(manifest, rows=tuple(rows), sha256=f"{n:064d}", saved=saved)


SAVED = st.sampled_from(["", "2019-10-01T00:00:00Z", "2019-10-02T08:00:00+08:00", "2031-01-01"])
SEEN = st.sampled_from([NOW, AFTER])


@settings(
    deadline=None,
    max_examples=examples(200),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.tuples(FILLED, SAVED, SEEN), min_size=2, max_size=5),
    st.randoms(use_true_random=False),
)
def test_the_merge_ignores_the_order_of_files_and_loses_nothing(blank_manifest, files, shuffle):
    """Every text, choice and number stands in a version or with the leftovers, by its address."""
    plan = master()
    arrivals = [
        arrival(_with(blank_manifest, i, filled, saved), f"{i}.xlsx", seen)
        for i, (filled, saved, seen) in enumerate(files)
    ]
    expected = batch(plan, *arrivals)
    shuffle.shuffle(arrivals)
    assert batch(plan, *arrivals) == expected
    answer = expected.answer["01", "02.1"]
    left = {(x.where.file, x.text) for x in expected.leftover}
    for i, (filled, _, _) in enumerate(files):
        same = [v for v in answer.versions if v.text == filled.text] if filled.text else []
        assert bool(same) == bool(filled.text)
        around = same or answer.versions
        assert (
            not filled.choice
            or filled.choice in {v.choice for v in around}
            or (f"{i}.xlsx", filled.choice) in left
        )
        assert filled.number is None or filled.number in {v.number for v in around}
    if any(filled.text for filled, _, _ in files):
        assert answer.text
    assert answer.open_conflict == (len(answer.versions) > 1 and answer.text != "")
    counted = answer.versions[-1:]
    own = {(filled.text, filled.choice, filled.number) for filled, _, _ in files if filled.text}
    for version in counted if answer.text else ():
        # A number beside the text that counts is its own or came alone; never another text's.
        alone = {f.number for f, _, _ in files if not f.text}
        texts_numbers = {number for text, _, number in own if text == version.text}
        assert version.number is None or version.number in texts_numbers | alone


def test_all_orders_of_three_files_agree(tmp_path):
    plan = master()
    forms = [
        arrival(returned(plan, "03", {"04": Filled("", f"第{i}稿")}, tmp_path), f"{i}.xlsx")
        for i in range(3)
    ]
    results = [batch(plan, *order) for order in itertools.permutations(forms)]
    assert all(result == results[0] for result in results)
