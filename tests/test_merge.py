"""The merge: answer by answer, in any order, and nothing is lost."""

import itertools
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import AFTER, NOW, arrival, batch, master, returned

from pdsfz_xl import form, identity, rules
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Manifest, Unit

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


def test_the_clerk_decides_a_conflict(tmp_path):
    plan = master()
    old = returned(plan, "03", {"04": Filled("", "旧的说法")}, tmp_path)
    new = returned(plan, "03", {"04": Filled("", "新的说法")}, tmp_path)
    chosen = identity.version_digest("旧的说法", "", None)
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
    from pdsfz_xl.model import Waiver

    plan = master()
    form = returned(plan, "03", {"04": Filled("", "机密★1年 工作情况")}, tmp_path)
    result = batch(plan, arrival(form, "a.xlsx"))
    assert result.received[0].verdict == "held"
    assert not result.answer["03", "04"].answered
    assert result.standings[2].status == "received"
    assert "P01" in {f.rule for f in rules.run(result)}
    allowed = master(waivers=(Waiver(unit="03", requirement="", rule="P01"),))
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
    for move, texts in ((False, DONE.text), (True, "")):
        path = tmp_path / f"{move}.xlsx"
        path.write_bytes(form.build(plan, plan.unit["03"], {"04": DONE}))
        book = openpyxl.load_workbook(path)
        sheet = book[w.FORM_SHEET]
        sheet.delete_rows(1, form.HEADER + 1)
        if move:
            sheet.insert_cols(3)
        book.save(path)
        result = batch(plan, arrival(collect.read_return(str(path)), "a.xlsx"))
        assert said(result, "03", "04") == texts
        assert result.received[0].verdict == "accepted"
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


def test_a_requirement_that_moved_away_is_kept_aside(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    moved = tuple(
        replace(r, duties=r.duties[:1]) if r.key == "04" else r for r in plan.requirements
    )
    result = batch(master(requirements=moved), arrival(form, "a.xlsx"))
    assert DONE.text in {left.text for left in result.leftover}
    assert "I04" in {f.rule for f in rules.run(result)}


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


def _with(manifest: Manifest, n: int, filled: Filled) -> Manifest:
    """The same form with other answers, without writing a workbook for each example."""
    from pdsfz_xl.model import Typed

    values = {w.STATUS: filled.choice, w.ANSWER: filled.text}
    if filled.number is not None:
        values[w.QUANTITY] = f"{filled.number:g}"
    rows = []
    for row in manifest.rows:
        cells = {c: t for c, t in row.cells.items() if c not in (w.STATUS, w.ANSWER, w.QUANTITY)}
        if identity.read(row.cells[w.CODE].text if w.CODE in row.cells else ""):
            at = {w.STATUS: "I", w.ANSWER: "J", w.QUANTITY: "K"}
            cells |= {c: Typed(f"{at[c]}{row.row}", "text", v) for c, v in values.items() if v}
        rows.append(row._replace(cells=cells))
    return replace(manifest, rows=tuple(rows), sha256=f"{n:064d}")


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(FILLED, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_the_merge_ignores_the_order_of_files_and_loses_nothing(blank_manifest, filled, shuffle):
    plan = master()
    arrivals = [arrival(_with(blank_manifest, i, one), f"{i}.xlsx") for i, one in enumerate(filled)]
    expected = batch(plan, *arrivals)
    shuffle.shuffle(arrivals)
    assert batch(plan, *arrivals) == expected
    answer = expected.answer["01", "02.1"]
    shown = {v.text for v in answer.versions}
    assert {one.text for one in filled if one.text} <= shown
    if answer.versions and any(one.text for one in filled):
        assert answer.text
    assert answer.open_conflict == (len(answer.versions) > 1 and answer.text != "")


def test_every_unit_name_is_found_by_alias():
    plan = master(
        units=(Unit(code="01", name="市自然资源和规划局", aliases=("自然资源局",), row=2),)
    )
    names = ("自然资源局", "01", "市 自然资源和规划局", "", "别的局")
    assert [rules.find_unit(plan, name) for name in names] == ["01", "01", "01", "", ""]


def test_all_orders_of_three_files_agree(tmp_path):
    plan = master()
    forms = [
        arrival(returned(plan, "03", {"04": Filled("", f"第{i}稿")}, tmp_path), f"{i}.xlsx")
        for i in range(3)
    ]
    results = [batch(plan, *order) for order in itertools.permutations(forms)]
    assert all(result == results[0] for result in results)
