"""A compound file in, its streams out ([MS-CFB]): chains of sectors are followed, not in circles.

Other readers loop for ever on a chain that bites its own tail, or ask for memory until they die.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn

from pdsfz_xl.package import Refused

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER_FAT, _ENTRY, _LONG_ENOUGH = 109, 128, 1 << 32
_NONE = 0xFFFFFFFA
"""From here on a sector number is none: end of chain, free, or one of the tables' own."""


class _Entry(NamedTuple):
    """2.6.1: a stream, a storage or the root."""

    name: str
    left: int
    right: int
    child: int
    start: int
    size: int


class Compound:
    """`names` are all entries, at any depth. Raises Refused where the structure is damaged."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 512:
            _damaged()
        self._data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != 6:
            _damaged()
        self._size = 1 << shift
        directory, cutoff, mini_fat = struct.unpack_from("<I4xII", data, 48)
        self._cutoff = cutoff
        self._fat = self._numbers(self._fat_sectors())
        self._entries = [*_entries(self._chain(directory, _LONG_ENOUGH))]
        if not self._entries:
            _damaged()
        self._mini_fat = _unpacked(self._chain(mini_fat, _LONG_ENOUGH))
        root = self._entries[0]
        self._mini = self._chain(root.start, root.size)
        self.names = frozenset(entry.name for entry in self._entries)

    def stream(self, name: str) -> bytes | None:
        """A stream at the top, else the first of that name anywhere; None if there is none."""
        for entry in (*self._top(), *self._entries[1:]):
            if entry.name.casefold() == name.casefold():
                return self._contents(entry)
        return None

    def _contents(self, entry: _Entry) -> bytes:
        if entry.size >= self._cutoff:
            found = self._chain(entry.start, entry.size)
        else:
            sectors = _followed(self._mini_fat, entry.start)
            found = b"".join(self._mini[n << 6 : (n + 1) << 6] for n in sectors)[: entry.size]
        if len(found) < entry.size:
            raise Refused("F03", "文件不完整，可能没有下载完")
        return found

    def _top(self) -> Iterator[_Entry]:
        """The entries right under the root, which hang together as a tree (2.6.4)."""
        waiting, seen = [self._entries[0].child], set[int]()
        while waiting:
            number = waiting.pop()
            if number < len(self._entries) and number not in seen:
                seen.add(number)
                entry = self._entries[number]
                waiting += [entry.right, entry.left]
                yield entry

    def _fat_sectors(self) -> Iterator[int]:
        """2.5: where the table of sectors lies; the list goes on in sectors of its own."""
        yield from struct.unpack_from(f"<{_HEADER_FAT}I", self._data, 76)
        (more,) = struct.unpack_from("<I", self._data, 68)
        for _ in range(len(self._data) // self._size):
            numbers = _unpacked(self._sector(more))
            if not numbers:
                return
            yield from numbers[:-1]
            more = numbers[-1]

    def _numbers(self, sectors: Iterator[int]) -> list[int]:
        """The table itself, no longer than the file has sectors."""
        table: list[int] = []
        for sector in sectors:
            if sector < _NONE:
                table += _unpacked(self._sector(sector))
            if len(table) * self._size >= len(self._data):
                break
        return table

    def _chain(self, start: int, size: int) -> bytes:
        """A chain's bytes, at most `size`; less where the file ends."""
        sectors = _followed(self._fat, start)
        return b"".join(self._sector(number) for number in sectors)[:size]

    def _sector(self, number: int) -> bytes:
        at = (number + 1) * self._size
        return self._data[at : at + self._size]


def _damaged() -> NoReturn:
    raise Refused("F03", "旧版工作簿内部结构损坏")


def _followed(table: Sequence[int], number: int) -> Iterator[int]:
    """The sectors of a chain; one that is longer than its table runs in a circle."""
    for _ in range(len(table) + 1):
        if number >= _NONE:
            return
        yield number
        if number >= len(table):
            _damaged()
        number = table[number]
    _damaged()


def _unpacked(data: bytes) -> tuple[int, ...]:
    return struct.unpack_from(f"<{len(data) // 4}I", data)


def _entries(directory: bytes) -> Iterator[_Entry]:
    for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        name, length, left, right, child, start, size = struct.unpack_from(
            "<64sH2xIII36xII", directory, at
        )
        said = name[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        yield _Entry(said, left, right, child, start, size)
