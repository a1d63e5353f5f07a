"""What stands is decided once: every way a text can come about, and all who show it agree.

A table says what stands. Then every combination of an answer, the office's words and 同意不改,
also for two units, holds paper, 汇总表, 录入清单, the change list, the figures and JSON together.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from test_printout import MASTER, batch, requirement, said, version

from pdsfz_xl import (
    bulletin,
    changes,
    contract,
    entries,
    outcome,
    paper,
    rules,
    tables,
)
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Answer, Batch, Master, Requirement, Waiver, Where
from pdsfz_xl.outcome import Source, State

LIMIT = 20
LONG = "长" * 25
TOO_LONG = "更长" * 15

ANSWERS: Mapping[str, dict[str, object]] = {
    "nothing": {},
    "only a choice": {"versions": "选"},
    "not confirmed": {"versions": "旧", "unconfirmed": True},
    "a text": {"spoken": ["原文"]},
    "a long text": {"spoken": [LONG]},
    "none here": {"spoken": ["没有"], "status": w.NOTHING},
    "not ours": {"spoken": ["归别人"], "status": w.NOT_OURS},
    "two versions": {"spoken": ["一版", "二版"]},
    "a chosen version": {"spoken": ["一版", "二版"], "open_conflict": False, "decided": True},
    "keyed in": {"spoken": ["照录"], "versions": "", "keyed": True},
    "keyed, not ours": {"spoken": ["照录"], "versions": "", "keyed": True, "status": w.NOT_OURS},
}
REVISIONS = {
    "": "",
    "revised": "改写",
    "revised too long": TOO_LONG,
    "revised to blanks": " \u3000",
}
VERDICTS = {"": {}, "passed": {w.VERDICT: "通过"}, "sent back": {w.VERDICT: " 退回修改"},
            "changed since": {"stale": True}}  # fmt: skip
FINALS = {"": "", "settled": "定稿", "settled too long": TOO_LONG, "settled to blanks": "\n"}
WAIVERS = {"": (), "L01": ("L01",), "L03": ("L03",)}


class Case(NamedTuple):
    """One requirement: what its units answered, what the office wrote, what it agreed to."""

    answers: tuple[str, ...]
    revision: str = ""
    verdict: str = ""
    final: str = ""
    waiver: str = ""


def answer(unit: str, kind: str, *, stale: bool) -> Answer:
    values = dict(ANSWERS[kind])
    spoken, versions = values.pop("spoken", []), values.pop("versions", None)
    if versions is not None:
        values["versions"] = ()
    if versions:
        text, choice = ("", w.ANSWERED) if versions == "选" else (versions, "")
        values["versions"] = (version(unit, "02", text, choice=choice),)
    return said(unit, "02", *spoken, stale=stale, **values)


def round_of(case: Case) -> Batch:
    """The revision and the verdict are about the first unit."""
    units = [f"{i:02d}" for i, _ in enumerate(case.answers, 1)]
    plan = replace(
        MASTER,
        requirements=(requirement("02", *units, limit=LIMIT, advised=10),),
        indicators=(replace(MASTER.indicators[1], requirements=("02",)),),
        waivers=tuple(
            Waiver(unit="", requirement="02", rule=rule, reason="同意", date="2019-10-28")
            for rule in WAIVERS[case.waiver]
        ),
    )
    verdict = dict(VERDICTS[case.verdict])
    stale = bool(verdict.pop("stale", False))
    written = {w.REVISION: REVISIONS[case.revision], **verdict}
    clerk = {
        w.MERGED_SHEET: {plan.key("01", "02"): written},
        w.FINAL_SHEET: {"02": {w.FINAL_TEXT: FINALS[case.final]}},
    }
    made = [
        answer(unit, kind, stale=stale and unit == "01")
        for unit, kind in zip(units, case.answers, strict=True)
    ]
    return replace(batch(*made, master=plan), clerk=clerk)


def asked(result: Batch) -> Requirement:
    [found] = result.master.requirements
    return found


# --- what stands ---------------------------------------------------------------------------

TABLE = [
    # answers, 修改稿, 审核结论, 定稿文本, 同意不改 | state, written in, text
    (("nothing",), "", "", "", "", State.UNANSWERED, None, ""),
    (("only a choice",), "", "", "", "", State.UNANSWERED, None, ""),
    (("not confirmed",), "", "", "", "", State.UNANSWERED, None, ""),
    (("a text",), "", "", "", "", State.ORIGINAL, Source.ANSWER, "原文"),
    (("a text",), "revised to blanks", "", "settled to blanks", "", State.ORIGINAL, Source.ANSWER,
     "原文"),
    (("a long text",), "", "", "", "", State.OVER, Source.ANSWER, LONG),
    (("a long text",), "", "", "", "L01", State.ORIGINAL, Source.ANSWER, LONG),
    (("a long text",), "", "", "", "L03", State.OVER, Source.ANSWER, LONG),
    (("a long text",), "revised", "", "", "", State.REVISED, Source.REVISION, "改写"),
    (("none here",), "", "", "", "", State.NOTHING, Source.ANSWER, "没有"),
    (("two versions",), "", "", "", "", State.UNDECIDED, Source.ANSWER, "二版"),
    (("two versions",), "revised", "", "", "", State.UNDECIDED, Source.REVISION, "改写"),
    (("a chosen version",), "", "", "", "", State.ORIGINAL, Source.ANSWER, "二版"),
    (("a text",), "revised", "passed", "", "", State.REVISED, Source.REVISION, "改写"),
    (("a text",), "revised too long", "", "", "", State.OVER, Source.REVISION, TOO_LONG),
    (("a text",), "revised too long", "", "", "L03", State.REVISED, Source.REVISION, TOO_LONG),
    (("a text",), "", "sent back", "", "", State.SENT_BACK, Source.ANSWER, "原文"),
    (("a text",), "revised", "changed since", "", "", State.REVIEW_AGAIN, Source.REVISION, "改写"),
    (("a text",), "revised", "sent back", "settled", "", State.SETTLED, Source.FINAL, "定稿"),
    (("nothing",), "", "", "settled too long", "", State.OVER, Source.FINAL, TOO_LONG),
    (("nothing",), "", "", "settled too long", "L03", State.SETTLED, Source.FINAL, TOO_LONG),
    (("two versions", "a text"), "", "", "", "", State.UNDECIDED, None, ""),
    (("a text", "nothing"), "", "", "", "", State.UNMERGED, None, ""),
    (("nothing", "nothing"), "", "", "", "", State.UNANSWERED, None, ""),
    (("a text", "a text"), "", "", "settled", "", State.SETTLED, Source.FINAL, "定稿"),
    # The four cases that were decided in three ways before.
    (("nothing",), "revised", "", "", "", State.REVISED, Source.REVISION, "改写"),
    (("nothing", "nothing"), "revised", "", "", "", State.UNMERGED, None, ""),
    (("keyed in",), "", "", "", "", State.KEYED, Source.KEYED, "照录"),
    (("not ours",), "", "", "", "", State.NOT_OURS, Source.ANSWER, "归别人"),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: " ".join((*row[0], *filter(None, row[1:5]))))
def test_what_stands(row):
    answers, revision, verdict, final, waiver, *expected = row
    result = round_of(Case(answers, revision, verdict, final, waiver))
    stands = outcome.of_requirement(result, asked(result))
    assert [stands.state, stands.source, stands.text] == expected
    assert stands.count == texts.count(stands.text)


# --- everybody shows the same --------------------------------------------------------------


def cases() -> Iterator[Case]:
    """Every combination of one unit, and of two with every pair of answers."""
    for kind in ANSWERS:
        yield from (
            Case((kind,), *more) for more in itertools.product(REVISIONS, VERDICTS, FINALS, WAIVERS)
        )
    judged = ("", "changed since")
    for pair in itertools.product(ANSWERS, repeat=2):
        yield from (Case(pair, *more) for more in itertools.product(REVISIONS, judged, FINALS))


def rows_of(result: Batch) -> tuple[paper.Block, tuple[paper.Row, ...]]:
    composed = paper.compose(result, ())
    [block] = [b for band in composed.bands for line in band.lines for b in line.blocks]
    return block, block.rows


def on_paper(block: paper.Block) -> set[str]:
    """The words paper says of a requirement's text."""
    tags = {tag for row in block.rows for tag in (*row.tags, row.pending, block.pending) if tag}
    blank = {w.UNANSWERED} if all(row.blank for row in block.rows) else set()
    refused = {row.status for row in block.rows} & {w.NOTHING, w.NOT_OURS}
    return tags | blank | refused


