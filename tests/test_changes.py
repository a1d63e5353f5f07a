"""Two prints: every row that says something else is listed, and nothing besides."""

from dataclasses import replace
from datetime import datetime

import pytest
from test_printout import MASTER, NOW, batch, requirement, said, version

from pdsfz_xl import changes, paper
from pdsfz_xl import wording as w
from pdsfz_xl.changes import Snapshot
from pdsfz_xl.model import Batch, Evidence, Filed, Received, Where

LONG = "2019年以来，全市办理行政执法案件1286件，合格率98.5%，召开会议5次。"


def snapshot(result: Batch) -> Snapshot:
    return changes.snapshot(paper.compose(result, ()))


def differences(before: Batch, after: Batch) -> list[tuple[str, str, tuple[str, ...]]]:
    listed = changes.compare(snapshot(before), snapshot(after))
    return [(change.label, change.unit, change.what) for change in listed]


def final(key: str, text: str, day: str = "") -> dict:
    return {w.FINAL_SHEET: {key: {"定稿文本": text, "审定日期": day}}}


def marked(runs) -> str:
    return "".join(f"[{run.text}]" if run.changed else run.text for run in runs)


def test_a_snapshot_comes_back_as_it_was():
    places = snapshot(batch(said("01", "02.1", "甲\n𠮷", number=3.0), said("02", "04", "a", "b")))
    assert changes.load(changes.dump(places)) == places
    assert changes.dump(places) == changes.dump(changes.load(changes.dump(places)))


def test_the_same_round_has_no_changes():
    result = batch(said("01", "02.2", LONG))
    assert differences(result, result) == []


def test_a_changed_text_stands_side_by_side_with_its_changed_characters():
    before, after = said("01", "02.2", LONG), said("01", "02.2", LONG.replace("5次", "6次"))
    (change,) = changes.compare(snapshot(batch(before)), snapshot(batch(after)))
    assert (change.label, change.unit, change.what) == ("2（2）", "市发改委", ("文字",))
    assert marked(change.before.text).endswith("召开会议[5]次。")
    assert marked(change.after.text).endswith("召开会议[6]次。")


def test_a_text_of_which_nothing_was_kept_is_another_one_and_has_no_marks():
    before, after = said("01", "02.2", LONG), said("01", "02.2", "全部推倒重来")
    (change,) = changes.compare(snapshot(batch(before)), snapshot(batch(after)))
    assert change.what == ("重写",)
    assert not any(run.changed for side in (change.before, change.after) for run in side.text)


WHERE = Where("a.xlsx", w.EVIDENCE_SHEET, "B2")


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (batch(), batch(said("01", "02.1", "甲")), "新报"),
        (batch(said("01", "02.1", "甲")), batch(), "撤回"),
        (batch(said("01", "02.1", "甲")), batch(said("01", "02.1", "甲", number=1.0)), "数量"),
        (
            batch(said("01", "02.1", "甲")),
            batch(said("01", "02.1", "甲", status=w.NOTHING)),
            "填报情况",
        ),
        (
            batch(said("01", "02.1", "甲")),
            batch(
                said("01", "02.1", "甲"),
                evidence=(Evidence(WHERE, "01", "02.1", "通知.pdf", "文件", "", 1, ""),),
            ),
            "佐证材料",
        ),
        (batch(said("01", "02.1", "甲")), batch(said("01", "02.1", "甲", late=True)), "标记"),
    ],
    ids=["answered", "taken back", "number", "status", "evidence", "late"],
)
def test_whatever_changes_is_named(before, after, what):
    assert differences(before, after) == [("2（1）", "市发改委", (what,))]


def test_what_is_new_and_what_is_gone():
    more = replace(MASTER, requirements=(*MASTER.requirements, requirement("05", "01")))
    added = ("5", "市发改委", ("增项",))
    assert differences(batch(), batch(master=more)) == [added]
    assert differences(batch(master=more), batch()) == [(*added[:2], ("删项",))]


def test_a_settled_text_is_compared_with_all_that_its_units_said():
    spoken = said("02", "04", LONG), said("03", "04", "乙局另有说明。")
    before, after = batch(*spoken), batch(*spoken, clerk=final("04", LONG))
    (change,) = changes.compare(snapshot(before), snapshot(after))
    assert change.unit == "市司法局、市公安局"
    assert change.what == ("文字", "定稿")
    assert "乙局另有说明" in marked(change.before.text)
    assert "[定稿]" in marked(change.after.facts)


# --- what came after a text was settled ----------------------------------------------------


def late(result: Batch, last: Batch | None = None, at: datetime | None = None) -> list[str]:
    found = changes.latecomers(result, snapshot(last) if last else (), at)
    return [f"{one.label} {one.unit} {one.file} {one.text}" for one in found]


def test_what_came_after_the_day_a_text_was_settled_is_listed_in_full():
    result = batch(said("01", "02.2", "迟来的说法"), clerk=final("02.2", "定了", "2019-10-27"))
    assert late(result) == ["2（2） 市发改委 01.xlsx 迟来的说法"]


@pytest.mark.parametrize("clerk", [{}, final("02.2", "定了"), final("02.2", "定了", "2019-10-28")])
def test_what_came_in_time_or_to_no_settled_text_is_not(clerk):
    assert late(batch(said("01", "02.2", "说法"), clerk=clerk)) == []


def test_without_a_day_the_print_that_went_up_counts():
    clerk = final("02.2", "定了")
    handed_up = batch(clerk=clerk)
    result = batch(said("01", "02.2", "说法"), clerk=clerk)
    assert late(result, handed_up, datetime(2019, 10, 28, 8, 0)) != []
    assert late(result, handed_up, datetime(2019, 10, 28, 10, 0)) == []
    assert late(result, batch(), datetime(2019, 10, 28, 8, 0)) == []


def test_evidence_that_came_too_late_is_listed_unless_it_is_held():
    paths = ("out/2-收件/a.pdf", "out/2-收件/b.pdf")
    files = tuple(
        Received(path=p, sha256=p, verdict=v, first_seen=NOW, received=NOW)
        for p, v in zip(paths, ("evidence", "held"), strict=True)
    )
    filed = tuple(Filed(p, p, "01", "02.2", p.rpartition("/")[2]) for p in paths)
    clerk = final("02.2", "定了", "2019-10-27")
    assert late(batch(received=files, filed=filed, clerk=clerk)) == ["2（2） 市发改委 a.pdf "]


def test_several_versions_each_with_its_time():
    versions = (
        version("01", "02.2", "早", received=datetime(2019, 10, 20)),
        version("01", "02.2", "晚"),
    )
    result = batch(
        said("01", "02.2", "晚", versions=versions), clerk=final("02.2", "定了", "2019-10-27")
    )
    assert late(result) == ["2（2） 市发改委 01.xlsx 晚"]
