"""What the clerk wrote comes back, however the merged workbook was rearranged."""

import pytest
from batches import cell, edited, example, made, opened, said_by, write
from openpyxl.comments import Comment
from samples import AFTER, NOW, arrival, batch, master, returned

from pdsfz_xl import layout, report, review, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.form import Filled

CLERK_CELLS = [
    (sheet, spec.caption)
    for sheet, columns in layout.MERGED_BOOK.items()
    for spec in columns
    if spec.clerk
]
FIRST, SECOND = "F201921-01-02.1", "F201921-01-02.2"


def after(tmp_path, edit, sheet: str = w.MERGED_SHEET):
    """What is read of the example's workbook after an edit of one sheet."""
    data = example(tmp_path)[1]
    return review.read(edited(tmp_path, data, lambda book: edit(book[sheet])))


def put(sheet, row: int, caption: str, said) -> None:
    cell(sheet, row, caption).value = said


def settles(tmp_path, clerk) -> bytes:
    """The workbook that carries `clerk` on; reading and writing it again changes nothing."""
    data = example(tmp_path, clerk)[1]
    again = review.read(write(tmp_path, data))
    assert made(tmp_path, again)[1] == data
    return data


def orphans(data: bytes) -> list[tuple[str, ...]]:
    rows = opened(data)[w.ORPHAN_SHEET].iter_rows(min_row=2, max_col=4, values_only=True)
    return list(rows)


def test_an_untouched_workbook_says_nothing(tmp_path):
    assert review.read(write(tmp_path, example(tmp_path)[1])) == {}
    assert review.read(tmp_path / "没有.xlsx") == {}


@pytest.mark.parametrize(("sheet", "caption"), CLERK_CELLS)
def test_every_column_of_the_clerk_survives(tmp_path, sheet, caption):
    """Typed into the first row, read back by key, written again, read again."""
    said = "1" if caption == "采用" else f"写在{caption}"

    def edit(at):
        cell(at, 2, caption).value = said

    clerk = after(tmp_path, edit, sheet)
    [(_, cells)] = clerk[sheet].items()
    assert cells[caption] == said
    assert clerk.keys() == {sheet}
    [(_, kept)] = review.read(write(tmp_path, settles(tmp_path, clerk)))[sheet].items()
    assert kept[caption] == said


@pytest.mark.parametrize(
    ("sheet", "row"),
    [(w.OVERVIEW_SHEET, 2), (w.OVERVIEW_SHEET, 6), (w.FINDINGS_SHEET, 3), (w.MERGED_SHEET, 4),
     (w.REGISTER_SHEET, 7), (w.CONFLICT_SHEET, 2)],
)  # fmt: skip
def test_a_column_the_clerk_added_survives_on_every_sheet(tmp_path, sheet, row):
    """Also where the clerk has no column of his own, as in 问题清单."""

    def edit(at):
        beyond = at.max_column + 1
        at.cell(1, beyond).value = "办理情况"
        at.cell(row, beyond).value = "已电话"

    again = opened(settles(tmp_path, after(tmp_path, edit, sheet)))
    assert w.ORPHAN_SHEET not in again.sheetnames
    assert cell(again[sheet], row, "办理情况").value == "已电话"


def test_it_survives_sorting_hiding_and_new_columns(tmp_path):
    def edit(sheet):
        cell(sheet, 3, "审核意见").value = "请核实"
        rows = [[at.value for at in row] for row in sheet.iter_rows(min_row=2)]
        for i, values in enumerate(reversed(rows), 2):
            for j, value in enumerate(values, 1):
                sheet.cell(i, j).value = value
        sheet.insert_cols(2)
        sheet.cell(1, 2).value = "我的记号"
        sheet.cell(2, 2).value = "重点"
        sheet.column_dimensions["F"].hidden = True
        sheet.row_dimensions[4].hidden = True
        sheet.insert_rows(1, 2)

    clerk = after(tmp_path, edit)
    rows = clerk[w.MERGED_SHEET]
    assert {k: v["审核意见"] for k, v in rows.items() if "审核意见" in v} == {SECOND: "请核实"}
    assert {k: v["我的记号"] for k, v in rows.items() if "我的记号" in v} == {
        "F201921-03-04": "重点"
    }
    assert opened(settles(tmp_path, clerk))[w.MERGED_SHEET][1][-1].value == "我的记号"


