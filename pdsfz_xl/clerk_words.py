"""Who speaks for the clerk: 汇总表.xlsx as it stands in, what was written in it out.

Nothing else does: a copy only where `--review` names it, and then once.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import captions, identity, ledger, reader, review
from pdsfz_xl import review_wording as rw
from pdsfz_xl import wording as w
from pdsfz_xl.captions import Stamp
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import ClerkCells
from pdsfz_xl.states import MergedState
from pdsfz_xl.workspace import Workspace, is_clutter

_SPEAKS = frozenset({MergedState.FIRST, MergedState.STANDS})
_SUFFIXES = frozenset({".xlsx", ".xlsm", ".xls", ".et", ".ods"})
"""What somebody may have saved 汇总表.xlsx as."""


class ClerkWords(NamedTuple):
    """What the clerk wrote, by sheet, row key and caption."""

    cells: ClerkCells
    run: int = 0
    """The run that wrote the workbook it was read from; 0 where that is not known."""
    notes: tuple[str, ...] = ()
    """What people must be told of how these words came to stand."""
    copy: tuple[Path, bytes] | None = None
    """The copy that was taken in."""


class _Merged(NamedTuple):
    """A merged workbook, and what it says of itself."""

    path: Path
    book: reader.Book
    campaign: str
    stamp: Stamp | None

    @property
    def run(self) -> int:
        return self.stamp.run if self.stamp else 0

    def words(self) -> ClerkCells:
        """Raises OperatorError where the caption row of a sheet is gone."""
        return review.words(self.path, self.book)


def read(ws: Workspace, book: ledger.Ledger, campaign: str) -> ClerkWords:
    """The words that stand. Raises OperatorError where nobody can know which do."""
    there = _opened(ws.merged) if ws.merged.exists() else None
    state = _state(ws, book, campaign, there)
    if state not in _SPEAKS:
        raise OperatorError(_trouble(ws, book, campaign, state, there))
    return ClerkWords(there.words(), there.run) if there else ClerkWords({})


def read_with(ws: Workspace, book: ledger.Ledger, campaign: str, wanted: str) -> ClerkWords:
    """The words that stand with what is new in the copy that is `wanted`: its path, or `none`.

    Where 汇总表.xlsx does not speak the copy's words are all there are; with `none` there are none.
    Raises OperatorError for what is no copy of this campaign's.
    """
    there = _readable(ws.merged)
    speaks = _state(ws, book, campaign, there) in _SPEAKS
    if wanted == rw.LET_GO:
        if speaks and (there or not ws.merged.exists()):
            raise OperatorError(
                f"{ws.relative(ws.merged)} 没有丢，也没有旧，没有改动任何文件；"
                "请不要加 --review none，直接运行 pdsfz-xl collect。"
            )
        return ClerkWords({}, there.run if there else 0, (_let_go(ws, book, campaign, there),))
    copy, data = _wanted(ws, wanted, campaign)
    words, name = copy.words(), copy.path.name
    if not (there and speaks):
        note = rw.taken_whole(name, len(review.digests(words)))
        return ClerkWords(words, there.run if there else 0, (note,), (copy.path, data))
    if sha256(data).hexdigest() in book.absorbed():
        return ClerkWords(there.words(), there.run, (rw.known(name),))
    base = book.words(copy.stamp.words) if copy.stamp else None
    clerk, *changes = review.taken_in(there.words(), words, base or {})
    return ClerkWords(clerk, there.run, (rw.taken_in(name, *changes),), (copy.path, data))


def shown(path: Path, data: bytes) -> ClerkCells:
    """The words that will be read in a merged workbook that is written to this path.

    A cell may show something else than was written in it: of a reply to an answer that changed
    since, for one, that it has lapsed.
    """
    return review.words(path, captions.read(reader.InMemory(path.name, data)))


def stamp(book: ledger.Ledger, campaign: str, words: ClerkWords, shown: ClerkCells) -> Stamp:
    """For a merged workbook that shows these words, which the ledger knows then."""
    digests = review.digests(shown)
    digest = identity.exact(*(part for pair in sorted(digests.items()) for part in pair))
    book.record_words(digest, digests)
    run = max(book.next_run(), words.run + 1)
    return Stamp(campaign, book.mark(), run, digest)


# --- which one it is -----------------------------------------------------------------------


def _opened(path: Path) -> _Merged:
    """Raises OperatorError if it cannot be read."""
    book = captions.read(path)
    return _Merged(path, book, captions.campaign(book), captions.stamp_of(book))


def _readable(path: Path) -> _Merged | None:
    try:
        return _opened(path) if path.exists() else None
    except OperatorError:
        return None


def _state(ws: Workspace, book: ledger.Ledger, campaign: str, there: _Merged | None) -> MergedState:
    """How what lies in the place of 汇总表.xlsx relates to what we wrote last."""
    last = book.last_written()
    if there is None:
        known = last or _archived(ws, campaign) or any(_copies(ws.merged_dir.glob("*"), campaign))
        return MergedState.GONE if known else MergedState.FIRST
    if there.campaign not in ("", campaign):
        return MergedState.FOREIGN
    if there.stamp is None:
        return MergedState.OLDER if last and last.words else MergedState.STANDS
    if there.stamp.mark != book.mark():
        return MergedState.STRANGE
    newer = last is None or there.run > last.run  # we were stopped before the ledger knew
    return (
        MergedState.STANDS
        if newer or (last and (last.run, last.words) == (there.run, there.stamp.words))
        else MergedState.OLDER
    )


def _wanted(ws: Workspace, wanted: str, campaign: str) -> tuple[_Merged, bytes]:
    """The copy of this campaign's merged workbook at a path from here or from the root."""
    path = next((p for p in (Path(wanted), ws.root / wanted) if p.is_file()), None)
    if path is None:
        raise OperatorError(
            f"找不到 {wanted}，没有改动任何文件；--review 后面请写汇总表副本的文件名（带文件夹），"
            "压缩包里的请先解压。"
        )
    copy = _opened(path)
    if not captions.is_merged(copy.book):
        raise OperatorError(
            f"{path.name} 不是汇总表，没有改动任何文件；--review 只读本任务汇总表的副本，"
            "各单位报来的表请放进 out/2-收件。"
        )
    if copy.campaign not in ("", campaign):
        raise OperatorError(
            f"{path.name} 是另一个填报任务（{copy.campaign}）的汇总表，没有改动任何文件；"
            "请核对后写上本任务的那一份。"
        )
    return copy, path.read_bytes()


