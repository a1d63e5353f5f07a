"""What one unit said for one assignment in, its different versions out, the one that counts last.

Identical texts are one, what only repeats or completes another is joined to it, and the clerk's
采用 decides where two differ. The order in which the versions come never matters.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from pdsfz_xl import identity
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Explanation, Leftover, Version


class Settled(NamedTuple):
    """The different versions, the one that counts last; `chosen` is the clerk's, if any."""

    versions: tuple[Version, ...]
    decided: bool
    chosen: str
    unused: list[Leftover]
    """Cells of versions that are joined to none: they stand with the leftovers too."""


def settle(said: Iterable[Version], chosen: str) -> Settled:
    """First the texts; then choices and numbers that stand alone go to the text that counts.

    One that only repeats a text's is nothing new; one that contradicts is a version of its own.
    What a form came with says something only where nobody has written anything.
    """
    ordered = sorted(said, key=age)
    fresh = [v for v in ordered if v.text and not v.unconfirmed]
    kept = _distinct(fresh or (v for v in ordered if v.text))
    unused = [cell for v in ordered if v.unconfirmed for cell in v.mute]
    pick = _pick(kept, chosen)
    if pick is not None:
        kept.append(replace(kept.pop(pick), unconfirmed=False))
    known = {fields for version in kept for fields in _fields(version)}
    alone = []
    for version in (v for v in ordered if not v.text):
        if kept and _completes(version, kept[-1]):
            kept[-1] = _joined(kept[-1], version)
        elif (version.choice, version.number) not in known:
            alone.append(version)
    unused += [cell for version in alone for cell in version.mute]
    versions = [*_distinct(alone), *kept]
    if pick is None and (pick := _pick(versions, chosen)) is not None:
        versions.append(versions.pop(pick))
    return Settled(tuple(versions), pick is not None, chosen, unused)


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
        choice=base.choice or other.choice,
        number=figure.number,
        number_text=figure.number_text,
        number_where=figure.number_where,
    )


def _pick(versions: list[Version], chosen: str) -> int | None:
    """Which version the clerk chose: the very one, else the only one with that text."""
    if not chosen:
        return None
    exact = [i for i, v in enumerate(versions) if v.digest == chosen]
    same = [i for i, v in enumerate(versions) if v.text and identity.is_text_of(v.text, chosen)]
    return exact[0] if exact else same[0] if len(same) == 1 else None