@pytest.mark.parametrize("title", ["汇总-张三审", " 汇总 ", "汇总(2)", "汇总_2", "Sheet1"])
def test_a_renamed_sheet_is_known_by_its_captions(tmp_path, title):
    def edit(sheet):
        cell(sheet, 2, "审核意见").value = "同意"
        sheet.title = title

    clerk = after(tmp_path, edit)
    assert clerk[w.MERGED_SHEET][FIRST]["审核意见"] == "同意"
    assert clerk.keys() == {w.MERGED_SHEET}


def test_a_caption_row_that_is_gone_stops_the_run(tmp_path):
    """Reading on would drop every word of the clerk's on that sheet."""

    def edit(sheet):
        cell(sheet, 2, "审核意见").value = "同意"
        sheet.delete_rows(1)

    with pytest.raises(OperatorError, match=r"“汇总”里找不到标题行.*存档"):
        after(tmp_path, edit)


def test_two_columns_of_one_caption_are_both_kept(tmp_path):
    def edit(sheet):
        cell(sheet, 2, "审核意见").value = "甲"
        beyond = sheet.max_column + 1
        sheet.cell(1, beyond).value = "审核意见"
        sheet.cell(2, beyond).value = "乙"

    clerk = after(tmp_path, edit)
    cells = clerk[w.MERGED_SHEET][FIRST]
    assert (cells["审核意见"], cells["审核意见（2）"]) == ("甲", "乙")
    settles(tmp_path, clerk)


def test_comments_are_not_lost_wherever_they_stand(tmp_path):
    """On an answer, on a caption, on a cell below the table."""

    def edit(sheet):
        cell(sheet, 2, w.ANSWER).comment = Comment("数字不对", "经办人")
        cell(sheet, 1, w.UNIT).comment = Comment("按机构改革后的名称", "经办人")
        sheet.cell(20, 2).comment = Comment("到这里为止", "经办人")

    clerk = after(tmp_path, edit)
    assert "数字不对" in clerk[w.MERGED_SHEET][FIRST][w.comment_on(w.ANSWER)]
    data = settles(tmp_path, clerk)
    assert "数字不对" in cell(opened(data)[w.MERGED_SHEET], 2, w.comment_on(w.ANSWER)).value
    assert [(at, key) for at, key, _, _ in orphans(data)] == [
        (w.MERGED_SHEET, "第 1 行"), (w.MERGED_SHEET, "第 20 行"),
    ]  # fmt: skip


def test_a_second_comment_joins_the_first(tmp_path):
    data = example(tmp_path, {w.MERGED_SHEET: {FIRST: {w.comment_on(w.ANSWER): "第一条"}}})[1]

    def edit(book):
        cell(book[w.MERGED_SHEET], 2, w.ANSWER).comment = Comment("第二条", "经办人")

    said = review.read(edited(tmp_path, data, edit))[w.MERGED_SHEET][FIRST][w.comment_on(w.ANSWER)]
    assert said.startswith(f"第一条\n{w.ALSO_SAID}\n")
    assert said.endswith("第二条")


@pytest.mark.parametrize(("one", "other"), [("第一处", "第二处"), ("不通过", "通过")])
def test_a_copied_sheet_keeps_both_texts_and_says_that_they_are_two(tmp_path, one, other):
    """Also where one text is part of the other."""
    data = example(tmp_path)[1]

    def edit(book):
        sheet = book[w.MERGED_SHEET]
        cell(sheet, 2, "审核意见").value = one
        cell(sheet, 3, "审核意见").value = "一样"
        copy = book.copy_worksheet(sheet)
        copy.title = "汇总 (2)"
        cell(copy, 2, "审核意见").value = other

    clerk = review.read(edited(tmp_path, data, edit))
    assert clerk[w.MERGED_SHEET][FIRST]["审核意见"] == f"{one}\n{w.ALSO_SAID}\n{other}"
    assert clerk[w.MERGED_SHEET][SECOND]["审核意见"] == "一样"
    settles(tmp_path, clerk)


