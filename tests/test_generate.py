"""Which forms there are, and what earlier answers they bring."""

from dataclasses import replace
from datetime import date

from samples import arrival, batch, master, requirement, returned

from pdsfz_xl import collect, form, generate, rules
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Indicator, Unit

DONE = Filled("已填报", "已开展工作，办理 3 件。")
FIGURE = Filled("已填报", "归集信用信息。", 35.0)


def answered(plan, tmp_path):
    """A round in which 01 answered both of its requirements and 03 its one."""
    one = returned(plan, "01", {"02.1": FIGURE, "02.2": DONE}, tmp_path)
    three = returned(plan, "03", {"04": Filled("无此情况", "没有发生")}, tmp_path)
    return batch(plan, arrival(one, "a.xlsx"), arrival(three, "c.xlsx"))


def refilled(plan, previous, unit: str, tmp_path, edit=None):
    """The manifest of a form that came with earlier answers, after the unit worked in it."""
    import openpyxl

    made = next(f for f in generate.forms(plan, previous) if f.unit.code == unit)
    path = tmp_path / f"refilled-{len(list(tmp_path.iterdir()))}.xlsx"
    path.write_bytes(made.data)
    if edit:
        book = openpyxl.load_workbook(path)
        edit(book)
        book.save(path)
    return collect.read_return(str(path))


def cell(book, caption: str, row: int = 0):
    return book[w.FORM_SHEET].cell(form.HEADER + 2 + row, form.COLUMN[caption] + 1)


def test_every_unit_with_something_due_gets_a_form_and_the_others_are_named():
    assert [f.unit.code for f in generate.forms(master())] == ["01", "02", "03"]
    assert [unit.code for unit in generate.idle(master())] == ["04"]


def test_this_rounds_answers_come_back_as_earlier_ones(tmp_path):
    plan = master()
    before = answered(plan, tmp_path)
    previous, lost = generate.previous(plan, before)
    for unit, filled in previous.items():
        for key, given in filled.items():
            assert given.known == (before.answer[unit, key].versions[-1].fingerprint,)
    plain = {
        unit: {key: given._replace(known=()) for key, given in filled.items()}
        for unit, filled in previous.items()
    }
    assert plain == {
        "01": {
            "02.1": Filled(w.PREVIOUS, FIGURE.text, 35.0),
            "02.2": Filled(w.PREVIOUS, DONE.text),
        },
        "03": {"04": Filled("上次填报：无此情况", "没有发生")},
    }
    assert lost == 0


def test_another_campaigns_answers_are_known_by_name_and_by_their_very_texts(tmp_path):
    before = answered(master(settings=replace(master().settings, code="F2018")), tmp_path)
    units = (
        Unit(code="A", name="平顶山市发改委", aliases=("市发改委",), row=2),
        Unit(code="B", name="市公安局", row=3),
    )
    requirements = (
        requirement("05", "A", text="第2个三级指标的要求", material="填报材料 02.2"),
        requirement("06", "B", text="第4个三级指标的要求", material="改写过的要求"),
    )
    plan = master(units=units, requirements=requirements)
    previous, lost = generate.previous(plan, before)
    assert previous == {"A": {"05": Filled(w.PREVIOUS, DONE.text)}}
    assert lost == 2


def test_two_requirements_of_one_text_get_no_earlier_answer(tmp_path):
    before = answered(master(settings=replace(master().settings, code="F2018")), tmp_path)
    same = {"text": "第4个三级指标的要求", "material": "填报材料04"}
    plan = master(requirements=(requirement("07", "03", **same), requirement("08", "03", **same)))
    assert generate.previous(plan, before) == ({}, 3)


