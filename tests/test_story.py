"""Any story of a campaign, and nothing anybody wrote is lost in it: what this program promises.

Bureaus return, correct, blank out, withdraw and send again; the clerk reviews, chooses, voids,
assigns, types in, rearranges, edits the master under way, sends back; in any order. It is played
on a real workspace: real forms filled by another program, the real 汇总表.xlsx edited and saved by
it. After every step

- what a bureau typed into a file that counts stands with its own assignment (in 汇总 or in
  多次报送不一致) or, where that is gone, in 未对应上的内容; of a file that counts no more the very
  bytes lie in 存档; of an answer that changed since it went back 改前改后 shows both;
- what the clerk typed stands where it was typed, or in 失去归属的批注 while its row is gone.

The stories are the same every time: 2,000 steps with --deep, else a tenth of them and on until all
is met that is promised. `pytest tests/test_story.py --steps 20000` plays others; every failure
prints the shortest story that leads to it.
"""

import copy
import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import ClassVar

import counts
import pytest
from bureaus import Bureaus
from clerk import Clerk
from counts import examples
from desks import extent, opened, pleas
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from planner import Planner
from world import Copied, Return, Shown, in_batch, in_workbook, one

from pdsfz_xl import campaign, explaining, merge, review
from pdsfz_xl import master as master_stage
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.look import Look
from pdsfz_xl.model import Batch
from pdsfz_xl.states import Reply

