"""A zip that is checked before and while it inflates: bytes in, bounded parts out.

Thresholds were set against thousands of public workbooks: the largest honest one inflates to
57 MiB in 1,033 parts, the highest honest ratio beyond 8 MiB is far below 250.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO


class Refused(Exception):  # noqa: N818 # it is a verdict on a file, not a fault of ours
    """A foreign file is not read on. `rule` is its F code, `detail` the words for the sentence."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(rule, detail)
        self.rule = rule
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Limits:
    """What one workbook may take. Sizes in bytes, text in characters."""

    file: int = 60 << 20
    entries: int = 10_000
    directory: int = 4 << 20
    part: int = 100 << 20
    total: int = 200 << 20
    ratio: int = 250
    ratio_free: int = 8 << 20
    depth: int = 200
    sheets: int = 500
    cells: int = 500_000
    strings: int = 500_000
    text: int = 32 << 20
    one_text: int = 1 << 20
    styles: int = 100_000


FORM_LIMITS = Limits()

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    struct.error,
    OverflowError,
    AssertionError,
    IndexError,
    KeyError,
)
"""What zipfile was seen to raise on damaged archives."""


class Package:
    """The parts of an OOXML file, by name in lower case with `/` between."""

    def __init__(self, file: BinaryIO, size: int, limits: Limits) -> None:
        self.limits = limits
        self._inflated = 0
        _check_end(file, size, limits)
        try:
            file.seek(0)
            self._zip = zipfile.ZipFile(file)
            entries = self._zip.infolist()
        except _DAMAGE as error:
            raise Refused("F03", "压缩结构损坏") from error
        self.parts = _check_entries(entries, limits)

    def has(self, name: str) -> bool:
        return _normal(name) in self.parts

    def stream(self, name: str, block: int = 1 << 16) -> Iterator[bytes]:
        """The part's bytes, to the end, so that its checksum is verified."""
        entry = self.parts[_normal(name)]
        got = 0
        try:
            with self._zip.open(entry) as file:
                while data := file.read(block):
                    got += len(data)
                    self._inflated += len(data)
                    # What the directory claimed may be a lie.
                    if got > self.limits.part or self._inflated > self.limits.total:
                        raise Refused("F08", "解压后的内容过大")
                    yield data
        except _DAMAGE as error:
            raise Refused("F03", "压缩内容损坏") from error


def opened(path: Path, limits: Limits) -> tuple[BinaryIO, int]:
    """The file and its size; raises Refused when it is too large to look at."""
    file = path.open("rb")
    size = path.stat().st_size
    if size > limits.file:
        file.close()
        raise Refused("F08", f"文件有 {size >> 20} MB，超过 {limits.file >> 20} MB")
    return file, size


def _normal(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _check_end(file: BinaryIO, size: int, limits: Limits) -> None:
    """The end record stands, and what it promises is within bounds (APPNOTE 4.3.16)."""
    file.seek(max(0, size - 66_000))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        raise Refused("F03", "文件不完整，可能没有下载完")
    entries, directory = struct.unpack_from("<HI", tail, at + 10)
    if entries > limits.entries or (directory != 0xFFFFFFFF and directory > limits.directory):
        raise Refused("F08", "压缩包里的条目过多")


def _check_entries(entries: list[zipfile.ZipInfo], limits: Limits) -> dict[str, zipfile.ZipInfo]:
    if len(entries) > limits.entries:
        raise Refused("F08", "压缩包里的条目过多")
    parts: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = _normal(entry.filename)
        if entry.flag_bits & 0x1:
            raise Refused("F02", "")
        if name in parts and not entry.is_dir():
            # Readers disagree which of two equal names counts, so neither is trusted.
            raise Refused("F03", "里面有两个同名的部件")
        if entry.file_size > limits.part or (
            entry.file_size > limits.ratio_free
            and entry.file_size > limits.ratio * max(1, entry.compress_size)
        ):
            raise Refused("F08", "解压后的内容过大")
        parts[name] = entry
    if sum(entry.file_size for entry in entries) > limits.total:
        raise Refused("F08", "解压后的内容过大")
    spans = sorted((e.header_offset, e.header_offset + 30 + e.compress_size) for e in entries)
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise Refused("F08", "压缩包里的条目互相重叠")
    return parts