def test_an_earlier_answer_counts_only_when_it_is_confirmed(tmp_path):
    plan = master()
    previous, _ = generate.previous(plan, answered(plan, tmp_path))

    def confirm(book):
        cell(book, w.STATUS).value = "已填报"

    def reword(book):
        cell(book, w.ANSWER).value = "今年的情况 7 件。"

    def refuse(book):
        cell(book, w.STATUS).value = "非本单位职责"

    for edit, text, status in (
        (None, "", w.UNANSWERED),
        (confirm, FIGURE.text, w.ANSWERED),
        (reword, "今年的情况 7 件。", w.ANSWERED),
        (refuse, FIGURE.text, w.NOT_OURS),
    ):
        manifest = refilled(plan, previous, "01", tmp_path, edit)
        result = batch(plan, arrival(manifest, "a.xlsx"))
        first, second = (result.answer["01", key] for key in ("02.1", "02.2"))
        assert (first.text, first.status, first.answered) == (text, status, bool(text))
        assert (second.text, second.status, second.unconfirmed) == ("", w.UNANSWERED, True)
        assert result.leftover == ()
        found = {(f.rule, f.requirement) for f in rules.run(result)}
        assert ("G06", "02.2") in found
        assert (("G06", "02.1") in found) == (not text)
        assert not {("G02", "02.1"), ("G02", "02.2"), ("V05", "02.1")} & found


def test_what_was_typed_beside_an_earlier_answer_counts(tmp_path):
    """Another figure is a change as good as another text; a blank a program touched is none."""
    plan = master()
    previous, _ = generate.previous(plan, answered(plan, tmp_path))

    def figure(book):
        cell(book, w.QUANTITY).value = 987

    def blank(book):
        cell(book, w.ANSWER).value = FIGURE.text.replace("，", "， ") + " \x0b"[:1]

    manifest = refilled(plan, previous, "01", tmp_path, figure)
    answer = batch(plan, arrival(manifest, "a.xlsx")).answer["01", "02.1"]
    assert (answer.number, answer.answered) == (987, True)
    manifest = refilled(plan, previous, "01", tmp_path, blank)
    assert batch(plan, arrival(manifest, "a.xlsx")).answer["01", "02.1"].unconfirmed


def test_an_emptied_earlier_answer_is_said(tmp_path):
    plan = master()
    before = answered(plan, tmp_path)
    previous, _ = generate.previous(plan, before)

    def clear(book):
        cell(book, w.ANSWER).value = cell(book, w.STATUS).value = None

    manifest = refilled(plan, previous, "03", tmp_path, clear)
    old = returned(plan, "03", {"04": Filled("", "先前的话 1")}, tmp_path)
    result = batch(plan, arrival(manifest, "b.xlsx"), arrival(old, "a.xlsx"))
    assert result.answer["03", "04"].text == "先前的话 1"
    assert [f.rule for f in rules.run(result) if f.rule == "G07"] == ["G07"]


def test_a_figure_alone_is_never_joined_to_what_nobody_confirmed(tmp_path):
    plan = master()
    before = batch(
        plan, arrival(returned(plan, "01", {"02.1": Filled("", "归集信用信息。")}, tmp_path), "a")
    )
    previous, _ = generate.previous(plan, before)
    again = refilled(plan, previous, "01", tmp_path)
    alone = returned(plan, "01", {"02.1": Filled("已填报", "", 777.0)}, tmp_path)
    result = batch(plan, arrival(again, "a.xlsx"), arrival(alone, "b.xlsx"))
    assert {left.text for left in result.leftover} == {"已填报", "777"}


def test_what_the_clerk_picks_is_confirmed(tmp_path):
    plan = master()
    previous, _ = generate.previous(plan, answered(plan, tmp_path))
    again = refilled(plan, previous, "03", tmp_path)
    first = batch(plan, arrival(again, "a.xlsx"))
    chosen = first.answer["03", "04"].versions[-1].digest
    clerk = {w.CONFLICT_SHEET: {"F201921-03-04": {"采用": "1", w.CHOSEN_DIGEST: chosen}}}
    answer = batch(plan, arrival(again, "a.xlsx"), clerk=clerk).answer["03", "04"]
    assert (answer.text, answer.answered) == ("没有发生", True)


