"""What one unit said for one assignment in, its different versions out, the one that counts last.

Identical texts are one, what only repeats or completes another is joined to it, and the clerk's
采用 decides where two differ. The order in which the versions come never matters.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from pdsfz_xl import identity
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Explanation, Leftover, Version
from pdsfz_xl.succession import Pairs, succession


class Settled(NamedTuple):
    """The versions that stand, the one that counts last, and those that do not any more."""

    versions: tuple[Version, ...]
    replaced: tuple[Version, ...]
    presumed: bool
    """Whether a file was taken to go on with another that it does not know."""
    decided: bool
    """The clerk's choice stands."""
    picked: Version | None
    """The version the clerk chose, if it is there."""
    unused: list[Leftover]
    """Cells of versions that are joined to none: they stand with the leftovers too."""


def settle(said: Iterable[Version], chosen: str, later: Pairs = ()) -> Settled:
    """First who replaces whom; then choices and numbers that stand alone go to what counts.

    One that only repeats a text's is nothing new; one that contradicts is a version of its own.
    What a form came with says something only where nobody has written anything. `chosen` is what
    the clerk's 采用 meant, as in `Answer.chosen`; `later` as in `succession`.
    """
    ordered = sorted(said, key=age)
    prefilled = [v for v in ordered if v.unconfirmed]
    found = succession([v for v in ordered if not v.unconfirmed], later)
    kept = _distinct([v for v in found.standing if v.text] or prefilled)
    gone = _distinct(v for v in found.replaced if v.text)
    gone += [v for v in found.replaced if not v.text]
    unused = [cell for v in prefilled for cell in v.mute]
    choice = _choose(kept, gone, chosen)
    kept, gone = list(choice.standing), list(choice.others)
    known = {fields for version in kept for fields in _fields(version)}
    alone = []
    for version in (v for v in sorted((*found.standing, *found.witnesses), key=age) if not v.text):
        if kept and _completes(version, kept[-1]):
            kept[-1] = _joined(kept[-1], version)
        elif (version.choice, version.number) not in known:
            alone.append(version)
    unused += [cell for version in alone for cell in version.mute]
    versions = [*_distinct(alone), *kept]
    if choice.picked is None:
        choice = _choose(versions, gone, chosen)
        versions, gone = list(choice.standing), list(choice.others)
    picked = next((v for v in (*versions, *gone) if v.digest == choice.digest), None)
    return Settled(tuple(versions), tuple(gone), found.presumed, choice.decided, picked, unused)


class _Choice(NamedTuple):
    """What the clerk's 采用 makes of the versions."""

    standing: Sequence[Version]
    others: Sequence[Version]
    decided: bool = False
    picked: Version | None = None

    @property
    def digest(self) -> str | None:
        return self.picked.digest if self.picked else None


def _choose(kept: Sequence[Version], gone: Sequence[Version], chosen: str) -> _Choice:
    """The clerk decided among the versions listed then: one that came later was not judged.

    If that knew the chosen text it replaces it, and the decision goes on with it; any other
    stands beside the chosen one until the clerk decides again.
    """
    digest, *listed = chosen.split("+")
    every = [*gone, *kept]
    at = _pick(every, digest)
    if at is None:
        return _Choice(kept, gone)
    picked = replace(every[at], unconfirmed=False)
    rest = [v for v in kept if v is not every[at]]
    # Written before the list was kept with the choice: only a correction is surely later.
    later = [v for v in rest if (v.digest not in listed if listed else _knows(v, picked))]
    stood = any(v is every[at] for v in kept)
    passed_on = not stood and any(_knows(v, picked) for v in later)
    standing = later if passed_on else _by_age([*later, picked])
    others = [v for v in every if all(v is not s for s in standing) and v is not every[at]]
    others += [picked] if passed_on else []
    return _Choice(standing, others, decided=not later, picked=picked)


def _knows(version: Version, other: Version) -> bool:
    return other.fingerprint in version.known


def _by_age(versions: list[Version]) -> list[Version]:
    return sorted(versions, key=age)


def age(version: Version | Explanation) -> tuple[object, ...]:
    """Later is: the save time in the file, then our first sight, then sha256.

    Of a file without a save time, and of one saved after we had it (a clock that is wrong), our
    first sight is all we know.
    """
    saved = texts.parse_stamp(version.saved) or version.received
    moment = min(saved, version.received)
    return (moment, saved, version.received, version.sha256, version.where.order)


def _distinct(ordered: Iterable[Version]) -> list[Version]:
    """Different versions from the earliest to the latest; those that agree become one.

    What was said again later counts from then on: after 甲, 乙, 甲 it is 甲.
    """
    kept: dict[int, Version] = {}
    same_text: dict[str, list[int]] = defaultdict(list)
    for place, version in enumerate(ordered):
        places = same_text[version.text]
        for other in reversed(places):
            if _compatible(version, kept[other]):
                version = _joined(kept.pop(other), version)
                places.remove(other)
                break
        kept[place] = version
        places.append(place)
    return [replace(v, digest=identity.version_digest(v)) for v in kept.values()]


def _compatible(one: Version, other: Version) -> bool:
    """No field in which both say something and not the same."""
    pairs = ((one.choice, other.choice), (one.number, other.number))
    return all(a in ("", None, b) or b in ("", None) for a, b in pairs)


def _fields(spoken: Version) -> Iterator[tuple[str, float | None]]:
    """What a choice and a number that came alone may say without saying anything new."""
    for choice in {"", spoken.choice}:
        for number in {None, spoken.number}:
            yield choice, number


def _completes(alone: Version, spoken: Version) -> bool:
    """A number, or 已填报, adds to a text; a bare 无此情况 says something else than it does."""
    done = ("", w.ANSWERED)
    same = alone.choice == spoken.choice or (alone.choice in done and spoken.choice in done)
    fits = None in (alone.number, spoken.number) or alone.number == spoken.number
    return same and fits and not spoken.unconfirmed


def _joined(first: Version, later: Version) -> Version:
    """Two that agree: the file that holds the text and came first is the source."""
    holding = [v for v in (first, later) if v.text] or [first, later]
    base = min(holding, key=lambda v: (v.received, v.sha256, v.where.order))
    other = later if base is first else first
    figures = [v for v in (base, other) if v.number is not None]
    figure = next(iter(figures), other if other.number_text else base)
    return replace(
        base,
        known=first.known | later.known | {first.fingerprint, later.fingerprint} - {""},
        choice=base.choice or other.choice,
        number=figure.number,
        number_text=figure.number_text,
        number_where=figure.number_where,
    )


def _pick(versions: Sequence[Version], chosen: str) -> int | None:
    """Which version the clerk chose: the very one, else the only one with that text."""
    if not chosen:
        return None
    exact = [i for i, v in enumerate(versions) if v.digest == chosen]
    same = [i for i, v in enumerate(versions) if v.text and identity.is_text_of(v.text, chosen)]
    return exact[0] if exact else same[0] if len(same) == 1 else None
