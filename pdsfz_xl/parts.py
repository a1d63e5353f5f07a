"""What all packages of Microsoft's formats have: links between parts, and properties (ECMA-376-2).

No link that leaves the package is ever followed.
"""

import posixpath
from collections.abc import Mapping
from typing import NamedTuple

from pdsfz_xl.book import Tally
from pdsfz_xl.grid import Words, unescape
from pdsfz_xl.package import Attributes, IllFormed, Package, Refused
from pdsfz_xl.states import Flag

_TELLING = {
    "externallinks/": Flag.EXTLINK,
    "connections": Flag.CONNECTIONS,
    "embeddings/": Flag.EMBEDDED,
    "charts/": Flag.DRAWING,  # it may have a sheet of its own
    "cellimages": Flag.DISPIMG,
    "vbaproject": Flag.VBA,
}
"""What the beginning of a part's name tells. None of these parts is read for its contents."""

_PROPERTIES = ("core-properties", "custom-properties", "customProperties")


class Link(NamedTuple):
    """`kind` is the last word of its type, `target` the part meant."""

    kind: str
    target: str


Links = Mapping[str, Link]
"""The relationships of one part, by id."""


def links(package: Package, part: str) -> Links:
    """The relationships of a part that stay inside the package, of the package itself for ""."""
    folder, name = posixpath.split(part)
    found = _Links(folder, package.limits.links)
    rels = posixpath.join(folder, "_rels", f"{name}.rels")
    if package.has(rels):
        package.parse(rels, found.start)
    return found.found


def first(found: Links, kind: str) -> str:
    """The part that the first link of a kind means, empty if there is none."""
    return next((link.target for link in found.values() if link.kind == kind), "")


def telling(package: Package, folder: str) -> set[str]:
    """The flags that the names of the parts in a folder are enough for."""
    return {
        flag
        for start, flag in _TELLING.items()
        if any(name.startswith(f"{folder}/{start}") for name in package.parts)
    }


class Properties:
    """The save time (`saved`, ISO or empty) and the custom properties (`values`, by name)."""

    def __init__(self, tally: Tally) -> None:
        self.values: dict[str, str] = {}
        self.saved = ""
        self._tally = tally
        self._words = Words(tally.limits.one_text)
        self._name = ""

    def read(self, package: Package, root: Links) -> "Properties":
        """Both only ever help, so bad XML is flagged."""
        for link in root.values():
            if link.kind in _PROPERTIES and package.has(link.target):
                try:
                    package.parse(link.target, self._start, self._end, self._words.add)
                except IllFormed:
                    self._tally.flags.add(Flag.PROPERTIES_DAMAGED)
        return self

    def _start(self, tag: str, attributes: Attributes) -> None:
        self._words.begin()
        if tag == "property":
            self._name = attributes.get("name", "")

    def _end(self, tag: str) -> None:
        text = self._words.take()
        if tag == "modified":
            self.saved = text.strip()
        elif tag == "property":
            self._name = ""
        elif self._name:
            self._tally.item(text)
            self.values[self._name] = unescape(text)
            self._name = ""


class _Links:
    """Handlers for a part of relationships."""

    def __init__(self, folder: str, most: int) -> None:
        self.folder = folder
        self.most = most
        self.found: dict[str, Link] = {}

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = attributes.get("Target", "").replace("\\", "/")
        if not target.startswith("/"):
            target = posixpath.normpath(posixpath.join(self.folder, target))
        kind = attributes.get("Type", "").rpartition("/")[2]
        self.found[attributes.get("Id", "")] = Link(kind, target.lstrip("/"))
        if len(self.found) > self.most:
            raise Refused("F08", "部件过多")