def test_a_text_no_cell_holds_is_not_brought_and_counted_as_lost(tmp_path):
    plan = master()
    long = returned(plan, "03", {"04": Filled("", "短")}, tmp_path)
    before = batch(plan, arrival(long, "a.xlsx"))
    answers = tuple(replace(a, text="字" * 40_000) if a.answered else a for a in before.answers)
    previous, lost = generate.previous(plan, replace(before, answers=answers))
    assert (previous, lost) == ({}, 1)
    assert generate.forms(plan, previous)


def test_two_bureaus_that_became_one_lose_nothing_in_silence(tmp_path):
    plan = master(settings=replace(master().settings, code="F2018"))
    forms = [returned(plan, u, {"04": Filled("", f"{u} 的话")}, tmp_path) for u in ("02", "03")]
    before = batch(plan, *(arrival(f, f"{i}.xlsx") for i, f in enumerate(forms)))
    one = Unit(code="09", name="市司法局", aliases=("市公安局",), row=2)
    now = master(units=(one,), requirements=(requirement("04", "09"),))
    previous, lost = generate.previous(now, before)
    assert (previous["09"]["04"].text, lost) == ("02 的话", 1)


def test_without_the_hidden_sheet_the_mark_under_status_still_tells(tmp_path):
    plan = master()
    previous, _ = generate.previous(plan, answered(plan, tmp_path))

    def forget(book):
        del book[w.STAMP_SHEET]

    manifest = refilled(plan, previous, "03", tmp_path, forget)
    result = batch(plan, arrival(manifest, "a.xlsx"))
    answer = result.answer["03", "04"]
    assert (answer.answered, answer.unconfirmed) == (False, True)
    # Nothing proves that nobody wrote it, so it is listed.
    assert "没有发生" in {left.text for left in result.leftover}


def test_an_unconfirmed_form_never_stands_against_what_was_written(tmp_path):
    plan = master()
    before = answered(plan, tmp_path)
    previous, _ = generate.previous(plan, before)
    again = refilled(plan, previous, "03", tmp_path)
    other = returned(plan, "03", {"04": Filled("", "另一种说法 1")}, tmp_path)
    result = batch(plan, arrival(again, "b.xlsx"), arrival(other, "a.xlsx"))
    answer = result.answer["03", "04"]
    assert (answer.text, len(answer.versions), answer.open_conflict) == ("另一种说法 1", 1, False)


def test_a_text_keyed_in_counts_where_the_form_was_not_confirmed(tmp_path):
    plan = master()
    previous, _ = generate.previous(plan, answered(plan, tmp_path))
    clerk = {w.MERGED_SHEET: {"F201921-03-04": {"代录内容": "信件所述"}}}
    manifest = refilled(plan, previous, "03", tmp_path)
    answer = batch(plan, arrival(manifest, "a.xlsx"), clerk=clerk).answer["03", "04"]
    assert (answer.text, answer.keyed, answer.unconfirmed) == ("信件所述", True, False)


def test_what_changed_in_a_form_that_is_out_is_said_in_a_few_words():
    old = master()

    def why(**more) -> str:
        new = master(**more)
        return generate.why_changed(*(form.build(plan, plan.unit["02"]) for plan in (old, new)))

    def changed(key: str, **fields):
        return tuple(replace(r, **fields) if r.key == key else r for r in old.requirements)

    assert why(requirements=changed("03", material="新的要求")) == "03 的填报材料有改动"
    assert why(requirements=changed("03", limit=800)) == "03 的填报要求有改动"
    assert why(requirements=old.requirements[:3]) == "删去 04"
    assert why(requirements=(*old.requirements, requirement("05", "02"))) == "新增 05"
    later = replace(old.settings, deadline=date(2019, 11, 1))
    assert why(settings=later) == "标题、截止日期或联系方式有改动"
    assert why() == ""
    assert why(indicators=(*old.indicators, Indicator(number=6, text="只问别家", row=7))) == ""
    filled = {"03": Filled(w.PREVIOUS, "去年 1 项")}
    refilled = form.build(old, old.unit["02"], filled, prefilled=True)
    blank = form.build(old, old.unit["02"])
    assert generate.why_changed(blank, refilled) == "带入的上次填报有变化"
