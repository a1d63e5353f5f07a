"""The second round: what the office asked to be corrected stands, and nothing else is decided.

Real forms, sent back by the program, corrected as people do, read by the real reader.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pytest
from desks import edited, opened, put, slots
from samples import arrival, batch, master, requirement, returned

from pdsfz_xl import collect, generate, giveback, rules
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Arrival, Manifest
from pdsfz_xl.outcome import State, of_requirement

FIRST = datetime(2019, 10, 24, 9, 0)
UNTIL = date(2019, 11, 5)
LONG = "办理 3 件，" + "字" * 1000
SHORT = "办理 3 件，已全部办结。"
PLAN = master(
    requirements=(
        requirement("02.1", "01", kind="数据", measure="条"),
        requirement("02.2", "01"),
        requirement("03", "02"),
        requirement("04", "02", "03"),
    )
)


@dataclass
class Desk:
    """What lies in the drop zone, what the clerk wrote, and which day it is."""

    folder: object
    files: list[Arrival] = field(default_factory=list)
    clerk: dict = field(default_factory=dict)
    corrections: dict = field(default_factory=dict)
    now: datetime = FIRST

    @property
    def round(self):
        return batch(
            PLAN, *self.files, clerk=self.clerk, now=self.now, corrections=self.corrections
        )

    def drop(self, manifest: Manifest, saved: datetime | None = None) -> None:
        """A file seen now, by another run than those before."""
        self.now += timedelta(hours=5)
        moment = (saved or self.now - timedelta(hours=1)).isoformat()
        number = len(self.files)
        manifest = replace(manifest, sha256=f"{number:064d}", saved=moment)
        self.files.append(arrival(manifest, f"{number}.xlsx", self.now))

    def first(self, unit: str, **answers: str) -> None:
        filled = {key: Filled("已填报", said) for key, said in _keys(answers).items()}
        self.drop(returned(PLAN, unit, filled, self.folder))

    def sent_back(self, unit: str) -> bytes:
        """The marked workbook the unit gets now."""
        result = self.round
        made = giveback.returns(result, rules.run(result), UNTIL, self.now)
        self.corrections |= {(unit, r.key): UNTIL for r in PLAN.due(unit)}
        return next(one.data for one in made if one.unit.code == unit)

    def corrected(self, form: bytes, **answers: str | None) -> None:
        self.drop(self.read(_typed(form, **answers)))

    def read(self, data: bytes) -> Manifest:
        path = self.folder / f"{len(list(self.folder.iterdir()))}.xlsx"
        path.write_bytes(data)
        return collect.read_return(str(path))

    def stands(self, unit: str, key: str) -> tuple[list[str], bool]:
        """The texts that stand and whether somebody has to choose."""
        answer = self.round.answer[unit, key]
        return [v.text for v in answer.versions], answer.open_conflict

    def rules(self) -> set[str]:
        return {f.rule for f in rules.run(self.round)}


def _keys(answers):
    """`_02_1="…"` is about 02.1."""
    return {key.strip("_").replace("_", "."): said for key, said in answers.items()}


def _typed(form: bytes, **answers: str | None) -> bytes:
    def write(book) -> None:
        rows = {slot.requirement: slot.row for slot in slots(book)}
        for key, said in _keys(answers).items():
            put(book, rows[key], w.ANSWER, said)

    return edited(form, FIRST, write)


@pytest.fixture
def desk(tmp_path) -> Desk:
    return Desk(tmp_path)


def test_a_unit_with_one_item_corrects_it(desk):
    """Nothing is repeated word for word: only what the form knew says that it is a correction."""
    desk.first("03", _04=LONG)
    desk.corrected(desk.sent_back("03"), _04=SHORT)
    assert desk.stands("03", "04") == ([SHORT], False)
    assert not {"X01", "L01", "X03", "G04"} & desk.rules()
    [old] = desk.round.answer["03", "04"].replaced
    assert old.text == LONG


def test_the_correction_stands_alone_on_paper_and_in_the_upload(desk):
    desk.first("02", _03=LONG)
    desk.corrected(desk.sent_back("02"), _03=SHORT)
    result = desk.round
    stands = of_requirement(result, PLAN.requirement["03"])
    assert (stands.state, [s.text for s in stands.statements]) == (State.ORIGINAL, [SHORT])


def test_two_sections_correct_their_halves_of_one_form_separately(desk):
    desk.first("01", _02_1=LONG, _02_2=LONG)
    form = desk.sent_back("01")
    desk.corrected(form, _02_1="归集 9 条。")
    desk.corrected(form, _02_2=SHORT)
    assert desk.stands("01", "02.1") == (["归集 9 条。"], False)
    assert desk.stands("01", "02.2") == ([SHORT], False)


def test_a_form_is_corrected_twice(desk):
    """The second marked form knows the first correction and what that had replaced."""
    desk.first("03", _04=LONG)
    desk.corrected(desk.sent_back("03"), _04=LONG + "又写 1 件")
    desk.corrected(desk.sent_back("03"), _04=SHORT)
    assert desk.stands("03", "04") == ([SHORT], False)


def test_two_people_correct_the_same_form_differently(desk):
    desk.first("03", _04=LONG)
    form = desk.sent_back("03")
    desk.corrected(form, _04="甲科 1 件。")
    desk.corrected(form, _04="乙科 2 件。")
    assert desk.stands("03", "04") == (["甲科 1 件。", "乙科 2 件。"], True)
    assert "X01" in desk.rules()


def test_the_old_form_sent_again_after_the_correction_is_said(desk):
    """Other bytes, a later run, a form that did not know: perhaps a mistake, perhaps meant."""
    desk.first("03", _04=LONG)
    desk.corrected(desk.sent_back("03"), _04=SHORT)
    desk.first("03", _04=LONG)
    texts, conflict = desk.stands("03", "04")
    assert (sorted(texts), conflict) == (sorted([SHORT, LONG]), True)


def test_a_wrong_clock_does_not_bring_the_old_text_back(desk):
    desk.first("03", _04=LONG)
    old = desk.files[0]
    desk.corrected(desk.sent_back("03"), _04=SHORT)
    later = (desk.now + timedelta(days=3)).isoformat()
    desk.files[0] = old._replace(manifest=replace(old.manifest, saved=later))
    assert desk.stands("03", "04") == ([SHORT], False)


def test_a_form_returned_as_it_was_sent_says_nothing(desk):
    desk.first("03", _04=LONG)
    form = desk.sent_back("03")
    desk.corrected(form, _04=SHORT)
    desk.corrected(form)
    assert desk.stands("03", "04") == ([SHORT], False)


def test_a_form_returned_as_it_was_sent_answers_where_its_file_is_gone(desk):
    desk.first("03", _04=LONG)
    form = desk.sent_back("03")
    desk.files.clear()
    desk.corrected(form)
    assert desk.stands("03", "04") == ([LONG], False)


def test_what_is_emptied_on_a_marked_form_is_kept_and_said(desk):
    desk.first("03", _04=LONG)
    desk.corrected(desk.sent_back("03"), _04=None)
    assert desk.stands("03", "04") == ([LONG], False)
    assert "G07" in desk.rules()


def test_a_correction_in_time_is_not_late_whenever_the_first_answer_was_due(desk):
    desk.first("03", _04=LONG)
    form = desk.sent_back("03")
    desk.now = datetime(2019, 11, 5, 8, 0)
    desk.corrected(form, _04=SHORT)
    assert not desk.round.answer["03", "04"].late
    desk.now = datetime(2019, 11, 6, 8, 0)
    desk.files.pop()
    desk.corrected(form, _04=SHORT)
    assert desk.round.answer["03", "04"].late


# --- what the clerk chose ------------------------------------------------------------------


def chosen(desk: Desk, unit: str, key: str, text: str) -> None:
    """采用, as the merged workbook remembers it: the version, and those it was chosen from."""
    answer = desk.round.answer[unit, key]
    listed = {version.text: version.digest for _, version in answer.numbered}
    among = sorted(digest for said, digest in listed.items() if said != text)
    cells = {"采用": "1", w.CHOSEN_DIGEST: "+".join((listed[text], *among))}
    desk.clerk = {w.CONFLICT_SHEET: {PLAN.key(unit, key): cells}}


def test_a_correction_of_the_chosen_text_replaces_it_and_the_choice_goes_on(desk):
    desk.first("03", _04=LONG)
    desk.first("03", _04="另一份 1 件。")
    chosen(desk, "03", "04", LONG)
    assert desk.stands("03", "04") == ([LONG], False)
    desk.corrected(desk.sent_back("03"), _04=SHORT)
    assert desk.stands("03", "04") == ([SHORT], False)
    assert "V06" not in desk.rules()


def test_any_other_later_version_has_to_be_chosen_again(desk):
    desk.first("03", _04=LONG)
    desk.first("03", _04="另一份 1 件。")
    chosen(desk, "03", "04", LONG)
    desk.first("03", _04="第三份 2 件。")
    assert desk.stands("03", "04") == ([LONG, "第三份 2 件。"], True)
    chosen(desk, "03", "04", LONG)
    assert desk.stands("03", "04") == ([LONG], False)


def test_the_clerk_may_choose_what_a_correction_replaced(desk):
    desk.first("03", _04=LONG)
    desk.corrected(desk.sent_back("03"), _04=SHORT)
    chosen(desk, "03", "04", LONG)
    assert desk.stands("03", "04") == ([LONG], False)


def test_of_open_versions_a_marked_form_names_all(desk):
    desk.first("03", _04=LONG)
    desk.first("03", _04=LONG + "另一份")
    desk.corrected(desk.sent_back("03"), _04=SHORT)
    assert desk.stands("03", "04") == ([SHORT], False)


# --- forms that know nothing ---------------------------------------------------------------

SAME = (
    "相同的一段话，共有二十个字以上，一字不差，第一项。",
    "相同的另一段话，共有二十个字以上，第二项。",
)


def without_fingerprints(form: bytes) -> bytes:
    """A marked form as it went out before they were written."""

    def strip(book) -> None:
        for row in book[w.STAMP_SHEET].iter_rows(min_col=6, max_col=7):
            for cell in row:
                cell.value = None

    return edited(form, FIRST, strip)


def test_a_form_that_went_out_before_is_a_correction_where_it_repeats_the_rest(tmp_path):
    plan = master(requirements=tuple(requirement(f"{n:02d}", "01") for n in range(1, 5)))
    filled = {f"{n:02d}": Filled("已填报", text) for n, text in enumerate((*SAME, "旧 1 件"), 1)}
    first = returned(plan, "01", filled, tmp_path)
    second = returned(plan, "01", {**filled, "03": Filled("已填报", "新 2 件")}, tmp_path)
    plain = replace(second, shown={}, known={})
    result = batch(
        plan,
        arrival(first, "1.xlsx", FIRST),
        arrival(plain, "2.xlsx", FIRST + timedelta(days=1)),
    )
    answer = result.answer["01", "03"]
    assert ([v.text for v in answer.versions], answer.open_conflict) == (["新 2 件"], False)
    [found] = [f for f in rules.run(result) if f.rule == "X03"]
    assert (found.grade, found.requirement) == ("D", "03")


def test_a_form_that_went_out_before_with_one_item_is_left_to_the_clerk(desk):
    desk.first("03", _04=LONG)
    desk.corrected(without_fingerprints(desk.sent_back("03")), _04=SHORT)
    assert desk.stands("03", "04") == ([LONG, SHORT], True)


def test_the_hidden_sheet_says_what_a_form_showed_and_nothing_of_a_blank_one(desk):
    desk.first("03", _04=LONG)
    stamp = opened(desk.sent_back("03"))[w.STAMP_SHEET]
    shown, known = stamp["F1"].value, stamp["G1"].value
    assert re.fullmatch("[0-9a-f]{16}", shown)
    assert known == shown
    blank = opened(generate.forms(PLAN)[2].data)[w.STAMP_SHEET]
    assert blank.max_column == 4


def test_a_figure_that_stands_alone_is_listed_from_every_file_it_stands_in(desk):
    """Also from a marked form that came back with it: there is no text it could belong to."""
    desk.drop(returned(PLAN, "01", {"02.1": Filled("", "", 101.0)}, desk.folder))
    desk.corrected(desk.sent_back("01"), _02_2="已办 1 件。")
    left = [(x.where.file, x.text) for x in desk.round.leftover]
    assert left == [("0.xlsx", "101"), ("1.xlsx", "101")]