SAID = {
    State.SETTLED: {"定稿"},
    State.REVISED: {w.REVISION},
    State.ORIGINAL: set(),
    State.OVER: set(),
}
"""What paper says of a state where that is another word, or the number of characters too many."""


def agree(result: Batch) -> State:
    stands = outcome.of_requirement(result, asked(result))
    block, rows = rows_of(result)
    [entry] = entries.entries(result)
    written = tables.lines(result, ())
    [final] = written[w.FINAL_SHEET]
    document = contract.collected(result, (), {})
    assert {final.values["状态"], entry.state, document["outcomes"][0]["state"]} == {stands.state}
    assert SAID.get(stands.state, {stands.state}) <= on_paper(block)
    assert all(row.blank for row in rows) == (stands.state is State.UNANSWERED)
    together = stands.state if stands.state in outcome.PENDING else ""
    assert block.pending == (together if len(rows) > 1 else "")
    one_text = stands.state in outcome.SINGLE
    assert entry.ready == document["outcomes"][0]["ready"] == (stands.state in outcome.READY)
    if one_text:
        [row] = rows
        assert [part.text for part in row.parts][:1] == [entry.text] == [stands.text]
        assert row.count == entry.count == stands.count
        assert row.over == stands.over
        assert (row.over > 0) == (stands.state is State.OVER)
    else:
        assert entry.text.partition("\n")[0] == stands.state
        assert entry.count == 0
        printed = Counter(part.text for row in rows for part in row.parts if part.text)
        assert all(text in entry.text for text in printed)
        assert all(row.over == 0 for row in rows) or stands.state in outcome.PENDING
    [place] = changes.snapshot(paper.compose(result, ()))
    assert [row.blank for row in place.rows] == [row.blank for row in rows]
    return stands.state


