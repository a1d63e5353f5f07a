"""A zip in, its entries out, under the names somebody typed (APPNOTE.TXT has the numbers)."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import pairwise
from typing import IO, Any, cast

from pdsfz_xl import archive_wording as aw
from pdsfz_xl.package import Refused
from pdsfz_xl.sniff import LOCAL_HEADER

ENTRIES = 10_000
_DIRECTORY = 4 << 20
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""The rest is rare, and zipfile inflates it without any bound on one block."""
_AES = 99
_HOW_DOCUMENTS_ARE_CALLED = {"[content_types].xml", "mimetype", "ofd.xml", "index.zip"}
_WHERE_DOCUMENTS_LIE = ("xl/", "word/", "ppt/", "index/", "_rels/")


class Locked(Exception):  # noqa: N818 # a wrong password is no error yet: there may be another
    pass


class Zip:
    """Raises Refused where the directory is damaged, a part of a set, or a trap."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        promised = _promised(data)
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(data))
        except MemoryError:
            raise
        except Exception as error:  # BadZipFile, but also a dozen others
            raise Refused("F03", aw.ARCHIVE_DAMAGED) from error
        self.entries = self.zip.infolist()
        if promised not in (len(self.entries), 0xFFFF):
            raise Refused("F03", aw.ARCHIVE_DAMAGED)
        starts = ((e.header_offset, e.compress_size) for e in self.entries)
        spans = sorted((start, start + 30 + size) for start, size in starts)
        if spans and spans[0][0] > 0 and data.startswith(LOCAL_HEADER):
            # What ends here is a whole archive that was packed into the one that begins there.
            raise Refused("F03", aw.ARCHIVE_CUT)
        if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
            raise Refused("F08", aw.ARCHIVE_OVERLAP)

    def open(self, number: int, password: bytes | None) -> IO[bytes]:
        """Raises Locked for a wrong password, and whatever zipfile raises on damage."""
        entry = self.entries[number]
        archive: Any = self.zip
        if entry.compress_type == _AES:
            archive = self.aes
            entry = archive.infolist()[number]
        if entry.compress_type not in _METHODS:
            raise Refused("F07", aw.RARE_METHOD)
        try:
            return cast("IO[bytes]", archive.open(entry, pwd=password))
        except NotImplementedError as error:
            raise Refused("F07", aw.RARE_METHOD) from error
        except RuntimeError as error:
            raise Locked from error

    @cached_property
    def aes(self) -> Any:
        """The archive as pyzipper sees it, which zipfile does not (APPNOTE has no AES)."""
        try:
            import pyzipper
        except ImportError as error:
            raise Refused("F02", aw.ARCHIVE_LOCKED) from error
        return pyzipper.AESZipFile(io.BytesIO(self.data))


def _promised(data: bytes) -> int:
    """How many entries the end record speaks of, which is within bounds (4.3.16)."""
    at = data.rfind(b"PK\5\6")
    if data.startswith(b"PK\7\x08"):
        raise Refused("F03", aw.ARCHIVE_VOLUME)  # 8.5.5
    if at < 0 or len(data) < at + 22:
        raise Refused("F03", aw.ARCHIVE_CUT)
    disk, entries, directory = struct.unpack_from("<H4xHI", data, at + 4)
    if disk not in (0, 0xFFFF):
        raise Refused("F03", aw.ARCHIVE_VOLUME)
    if (entries != 0xFFFF and entries > ENTRIES) or min(directory, at) > _DIRECTORY:
        raise Refused("F08", aw.ARCHIVE_ENTRIES)
    return int(entries)


def is_document(names: Collection[str]) -> bool:
    """Whether a zip is the inside of a document: OOXML, OpenDocument, OFD, Numbers."""
    plain = {name.replace("\\", "/").lstrip("/").casefold() for name in names}
    return not plain.isdisjoint(_HOW_DOCUMENTS_ARE_CALLED) or any(
        name.startswith(_WHERE_DOCUMENTS_LIE) for name in plain
    )


def names_in(data: bytes) -> list[str]:
    """As they are in the directory; of a damaged archive the name before its first data."""
    with suppress(Refused):
        return [entry.orig_filename for entry in Zip(data).entries]
    at = data.find(LOCAL_HEADER)
    if at < 0 or len(data) < at + 30:
        return []
    (length,) = struct.unpack_from("<H", data, at + 26)
    return [data[at + 30 : at + 30 + length].decode("latin-1")]


def entry_names(entries: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The names of a whole archive, in one charset as long as one fits all.

    That is what no single name can tell: two bytes of GBK may be one character of UTF-8. Names
    are taken as they were stored, because on Windows zipfile turns the byte 0x5C into `/`, which
    is half of 乗 in GBK.
    """
    said = [_unicode_name(entry) for entry in entries]
    raw = [entry.orig_filename.encode("cp437") for entry, name in zip(entries, said, strict=True)
           if name is None]  # fmt: skip
    charsets = _charsets(raw)
    return [
        _decoded(entry.orig_filename.encode("cp437"), charsets) if name is None else name
        for entry, name in zip(entries, said, strict=True)
    ]


def _unicode_name(entry: zipfile.ZipInfo) -> str | None:
    """By the flag (4.4.4, bit 11) or by the field that Info-ZIP and WinRAR add (4.6.9)."""
    if entry.flag_bits & 0x800:
        return entry.orig_filename
    extra, at = entry.extra, 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        field, at = extra[at + 4 : at + 4 + length], at + 4 + length
        if kind == 0x7075 and len(field) > 5:
            (checksum,) = struct.unpack_from("<I", field, 1)
            with suppress(UnicodeDecodeError):
                if checksum == zlib.crc32(entry.orig_filename.encode("cp437")):
                    return field[5:].decode()
    return None


def _charsets(names: Iterable[bytes]) -> tuple[str, ...]:
    """One for all names, or those to be tried name by name."""
    foreign = [name for name in names if not name.isascii()]
    as_utf8, as_gb = _all_decoded(foreign, "utf-8"), _all_decoded(foreign, "gb18030")
    if as_utf8 is not None and (as_gb is None or any(map(_CHINESE.search, as_utf8))):
        return ("utf-8",)
    return ("gb18030",) if as_gb is not None else ("utf-8", "gb18030", "cp437")


_CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff5e]")


def _all_decoded(names: Iterable[bytes], charset: str) -> list[str] | None:
    try:
        return [name.decode(charset) for name in names]
    except UnicodeDecodeError:
        return None


def _decoded(name: bytes, charsets: Sequence[str]) -> str:
    for charset in charsets:
        with suppress(UnicodeDecodeError):
            return name.decode(charset)
    return name.decode("latin-1")