def test_words_beside_below_and_above_the_table_stand_apart_and_stay(tmp_path):
    """A title above, a remark below, a sheet of the clerk's own: shown until they are cleared."""
    data = example(tmp_path)[1]

    def edit(book):
        sheet = book[w.MERGED_SHEET]
        cell(sheet, 10, "审核意见").value = "总体意见：再核"
        sheet.insert_rows(1)
        sheet.cell(1, 1).value = "内部稿"
        own = book.create_sheet("我的备忘")
        own["B2"], own["C2"] = "周五开会", "带材料"

    data = settles(tmp_path, review.read(edited(tmp_path, data, edit)))
    assert orphans(data) == [
        ("我的备忘", "第 2 行", w.WHOLE_ROW, "周五开会\t带材料"),
        (w.MERGED_SHEET, "第 1 行", w.CODE, "内部稿"),
        (w.MERGED_SHEET, "第 11 行", "审核意见", "总体意见：再核"),
    ]

    def clear(book):
        sheet = book[w.ORPHAN_SHEET]
        for row in range(2, sheet.max_row + 1):
            assert not cell(sheet, row, "内容").protection.locked
            cell(sheet, row, "内容").value = None

    assert review.read(edited(tmp_path, data, clear)) == {}


def test_what_lost_its_row_stands_apart_and_finds_back(tmp_path):
    clerk = {w.MERGED_SHEET: {"F201921-99-77": {"审核意见": "旧意见"}}}
    data = settles(tmp_path, clerk)
    assert orphans(data) == [(w.MERGED_SHEET, "F201921-99-77", "审核意见", "旧意见")]
    assert review.read(write(tmp_path, data)) == clerk
    back = {w.MERGED_SHEET: {FIRST: {"审核意见": "旧意见"}}}
    gone = report.build(batch(master(requirements=()), clerk=back), ())
    again = example(tmp_path, review.read(write(tmp_path, gone)))[1]
    assert cell(opened(again)[w.MERGED_SHEET], 2, "审核意见").value == "旧意见"


@pytest.mark.parametrize("edit", ["经办人改过的话", "有\n1\n项", "有１项"])
def test_an_answer_edited_in_place_is_only_a_proposal(tmp_path, edit):
    """Also where only a line end or the width of a digit was changed."""

    def work(sheet):
        cell(sheet, 3, w.ANSWER).value = edit

    clerk = after(tmp_path, work)
    assert clerk[w.MERGED_SHEET][SECOND][w.PROPOSAL] == edit
    result, _ = example(tmp_path, clerk)
    assert result.answer["01", "02.2"].text == "有 1 项"
    data = settles(tmp_path, clerk)
    sheet = opened(data)[w.MERGED_SHEET]
    assert cell(sheet, 3, w.PROPOSAL).value == edit
    assert cell(sheet, 3, w.ANSWER).value == "有 1 项"

    def again(book):
        cell(book[w.MERGED_SHEET], 3, w.ANSWER).value = "又改"

    said = review.read(edited(tmp_path, data, again))[w.MERGED_SHEET][SECOND]
    assert said[w.PROPOSAL] == f"{edit}\n{w.ALSO_SAID}\n又改"


def test_an_edit_of_a_text_beyond_a_cell_is_kept_whole(tmp_path):
    """The clerk sees the beginning in 汇总; the proposal holds the rest too."""
    said = "头" + "字" * 40_000
    data = report.build(said_by(tmp_path, said), ())

    def edit(book):
        sheet = book[w.MERGED_SHEET]
        at = next(cell(sheet, r, w.ANSWER) for r in range(2, 9) if cell(sheet, r, w.ANSWER).value)
        at.value = at.value.replace("头", "改")

    clerk = review.read(edited(tmp_path, data, edit))
    assert clerk[w.MERGED_SHEET]["F201921-03-04"][w.PROPOSAL] == "改" + "字" * 40_000
    again = report.build(said_by(tmp_path, said, clerk=clerk), ())
    kept = review.read(write(tmp_path, again))
    assert kept[w.MERGED_SHEET]["F201921-03-04"][w.PROPOSAL] == "改" + "字" * 40_000


