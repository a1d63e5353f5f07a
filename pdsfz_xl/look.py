"""The one look every command takes: drop zone and clerk's columns in, batch and findings out."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from pdsfz_xl import (
    clerk_words,
    explaining,
    giveback,
    intake,
    ledger,
    lint,
    merge,
    paper,
    proposals,
    review,
    rules,
)
from pdsfz_xl import master as master_stage
from pdsfz_xl import wording as w
from pdsfz_xl.clerk_words import ClerkWords
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import Batch, Finding, Master
from pdsfz_xl.states import Grade, Reason
from pdsfz_xl.workspace import Workspace


class Look(NamedTuple):
    """Where the campaign stands: the same for every command that asks."""

    batch: Batch
    findings: tuple[Finding, ...]
    intake: intake.Intake
    printed: str
    """The sha256 of the merged workbook that the last print went by."""
    words: ClerkWords
    """What the clerk wrote in the merged workbook, as it was read."""
    trouble: str = ""
    """Why the merged workbook does not speak: then nobody does, and nothing may be written."""
    papers: tuple[str, ...] = ()
    """The sha256 of our own documents in the drop zone whose edits the clerk's columns hold now."""


def read_master(ws: Workspace) -> Master:
    return master_stage.read(ws.master, ws.relative(ws.master))


def take_look(
    ws: Workspace,
    now: datetime,
    tell: intake.Tell,
    book: ledger.Ledger,
    passwords: tuple[str, ...] = (),
    *,
    copy: str = "",
    lenient: bool = False,
) -> Look:
    """Recompute everything from the drop zone and the clerk's columns.

    `copy` is another merged workbook to take in: see `clerk_words.read_with`. Raises OperatorError
    where nobody can know what the clerk's words are; a `lenient` look goes on without them.
    """
    plan = read_master(ws)
    words, trouble = _words(ws, book, plan, copy, lenient=lenient)
    tried = (*passwords, plan.settings.password) if plan.settings.password else passwords
    taken = intake.take(ws, now, tell, book, tried)
    batch = merge.batch(
        plan,
        taken.arrivals,
        words.cells,
        now,
        merged_path=ws.relative(ws.merged),
        withdrawn=taken.withdrawn,
        corrections=book.corrections(),
    )
    batch = replace(batch, changed=giveback.changes(book.returned(), batch))
    batch, papers = _with_papers(batch, taken, book.absorbed())
    errors = tuple(f for f in lint.check(plan) if f.grade == Grade.ERROR)
    findings = (*errors, *explaining.explained(batch, rules.run(batch)))
    printed = book.last_merged("print")
    return Look(batch, findings, taken, printed, words, trouble, papers)


def _words(
    ws: Workspace, book: ledger.Ledger, plan: Master, copy: str, *, lenient: bool
) -> tuple[ClerkWords, str]:
    code = plan.settings.code
    try:
        if copy:
            return clerk_words.read_with(ws, book, code, copy), ""
        return clerk_words.read(ws, book, code), ""
    except OperatorError as error:
        if not lenient:
            raise
        return ClerkWords({}), str(error)


def _with_papers(
    batch: Batch, taken: intake.Intake, known: Collection[str]
) -> tuple[Batch, tuple[str, ...]]:
    """The round with what was changed in documents of ours that came back."""
    manifests = {a.path: a.manifest for a in taken.arrivals if a.manifest}
    found = {f.sha256: f.path for f in reversed(batch.received) if f.reason == Reason.PAPER_COPY}
    if not found:
        return batch, ()
    documents = {path: manifests[path] for path in found.values()}
    back = proposals.read(documents, paper.compose(batch, ()))
    new = [one for one in back if manifests[one.path].sha256 not in known]
    said = {
        manifests[one.path].sha256: w.paper_back(
            list(one.changed), list(one.emptied), len(one.leftover)
        )
        for one in back
    }
    received = (
        replace(f, message=said[f.sha256]) if f.reason == Reason.PAPER_COPY else f
        for f in batch.received
    )
    leftover = (*batch.leftover, *(left for one in back for left in one.leftover))
    changed = replace(
        batch,
        received=tuple(received),
        leftover=tuple(sorted(leftover, key=lambda x: x.where.order)),
        clerk=review.absorbed(batch.clerk, proposals.cells(new)),
    )
    return changed, tuple(found)