# --- where it may be -----------------------------------------------------------------------


def _trouble(
    ws: Workspace,
    book: ledger.Ledger,
    campaign: str,
    state: MergedState,
    there: _Merged | None,
) -> str:
    last = book.last_written()
    wrote = book.words(last.words) if last else None

    def named(copy: _Merged) -> str:
        return rw.candidate(ws.relative(copy.path), _lacks(copy, wrote))

    nearby = (p for f in (ws.merged_dir, ws.out, ws.root) for p in sorted(f.glob("*")))
    kept = _archived(ws, campaign)
    return rw.trouble(
        state,
        ws.relative(ws.merged),
        last.at if last else None,
        there.campaign if there else "",
        [named(copy) for copy in _copies((p for p in nearby if p != ws.merged), campaign)],
        named(kept) if kept else "",
    )


def _copies(paths: Iterable[Path], campaign: str) -> Iterator[_Merged]:
    """The merged workbooks of this campaign among some files, whatever they are called."""
    for path in paths:
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not is_clutter(path.name):
            copy = _readable(path)
            if copy and captions.is_merged(copy.book) and copy.campaign in ("", campaign):
                yield copy


def _archived(ws: Workspace, campaign: str) -> _Merged | None:
    """The one that was archived last."""
    kept = ws.archive_folder.glob(f"{w.MERGED_SHEET}_*")
    newest = sorted(kept, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    return next(_copies(newest, campaign), None)


def _lacks(copy: _Merged, wrote: dict[str, str] | None) -> int | None:
    """How many of the words we wrote last do not stand in a copy; None where nobody knows them."""
    here = _digests(copy)
    if wrote is None or here is None:
        return None
    return sum(here.get(cell) != text for cell, text in wrote.items())


def _digests(copy: _Merged) -> dict[str, str] | None:
    """Of its words, None where they cannot be read."""
    try:
        return review.digests(copy.words())
    except OperatorError:
        return None


def _let_go(ws: Workspace, book: ledger.Ledger, campaign: str, there: _Merged | None) -> str:
    """What people are told of the words that do not stand any more."""
    if there or ws.merged.exists():  # it goes to the archive when it is replaced
        words = _digests(there) if there else None
        return rw.let_go(None if words is None else len(words), ws.relative(ws.archive_folder))
    last, kept = book.last_written(), _archived(ws, campaign)
    wrote = book.words(last.words) if last else None
    return rw.let_go(None if wrote is None else len(wrote), ws.relative(kept.path) if kept else "")