STEPS = 2_000
SOME_STORIES = settings(
    max_examples=examples(10, least=3),
    stateful_step_count=40,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

PROMISED = (
    "conflict", "late", "leftover", "withdrawn", "void", "duplicate", "copied", "loose", "orphan",
    "G02",
)  # fmt: skip
"""What the stories must come to: a promise about what never happens is an empty one."""
RARE = (
    "keyed", "chosen", "changed", "assigned", "I02", "reviewed", "apart", "explained", "accepted",
    "explanation sent back",
)  # fmt: skip
"""What only the many steps of --deep surely come to."""


def test_nothing_anybody_wrote_is_lost(request, capsys):
    others = request.config.getoption("--steps")
    Story.played = 0
    Story.met.clear()
    for number in seeds(others):
        enough = Story.played >= (others or examples(STEPS)) and not unmet()
        if enough or Story.played >= max(others or 0, STEPS):
            break
        print(f"seed {number}")
        run_state_machine_as_test(seed(number)(Story), settings=SOME_STORIES)
    with capsys.disabled():
        print(f"\n{Story.played} steps:", ", ".join(f"{k} {n}" for k, n in Story.met.items()))
    assert unmet() == set()


def seeds(others: int | None) -> Iterator[int]:
    """Of the few stories without --deep, the first come to all that is promised."""
    if others:
        return itertools.count(random.SystemRandom().getrandbits(31))
    return itertools.count(0) if counts.deep else itertools.count(1, 3)


def unmet() -> set[str]:
    promised = (*PROMISED, *RARE) if counts.deep else PROMISED
    return {name for name in promised if not Story.met[name]}


class Story(Bureaus, Clerk, Planner):
    """The commands, and after each of them the promises."""

    played = 0
    met: ClassVar[Counter[str]] = Counter()

    @initialize(data=st.data(), rounds=st.integers(0, 2))
    def a_campaign_starts(self, data, rounds: int) -> None:
        self.begin()
        for _ in range(rounds):
            self.a_round_of_returns(data)

    @rule(data=st.data())
    def a_round_of_returns(self, data) -> None:
        """Every bureau sends something, and all of it is collected."""
        for unit in sorted(self.forms):
            self.send(data, unit, one(data, self.forms[unit]))
        self.collect()

    @rule(data=st.data())
    def a_round_of_explanations(self, data) -> None:
        """What is wrong goes back, a bureau explains, and the office replies."""
        self.corrections_are_asked_for()
        if self.marked:
            self.a_bureau_explains(data)
            self.collect()
            self.the_clerk_replies_to_an_explanation(data)
            self.collect()

    # --- commands

    @rule()
    def collect(self) -> None:
        """And once more: nothing is written, and the same is said."""
        before = self.merged_bytes()
        done = campaign.collect(self.ws, self.later())
        self.take_in()
        self.book = self.here()
        read = review.digests(review.read(self.ws.merged))
        assert read == review.digests(self.look().batch.clerk), "it does not say what we know of it"
        self.filled = {sheet.title for sheet in self.book if sheet.max_row > 1}
        self.touched.clear()
        self.look_at_archive()
        if before and before != self.merged_bytes():
            assert sha256(before).hexdigest() in self.archived, "a merged workbook is gone"
        tree = self.tree()
        assert campaign.collect(self.ws, self.now).more == done.more
        assert self.tree() == tree, "a collect after a collect wrote something"

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def a_copy_is_reviewed(self, data) -> None:
        """A colleague's, or the clerk's own from home: it counts once, wherever it lies."""
        copied = one(data, self.copies)
        path = self.ws.root / "带回.xlsx"
        path.write_bytes(copied.data)
        if copied.digest not in self.reviewed:
            self.take_over(copied)
            self.reviewed.add(copied.digest)
        before = self.merged_bytes()
        campaign.collect(self.ws, self.later(), copy=str(path))
        path.unlink()
        assert sha256(copied.data).hexdigest() in self.archive_digests()
        assert before == self.merged_bytes() or sha256(before).hexdigest() in self.archived
        self.collect()

    def archive_digests(self) -> set[str]:
        self.look_at_archive()
        return self.archived

    @rule(minutes=st.integers(1, 3 * 24 * 60))
    def collect_another_day(self, minutes: int) -> None:
        self.later(minutes)
        self.collect()

    def take_in(self) -> None:
        """What a command that reads for good has seen from now on."""
        self.carried, self.chosen_before = copy.deepcopy(self.words), dict(self.chosen)
        for name in sorted(self.zone):
            file = self.zone[name]
            if file.digest not in self.seen:
                self.seen[file.digest] = self.now, w.DROPZONE + name
            if isinstance(file, Return):
                self.kept.add(file.digest)
        self.forget_void()

    def forget_void(self) -> None:
        """Nobody misses a file that counts no more."""
        self.kept -= {file.digest for file in self.zone.values() if self.is_void(file.digest)}

    @rule(data=st.data(), minutes=st.integers(1, 8 * 24 * 60))
    def nothing_is_said(self, data, minutes: int) -> None:
        """Time passes, and perhaps a command says something and writes nothing."""
        self.later(minutes)
        quiet = [self.status_is_asked]
        if self.ws.merged.exists():
            quiet.append(self.collect_while_the_workbook_is_open)
            quiet.append(self.the_workbook_is_called_something_else)
        one(data, quiet)()

    def status_is_asked(self) -> None:
        tree = self.tree()
        campaign.status(self.ws, self.now)
        assert self.tree() == tree, "status wrote something"

    def collect_while_the_workbook_is_open(self) -> None:
        owner = self.ws.merged.with_name("~$汇总表.xlsx")
        owner.write_bytes(b"")
        tree = self.tree()
        with pytest.raises(OperatorError, match="正在 Excel"):
            campaign.collect(self.ws, self.now)
        assert self.tree() == tree
        owner.unlink()

    def the_workbook_is_called_something_else(self) -> None:
        """Whatever goes by it stops; only status goes on, and says so."""
        renamed = self.ws.merged.rename(self.ws.merged.with_name("汇总表-审核完.xlsx"))
        tree = self.tree()
        for command in (campaign.collect, campaign.give_back, campaign.export):
            with pytest.raises(OperatorError, match="审核完"):
                command(self.ws, self.now)
        assert "审核完" in "".join(campaign.status(self.ws, self.now).said)
        assert self.tree() == tree
        renamed.rename(self.ws.merged)

    @rule(refill=st.booleans())
    def forms_are_generated(self, refill: bool) -> None:
        before = [path.read_bytes() for path in self.ws.forms.glob("*.xlsx")]
        campaign.generate(self.ws, self.later(), before=self.ws if refill else None)
        self.fetch(self.ws.forms)
        now = {path.read_bytes() for path in self.ws.forms.glob("*.xlsx")}
        self.look_at_archive()
        for data in before:
            assert data in now or sha256(data).hexdigest() in self.archived, "a form is gone"

    @rule()
    def corrections_are_asked_for(self) -> None:
        seen = self.look()
        batch = seen.batch
        done = campaign.give_back(self.ws, self.later())
        self.originals_are_kept(self.zone.values())
        self.forget_void()
        for answer in batch.answers:
            if self.units[answer.unit] in done.more["units"]:
                place = answer.unit, answer.requirement
                self.returned[place] = (answer.status, answer.text, answer.number)
                own = self.extended.get(answer.unit, self.deadline)
                self.asked[place] = own if own >= self.now.date() else None
        if "returns" in done.outputs:
            folder = self.ws.root / done.outputs["returns"]
            self.fetch(folder)
            made = [
                (p.name[:2], p.read_bytes())
                for p in sorted(folder.glob("*.xlsx"))
                if p.name[3:].startswith(f"{self.units.get(p.name[:2])}_")
            ]
            self.marked += [one for one in made if one not in self.marked]
            self.nobody_is_asked_what_waits(seen, set(done.more["units"]), made)

    def nobody_is_asked_what_waits(self, seen: Look, asked: set[str], made) -> None:
        waits = {explaining.code(seen.batch.master, f) for f in seen.findings if f.waits}
        for unit, data in made:
            if self.units.get(unit) in asked:
                found = {plea.code for plea in pleas(opened(data))} & waits
                assert not found, (unit, found)

    def the_master_follows(self) -> None:
        before = self.ws.master.read_bytes()
        try:
            campaign.lint(self.ws, self.later(), fix=True)
        except OperatorError:
            raise
        plan = master_stage.read(self.ws.master)
        assert {r.key for r in plan.requirements} == self.duties.keys()
        self.duties = {r.key: [duty.unit for duty in r.duties] for r in plan.requirements}
        if self.ws.master.read_bytes() != before:
            self.look_at_archive()
            assert sha256(before).hexdigest() in self.archived, "a master is gone"

    # --- what must hold after every step

    @invariant()
    def everything_is_there(self) -> None:
        """By what every command would say now, and in the workbook if a collect just wrote it."""
        Story.played += 1
        seen = self.look()
        self.look_at_archive()
        batch = seen.batch
        assert {(a.unit, a.requirement) for a in batch.answers} == self.assigned()
        shown = in_batch(batch)
        self.what_bureaus_typed(shown)
        self.what_the_clerk_typed(shown)
        if self.book:
            shown = in_workbook(self.book)
            self.what_bureaus_typed(shown)
            self.what_the_clerk_typed(shown)
            self.the_order_of_files_never_matters(seen)
        self.originals_are_kept(self.known[digest] for digest in self.seen)
        self.the_choice_stands(batch)
        self.late_is_late(batch)
        self.what_went_is_said(seen)
        self.changes_are_shown(batch)
        self.findings_name_cells_there_are(seen)
        self.only_the_clerk_accepts(seen)
        self.copies_are_refused(batch)
        self.count(seen)
        self.book = None

    def count(self, seen: Look) -> None:
        """What the stories came to, so that none of the promises above is an empty one."""
        batch, words = seen.batch, self.words
        here = {file.digest for file in self.zone.values()}
        Story.met += Counter(
            {
                "conflict": sum(a.open_conflict for a in batch.answers),
                "chosen": sum(a.decided for a in batch.answers),
                "chosen is gone": sum(bool(a.chosen) and not a.decided for a in batch.answers),
                "keyed": sum(a.keyed for a in batch.answers),
                "late": sum(a.late for a in batch.answers),
                "unconfirmed": sum(a.unconfirmed for a in batch.answers),
                "leftover": len(batch.leftover),
                "changed": len(batch.changed),
                "withdrawn": len(batch.withdrawn),
                "void": sum(map(self.is_void, here)),
                "duplicate": sum(f.verdict == "duplicate" for f in batch.received),
                "assigned": sum(spot[2] == "归属单位" for spot in words),
                "copied": sum(isinstance(f, Copied) for f in self.zone.values()),
                "reviewed": len(self.reviewed),
                "apart": sum(spot[2].startswith(w.IN_OTHER_COPY) for spot in words),
                "two words": sum(len(pieces) > 1 for pieces in words.values()),
                "loose": len(self.loose),
                "explained": sum(bool(f.explanations) for f in seen.findings),
                "accepted": sum(f.reply == Reply.ACCEPTED for f in seen.findings),
                "explanation sent back": sum(f.reply == Reply.SENT_BACK for f in seen.findings),
                "orphan": w.ORPHAN_SHEET in self.filled,
                **{f.rule: 1 for f in seen.findings},
            }
        )  # fmt: skip

    def look_at_archive(self) -> None:
        """It only grows."""
        there = {}
        for path in self.ws.archive_folder.glob("*"):
            there[path.name] = path.stat().st_mtime_ns, path.stat().st_size
            if path.name not in self.archive:
                self.archived.add(sha256(path.read_bytes()).hexdigest())
        assert there.items() >= self.archive.items(), "something left 存档, or changed there"
        self.archive = there

    # Each promise by itself.

    def what_bureaus_typed(self, shown: Shown) -> None:
        """Each with its own place; where neither code nor file says whose it is, anywhere."""
        for name, file in self.zone.items():
            if isinstance(file, Copied) or self.is_void(file.digest):
                continue
            paths = {w.DROPZONE + n for n, f in self.zone.items() if f.digest == file.digest}
            left = {text for path, text in shown.left if path in paths}
            given_away = (w.REGISTER_SHEET, file.digest, "归属单位") in self.words
            for typed in file.typed:
                anywhere = given_away or not file.coded
                places = shown.said if anywhere else {typed.place}
                there = any(typed.said in shown.said.get(place, ()) for place in places) or any(
                    typed.said in text.get(place, "")
                    for place in places
                    for text in (shown.evidence, shown.explained)
                )
                assert there or typed.said in left, (name, typed)

    def what_the_clerk_typed(self, shown: Shown) -> None:
        for spot, pieces in self.words.items():
            for piece in pieces:
                assert piece in shown.words.get(spot, ""), (spot, piece)
        for said in self.loose:
            assert any(said in text for text in shown.words.values()), said

    def originals_are_kept(self, files: Iterable[Return | Copied]) -> None:
        """What we have read for good is in 存档, whatever became of the file since."""
        self.look_at_archive()
        for file in files:
            assert isinstance(file, Copied) or file.digest in self.archived, file.typed

    def the_order_of_files_never_matters(self, seen: Look) -> None:
        arrivals = sorted(seen.intake.arrivals, key=lambda a: sha256(a.path.encode()).digest())
        batch = merge.batch(
            seen.batch.master,
            arrivals,
            seen.batch.clerk,
            self.now,
            merged_path=seen.batch.merged_path,
            withdrawn=seen.batch.withdrawn,
            corrections=self.asked,
        )
        assert replace(batch, changed=seen.batch.changed) == seen.batch

    def the_choice_stands(self, batch: Batch) -> None:
        """What was chosen counts as long as it is there, until a version comes that was not."""
        for place, choice in self.chosen.items():
            answer = batch.answer.get(place)
            if answer is None or choice is None:
                continue
            every = [version.text for _, version in answer.numbered]
            new = [v for v in answer.versions if v.digest not in choice.listed]
            if every.count(choice.text) == 1 and all(v is answer.picked for v in new):
                assert answer.text == choice.text, (place, choice, answer)
                assert not answer.open_conflict

    def late_is_late(self, batch: Batch) -> None:
        words = self.words
        for answer in batch.answers:
            if not answer.answered or answer.keyed or not answer.source:
                continue
            file = self.file(answer.source.file)
            assert file is not None
            moment = self.seen.get(file.digest, (self.now, ""))[0]
            said = words.get((w.REGISTER_SHEET, file.digest, "实际收到时间"), [])
            if len(said) == 1:
                moment = datetime.fromisoformat(said[0])
            deadline = self.extended.get(answer.unit, self.deadline)
            place = answer.unit, answer.requirement
            if place in self.asked and answer.versions[-1].known:
                deadline = self.asked[place]
            assert answer.late == bool(deadline and moment.date() > deadline), answer

    def what_went_is_said(self, seen: Look) -> None:
        here = {file.digest for file in self.zone.values()}
        gone = {self.seen[digest][1] for digest in self.kept - here}
        assert {f.where.file for f in seen.findings if f.rule == "F10"} == gone

    def changes_are_shown(self, batch: Batch) -> None:
        now = {(a.unit, a.requirement): (a.status, a.text, a.number) for a in batch.answers}
        changed = {p for p in now.keys() & self.returned.keys() if now[p] != self.returned[p]}
        shown = {(c.unit, c.requirement): (c.before, c.after) for c in batch.changed}
        assert shown.keys() == changed
        for place, (before, after) in shown.items():
            assert self.returned[place][1] in before
            assert now[place][1] in after

    def findings_name_cells_there_are(self, seen: Look) -> None:
        for finding in seen.findings:
            file, sheet, cell = finding.where
            there = self.extent_of(file) if cell else None
            if there is None:
                continue
            assert sheet in there, finding
            row = int("".join(filter(str.isdigit, cell)))
            assert row <= there[sheet][0], finding

    def only_the_clerk_accepts(self, seen: Look) -> None:
        """Nothing is waived but by the master, or by what he says now to an explanation."""
        words, plan = self.words, seen.batch.master
        for finding in seen.findings:
            if finding.reply:
                spot = w.FINDINGS_SHEET, explaining.code(plan, finding), w.REPLY
                assert words[spot] == [finding.reply]
                assert finding.explanations
                assert finding.grade in "BC"
            if finding.reply != Reply.ACCEPTED:
                place = plan.unit_code.get(finding.unit, ""), finding.requirement
                assert finding.waived == plan.waived(finding.rule, *place)

    def copies_are_refused(self, batch: Batch) -> None:
        for file in batch.received:
            if isinstance(self.file(file.path), Copied):
                aside = file.verdict == "duplicate" or self.is_void(file.sha256)
                assert file.unit == "" or self.is_void(file.sha256), file
                assert aside or file.rule == "F11", file

    def extent_of(self, path: str) -> dict[str, tuple[int, int]] | None:
        if path == self.ws.relative(self.ws.merged):
            return extent(self.book) if self.book else None
        file = self.file(path)
        digest = file.digest if file else sha256((self.ws.root / path).read_bytes()).hexdigest()
        if digest not in self.extents:
            self.extents[digest] = extent(opened((self.ws.root / path).read_bytes()))
        return self.extents[digest]