def test_a_choice_means_the_same_version_when_others_have_arrived(tmp_path):
    """Typed on the row of the other version, as a number; a third version comes in before it.

    That one was not listed when the clerk chose: it stands beside the chosen one until the clerk
    chooses again.
    """

    def edit(sheet):
        assert cell(sheet, 2, w.ANSWER).value == "旧说法 1"
        cell(sheet, 3, "采用").value = 1

    clerk = after(tmp_path, edit, w.CONFLICT_SHEET)
    plan = master()
    forms = [
        arrival(returned(plan, "02", {"03": Filled("", said)}, tmp_path), f"{i}.xlsx", seen)
        for i, (said, seen) in enumerate(
            (("更早 3", "2019-10-01"), ("旧说法 1", "2019-10-24"), ("新说法 2", "2019-10-28"))
        )
        for seen in [texts.parse_moment(seen)]
    ]
    result = batch(plan, *forms, clerk=clerk)
    answer = result.answer["02", "03"]
    assert (answer.text, answer.open_conflict) == ("旧说法 1", True)
    assert [v.text for v in answer.versions] == ["更早 3", "旧说法 1"]
    data = report.build(result, ())
    sheet = opened(data)[w.CONFLICT_SHEET]
    assert [cell(sheet, row, "采用").value for row in (2, 3, 4)] == [None, None, None]
    assert [cell(sheet, row, "目前采用").value for row in (2, 3, 4)] == [None, w.YES, w.REPLACED]
    clerk = review.read(edited(tmp_path, data, lambda b: put(b[w.CONFLICT_SHEET], 2, "采用", "2")))
    result = batch(plan, *forms, clerk=clerk)
    assert (result.answer["02", "03"].text, result.answer["02", "03"].decided) == ("旧说法 1", True)


@pytest.mark.parametrize("said", ["2", "是"])
def test_a_new_choice_on_another_row_wins_over_the_one_we_wrote(said, tmp_path):
    clerk = after(tmp_path, lambda sheet: put(sheet, 2, "采用", "1"), w.CONFLICT_SHEET)
    result, data = example(tmp_path, clerk)
    assert result.answer["02", "03"].text == "旧说法 1"

    def change(book):
        put(book[w.CONFLICT_SHEET], 3, "采用", said)

    clerk = review.read(edited(tmp_path, data, change))
    result, data = example(tmp_path, clerk)
    assert result.answer["02", "03"].text == "新说法 2"
    sheet = opened(data)[w.CONFLICT_SHEET]
    assert [cell(sheet, row, "采用").value for row in (2, 3)] == [None, "2"]
    settles(tmp_path, clerk)


def test_a_choice_taken_back_decides_nothing(tmp_path):
    clerk = after(tmp_path, lambda sheet: put(sheet, 2, "采用", "1"), w.CONFLICT_SHEET)
    _, data = example(tmp_path, clerk)

    def clear(book):
        put(book[w.CONFLICT_SHEET], 2, "采用", None)

    result, _ = example(tmp_path, review.read(edited(tmp_path, data, clear)))
    assert result.answer["02", "03"].open_conflict


def test_a_chosen_version_that_is_gone_is_said_and_no_other_is_taken_for_it(tmp_path):
    clerk = after(tmp_path, lambda sheet: put(sheet, 2, "采用", "1"), w.CONFLICT_SHEET)
    plan = master()
    others = [
        arrival(returned(plan, "02", {"03": Filled("", said)}, tmp_path), said)
        for said in ("新说法 2", "再新的 3")
    ]
    for _ in range(2):
        result = batch(plan, *others, clerk=clerk)
        assert result.answer["02", "03"].open_conflict
        assert "已经不在" in next(f for f in rules.run(result) if f.rule == "V06").message
        clerk = review.read(write(tmp_path, report.build(result, ())))


def test_a_chosen_text_is_found_again_when_it_comes_with_its_choice(tmp_path):
    clerk = after(tmp_path, lambda sheet: put(sheet, 2, "采用", "1"), w.CONFLICT_SHEET)
    plan = master()
    again = [Filled("已填报", "旧说法 1"), Filled("", "新说法 2")]
    forms = [
        arrival(returned(plan, "02", {"03": one}, tmp_path), str(i), AFTER)
        for i, one in enumerate(again)
    ]
    result = batch(plan, *forms, clerk=clerk)
    assert result.answer["02", "03"].text == "旧说法 1"