def figures_agree(result: Batch) -> None:
    """超字数 and 必须改 are one number on the terminal, in 总览, on paper, in 通报 and in JSON."""
    findings = rules.run(result)
    sheets = tables.lines(result, findings)
    [*units, total] = sheets[w.OVERVIEW_SHEET]
    overview = paper.compose(result, findings).overview
    [document] = contract.collected(result, findings, {})["outcomes"]
    stated = [unit["over"] > 0 for unit in document["units"]]
    over = total.values[w.OVER]
    assert over == overview.over == sum(stated) == outcome.tally(result).over
    assert over == sum(line.values.get(w.OVER, 0) for line in units)
    assert over == sum(line.values["提醒"].count(w.OVER) for line in sheets[w.MERGED_SHEET])
    must = sum(f.grade == "A" and not f.waived for f in findings)
    assert must == total.values[w.GRADES["A"]] == overview.grades[0].open
    assert must == sum(line.values[w.GRADES["A"]] for line in units)
    told = {unit.name: unit.problems for unit in bulletin.compose(result, findings).units}
    mine = {line.values[w.UNIT]: line.values[w.GRADES["A"]] for line in units}
    assert told.items() <= mine.items()


def test_everybody_agrees_on_every_combination():
    found = Counter()
    for case in cases():
        result = round_of(case)
        try:
            found[agree(result)] += 1
        except AssertionError as error:
            raise AssertionError(case) from error
    assert found.keys() == set(State), "a state that no combination leads to"


@pytest.mark.parametrize("answers", ANSWERS)
def test_figures_are_one_number(answers):
    for revision, final, waiver in itertools.product(REVISIONS, FINALS, WAIVERS):
        case = Case((answers, "a long text"), revision, "", final, waiver)
        try:
            figures_agree(round_of(case))
        except AssertionError as error:
            raise AssertionError(case) from error


def test_raw_is_what_the_units_wrote_whatever_the_office_made_of_it():
    """As 单位材料 is signed: no revision, no settled text, no word of the office's review."""
    result = round_of(Case(("a text",), "revised", "sent back", "settled"))
    stands = outcome.of_requirement(result, asked(result), raw=True)
    assert (stands.state, stands.text) == (State.ORIGINAL, "原文")


def test_two_open_versions_stand_with_their_numbers_and_the_revision_first():
    result = round_of(Case(("two versions",), "revised"))
    stands = outcome.of_assignment(result, result.answers[0])
    assert [(s.text, s.number) for s in stands.statements] == [
        ("改写", 0),
        ("一版", 1),
        ("二版", 2),
    ]


def test_findings_of_no_unit_are_a_line_of_their_own_in_the_overview():
    """Else 必须改 in 总览 is less than on the terminal."""
    result = batch(said("01", "02.1", "甲"))
    findings = (*rules.run(result), rules.finding("F03", Where("乱.xlsx"), detail="半截"))
    [*units, other, total] = tables.lines(result, findings)[w.OVERVIEW_SHEET]
    assert other.values[w.UNIT] == w.NOBODYS
    assert other.values["必须改"] == 1
    assert total.values["必须改"] == 1 + sum(line.values["必须改"] for line in units)


def test_the_manual_explains_every_state():
    manual = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (\S+) \|.*\| (能|不能) \|$", manual, re.MULTILINE))
    assert {
        state: "能" if state in outcome.READY else "不能" for state in State
    }.items() <= rows.items()


def test_a_master_without_units_has_no_figures():
    empty = Batch(master=Master(settings=MASTER.settings), now=batch().now)
    assert outcome.tally(empty) == outcome.Tally()
    assert outcome.outstanding(empty) == {}


def test_a_revision_ends_the_figure_but_not_what_the_unit_has_to_put_right():
    """It was sent back: the unit is still told that its own words are too long."""
    result = round_of(Case(("a long text",), "revised", "sent back"))
    assert outcome.tally(result).over == 0
    assert "L01" in {f.rule for f in rules.run(result)}
    result = round_of(Case(("a text",), "revised too long"))
    [found] = [f for f in rules.run(result) if f.rule == "L03"]
    assert (found.unit, found.where.sheet) == ("市发改委", w.MERGED_SHEET)
    assert "修改稿有 30 字" in found.message
