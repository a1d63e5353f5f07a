"""Which versions of one answer still stand: what their files knew of each other in, two lists out.

A form that goes back or comes prefilled carries, row by row, the fingerprints of what it showed
and of what that had replaced. A changed answer on such a form replaces exactly those versions, in
whatever file they stand; an unchanged one only bears witness to what it showed. Without
fingerprints a later file replaces an earlier one where it plainly is the same work gone on with.
The order in which the versions come never matters.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import permutations
from typing import NamedTuple

from pdsfz_xl import text as texts
from pdsfz_xl.model import Version

Pairs = Collection[tuple[str, str]]
"""The sha256 of a file, and of one it goes on with."""

_SAME, _LONG = 2, 20
"""So many answers of so many characters, word for word, are no coincidence."""


class Succession(NamedTuple):
    """What one unit wrote for one requirement, from the earliest to the latest as it came."""

    standing: tuple[Version, ...]
    replaced: tuple[Version, ...]
    presumed: bool
    """Whether one was replaced without fingerprints that prove it."""
    witnesses: tuple[Version, ...] = ()
    """Unchanged rows of marked forms, whose version stands in another file."""


def succession(versions: Iterable[Version], later: Pairs = ()) -> Succession:
    """Part what stands from what is replaced. `later` are the files that go on with others."""
    versions = tuple(versions)
    spoken = [v for v in versions if not _is_witness(v)]
    written = {v.fingerprint for v in spoken}
    # Where the file it bears witness to is gone, the witness answers in its place.
    spoken += [v for v in versions if _is_witness(v) and v.fingerprint not in written]
    known = {old.fingerprint for old in spoken if any(_replaces(v, old, spoken) for v in spoken)}
    presumed = {
        id(old)
        for old in spoken
        for new in spoken
        if (new.sha256, old.sha256) in later and new.fingerprint != old.fingerprint and new.text
    }
    gone = {id(v) for v in spoken if v.fingerprint in known or id(v) in presumed}
    if all(id(v) in gone for v in spoken):  # a replacement never leaves nothing
        gone = set()
    witnesses = {id(v) for v in versions} - {id(v) for v in spoken}
    return Succession(
        tuple(v for v in versions if id(v) not in gone | witnesses),
        tuple(v for v in versions if id(v) in gone),
        any(id(v) in gone and v.fingerprint not in known for v in spoken),
        tuple(v for v in versions if id(v) in witnesses and v.fingerprint not in known),
    )


def _is_witness(version: Version) -> bool:
    """Whether it came back as its form showed it, and so says nothing new."""
    return bool(version.shown) and version.fingerprint == version.shown


def _replaces(new: Version, old: Version, spoken: list[Version]) -> bool:
    """Whether a version stands instead of another, in whatever files that is written."""
    knows = old.fingerprint in new.known and old.fingerprint != new.fingerprint
    if not knows or _is_witness(new) or (old.text and not new.text):
        return False
    for twin in spoken:
        if twin.fingerprint != old.fingerprint or _is_witness(twin):
            continue
        if new.fingerprint in twin.known:  # they knew each other: the one that knows more stands
            if not twin.known < new.known:
                return False
        elif twin.first_seen > new.first_seen:
            return False  # it comes again, from somebody who did not know
    return True


# --- without fingerprints ------------------------------------------------------------------


def continuations(versions: Iterable[Version]) -> set[tuple[str, str]]:
    """Which of a unit's files go on with which, by sha256: they repeat most and blank nothing.

    `versions` are all that the files of one unit say.
    """
    files: dict[str, dict[str, Version]] = defaultdict(dict)
    for version in versions:
        if version.text and not version.unconfirmed:
            files[version.sha256][version.requirement] = version
    return {
        (new, old)
        for new, old in permutations(files, 2)
        if _continues(files[new], files[old]) and not _has_fingerprints(files[new].values())
    }


def _has_fingerprints(file: Iterable[Version]) -> bool:
    return any(version.shown or version.known for version in file)


def _continues(new: Mapping[str, Version], old: Mapping[str, Version]) -> bool:
    if not old.keys() <= new.keys():
        return False
    same = [key for key in old if new[key].text == old[key].text]
    long = sum(texts.count(old[key].text) >= _LONG for key in same)
    changed = len(old) - len(same)
    return bool(changed) and long >= _SAME and long > changed and _is_later(new, old)


def _is_later(new: Mapping[str, Version], old: Mapping[str, Version]) -> bool:
    """By the save times, unless they contradict our first sight; without them by that alone."""
    one, other = next(iter(new.values())), next(iter(old.values()))
    saved, before = _saved(one), _saved(other)
    if saved and before:
        return saved > before and one.first_seen >= other.first_seen
    return one.first_seen > other.first_seen


def _saved(version: Version) -> datetime | None:
    """The save time of its file; None where there is none or a clock was wrong."""
    saved = texts.parse_stamp(version.saved)
    return saved if saved and saved <= version.received else None