def rounds(tmp_path, plan, clerk, *files, times: int = 1):
    """Some collects with nothing touched in between: the last batch, and what is read after it."""
    seen = set()
    for _ in range(times):
        result = batch(plan, *files, clerk=clerk)
        data = report.build(result, rules.run(result))
        clerk = review.read(write(tmp_path, data))
        seen.add(data)
    assert len(seen) == 1, "a second collect writes the same bytes"
    return result, clerk


def three(tmp_path, plan):
    """Three different answers of 03, in the order in which they came."""
    return [
        arrival(returned(plan, "03", {"04": Filled("", said)}, tmp_path), f"{said[0]}.xlsx",
                NOW.replace(minute=minute))
        for minute, said in enumerate(("甲 1", "乙 2", "丙 3"))
    ]  # fmt: skip


def picked(tmp_path, plan, row: int, said: str, *files):
    """The clerk's words after 采用 was typed beside a version."""
    data = report.build(batch(plan, *files), ())

    def edit(book):
        put(book[w.CONFLICT_SHEET], row, "采用", said)

    return review.read(edited(tmp_path, data, edit))


def test_a_decision_outlives_its_conflict(tmp_path):
    """乙 was chosen, 甲 was made void so that nothing is left to choose; then 丙 comes, which was
    not there to be chosen: both stand, and 乙 is remembered when 丙 is gone again."""
    plan = master()
    one, two, three_ = three(tmp_path, plan)
    clerk = picked(tmp_path, plan, 3, "2", one, two)
    clerk[w.REGISTER_SHEET] = {one.sha256: {"作废": "是"}}
    result, clerk = rounds(tmp_path, plan, clerk, one, two, times=2)
    assert "V06" not in {f.rule for f in rules.run(result)}
    result, clerk = rounds(tmp_path, plan, clerk, one, two, three_, times=2)
    answer = result.answer["03", "04"]
    assert [v.text for v in answer.versions] == ["乙 2", "丙 3"]
    assert (answer.open_conflict, answer.picked.text) == (True, "乙 2")
    assert not {"V06"} & {f.rule for f in rules.run(result)}
    result, clerk = rounds(tmp_path, plan, clerk, one, two)
    assert (result.answer["03", "04"].text, result.answer["03", "04"].decided) == ("乙 2", True)


@pytest.mark.parametrize("said", ["3", "随便"])
def test_a_pick_that_decides_nothing_never_begins_to(said, tmp_path):
    plan = master()
    files = three(tmp_path, plan)
    clerk = picked(tmp_path, plan, 2, said, *files[:2])
    result, clerk = rounds(tmp_path, plan, clerk, *files[:2], times=2)
    assert not result.answer["03", "04"].decided
    result, clerk = rounds(tmp_path, plan, clerk, *files, times=2)
    assert not result.answer["03", "04"].decided
    assert [f.rule for f in rules.run(result) if f.rule == "V06"] == ["V06"]


def test_a_tick_filled_down_over_all_rows_decides_nothing(tmp_path):
    plan = master()
    files = three(tmp_path, plan)[:2]
    data = report.build(batch(plan, *files), ())

    def edit(book):
        for row in (2, 3):
            put(book[w.CONFLICT_SHEET], row, "采用", "是")

    clerk = review.read(edited(tmp_path, data, edit))
    result, clerk = rounds(tmp_path, plan, clerk, *files, times=2)
    assert not result.answer["03", "04"].decided


def test_a_decision_waits_for_a_version_that_is_away(tmp_path):
    plan = master()
    files = three(tmp_path, plan)
    clerk = picked(tmp_path, plan, 2, "1", *files)
    result, clerk = rounds(tmp_path, plan, clerk, *files[1:], times=2)
    assert result.answer["03", "04"].open_conflict
    result, clerk = rounds(tmp_path, plan, clerk, *files, times=2)
    assert (result.answer["03", "04"].text, result.answer["03", "04"].decided) == ("甲 1", True)


def test_a_decision_survives_what_is_joined_to_the_version(tmp_path):
    """Two versions of one text, and a choice that came alone goes to the chosen one."""
    plan = master()
    files = [
        arrival(returned(plan, "01", {"02.1": f}, tmp_path), f"{i}.xlsx", NOW.replace(minute=i))
        for i, f in enumerate(
            (Filled("", "说 1", 1.0), Filled("", "说 1", 2.0), Filled("已填报", ""))
        )
    ]
    clerk = picked(tmp_path, plan, 2, "1", *files)
    result, clerk = rounds(tmp_path, plan, clerk, *files, times=3)
    answer = result.answer["01", "02.1"]
    assert (answer.number, answer.decided) == (1, True)


def test_a_note_beside_a_version_stays_beside_it(tmp_path):
    plan = master()
    files = three(tmp_path, plan)
    data = report.build(batch(plan, *files[:2]), ())

    def edit(book):
        sheet = book[w.CONFLICT_SHEET]
        sheet.cell(1, sheet.max_column + 1).value = "我的说明"
        sheet.cell(3, sheet.max_column).value = "这一版数字有错"

    clerk = review.read(edited(tmp_path, data, edit))
    _, clerk = rounds(tmp_path, plan, clerk, *files, times=2)
    sheet = opened(report.build(batch(plan, *files, clerk=clerk), ()))[w.CONFLICT_SHEET]
    notes = {cell(sheet, r, w.ANSWER).value: cell(sheet, r, "我的说明").value for r in (2, 3, 4)}
    assert notes == {"甲 1": None, "乙 2": "这一版数字有错", "丙 3": None}


def test_a_review_keeps_its_meaning_while_its_row_is_away(tmp_path):
    plan = master()
    one, two, _ = three(tmp_path, plan)

    def approve(book):
        sheet = book[w.MERGED_SHEET]
        row = next(r for r in range(2, 9) if cell(sheet, r, w.ANSWER).value)
        put(sheet, row, "审核结论", "通过")

    clerk = review.read(edited(tmp_path, report.build(batch(plan, one), ()), approve))
    without = master(requirements=tuple(r for r in plan.requirements if r.key != "04"))
    _, clerk = rounds(tmp_path, without, clerk, one, times=2)
    result, _ = rounds(tmp_path, plan, clerk, two)
    assert result.answer["03", "04"].stale


def test_a_memo_named_like_a_sheet_of_ours_is_the_clerks_own(tmp_path):
    def edit(book):
        book.create_sheet("定稿2")["B3"] = "记得问领导"

    data = example(tmp_path)[1]
    clerk = review.read(edited(tmp_path, data, edit))
    assert "记得问领导" in str(clerk["定稿2"])


def test_two_choices_for_one_conflict_decide_nothing(tmp_path):
    def edit(sheet):
        cell(sheet, 2, "采用").value = "1"
        cell(sheet, 3, "采用").value = "2"

    clerk = after(tmp_path, edit, w.CONFLICT_SHEET)
    result, _ = example(tmp_path, clerk)
    assert result.answer["02", "03"].open_conflict
    assert "V06" in {f.rule for f in rules.run(result)}
    settles(tmp_path, clerk)


def test_a_review_of_an_answer_that_changed_says_so_until_it_is_reviewed_again(tmp_path):
    plan = master()
    before = batch(plan, arrival(returned(plan, "03", {"04": Filled("", "甲 1")}, tmp_path), "a"))

    def approve(book):
        sheet = book[w.MERGED_SHEET]
        row = next(r for r in range(2, 9) if cell(sheet, r, w.ANSWER).value)
        said = cell(sheet, row, "审核结论")
        said.value = "退回修改" if said.value else "通过"

    def reminders(data: bytes) -> int:
        sheet = opened(data)[w.MERGED_SHEET]
        marks = [cell(sheet, row, "提醒").value for row in range(2, sheet.max_row + 1)]
        return marks.count(w.REVIEW_AGAIN)

    clerk = review.read(edited(tmp_path, report.build(before, ()), approve))
    later = returned(plan, "03", {"04": Filled("", "乙 2")}, tmp_path)
    for _ in range(2):
        data = report.build(batch(plan, arrival(later, "b"), clerk=clerk), ())
        assert reminders(data) == 1
        clerk = review.read(write(tmp_path, data))
    clerk = review.read(edited(tmp_path, data, approve))
    assert reminders(report.build(batch(plan, arrival(later, "b"), clerk=clerk), ())) == 0


# --- another copy


def words(**cells: str):
    return {w.MERGED_SHEET: {FIRST: {c: t for c, t in cells.items() if t}}} if cells else {}


@pytest.mark.parametrize(
    ("base", "here", "copy", "stands", "apart"),
    [
        ("", "", "新", "新", ""),
        ("旧", "旧", "新", "新", ""),
        ("旧", "旧", "", "", ""),
        ("旧", "改", "旧", "改", ""),
        ("旧", "改", "新", "改", "新"),
        ("旧", "新", "新", "新", ""),
        ("旧", "改", "", "改", ""),
        ("旧", "", "旧", "", ""),
        ("旧", "", "新", "", "新"),
        ("", "改", "", "改", ""),
        ("", "改", "新", "改", "新"),
    ],
)
def test_a_cell_of_a_copy_counts_where_it_was_changed_in_it(base, here, copy, stands, apart):
    """What stands is 汇总表's where both were changed; the other is kept beside it."""
    said = [words(审核意见=text) for text in (base, here, copy)]
    mixed = review.taken_in(said[1], said[2], review.digests(said[0]))
    expected = {"审核意见": stands, w.in_other_copy("审核意见"): apart}
    assert mixed.clerk.get(w.MERGED_SHEET, {}).get(FIRST, {}) == {
        caption: text for caption, text in expected.items() if text
    }
    assert (mixed.apart == 1) == bool(apart)


def test_two_proposals_do_not_contradict_each_other():
    here, copy = (words(**{w.PROPOSAL: said}) for said in ("这样改", "那样改"))
    [said] = review.taken_in(here, copy, {}).clerk[w.MERGED_SHEET][FIRST].values()
    assert said == f"这样改\n{w.ALSO_SAID}\n那样改"


def test_a_review_in_a_copy_is_about_the_answer_it_showed(tmp_path):
    """It was written beside 甲; 乙 has come since, so it must be looked at again."""
    plan = master()
    one, two, _ = three(tmp_path, plan)

    def judge(book):
        sheet = book[w.MERGED_SHEET]
        row = next(r for r in range(2, 9) if cell(sheet, r, w.ANSWER).value)
        put(sheet, row, "审核结论", "通过")

    copy = review.read(edited(tmp_path, report.build(batch(plan, one), ()), judge))
    mixed = review.taken_in({}, copy, {}).clerk
    assert batch(plan, two, clerk=mixed).answer["03", "04"].stale
    assert not batch(plan, one, clerk=mixed).answer["03", "04"].stale


def test_another_choice_in_a_copy_stands_beside_the_version_it_names(tmp_path):
    plan = master()
    files = three(tmp_path, plan)[:2]
    here, copy = (picked(tmp_path, plan, row, said, *files) for row, said in ((2, "1"), (3, "2")))
    mixed = review.taken_in(here, copy, {}).clerk
    result, clerk = rounds(tmp_path, plan, mixed, *files, times=2)
    assert (result.answer["03", "04"].text, result.answer["03", "04"].decided) == ("甲 1", True)
    [said] = [f for f in rules.run(result) if f.rule == "V06"]
    assert (said.unit, said.requirement) == ("市公安局", "04")
    sheet = opened(report.build(batch(plan, *files, clerk=clerk), ()))[w.CONFLICT_SHEET]
    other = w.in_other_copy("采用")
    assert [cell(sheet, row, other).value for row in (2, 3)] == [None, "2"]
    assert review.taken_in({}, copy, {}).clerk == copy


def test_a_workbook_that_cannot_be_read_is_one_sentence(tmp_path):
    write(tmp_path, b"PK\3\4 damaged")
    with pytest.raises(OperatorError, match="存档"):
        review.read(tmp_path / "汇总表.xlsx")


def test_a_workbook_that_cannot_be_opened_is_one_sentence(tmp_path):
    (tmp_path / "汇总表.xlsx").mkdir()
    with pytest.raises(OperatorError, match="打不开"):
        review.read(tmp_path / "汇总表.xlsx")


def test_every_sheet_has_its_row_key_among_its_captions():
    for name, keys in layout.ROW_KEYS.items():
        columns = {**layout.MERGED_BOOK, **layout.SOMETIMES}
        columns[w.OVERFLOW_SHEET] = layout.OVERFLOW
        assert set(keys) <= {spec.caption for spec in columns[name]}
