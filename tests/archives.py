"""Archives made by hand, as programs write them and as nobody should."""

import struct
import zlib
from typing import NamedTuple

UTF8, LOCKED = 0x800, 0x1
LINK = 0o120777 << 16


class Entry(NamedTuple):
    """`size`, `packed` and `checksum` are what the directory claims, None for the truth."""

    name: bytes
    data: bytes = b"data"
    flags: int = 0
    extra: bytes = b""
    mode: int = 0
    method: int = 8
    size: int | None = None
    checksum: int | None = None
    password: bytes = b""


def zipped(*entries, disk=0, count=None):
    """A zip of entries, or of bare raw names (APPNOTE 4.3.7, 4.3.12, 4.3.16)."""
    body, directory = b"", b""
    for entry in entries:
        one = Entry(entry) if isinstance(entry, bytes) else entry
        checksum = zlib.crc32(one.data) if one.checksum is None else one.checksum
        packed, flags = one.data, one.flags
        if one.method == 8:
            deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed = deflate.compress(one.data) + deflate.flush()
        if one.password:
            flags |= LOCKED
            packed = encrypted(bytes(11) + bytes([checksum >> 24]) + packed, one.password)
        size = len(one.data) if one.size is None else one.size
        facts = struct.pack("<HHIIIIH", flags, one.method, 0x4F590000, checksum, len(packed),
                            size, len(one.name))  # fmt: skip
        directory += struct.pack("<IHH", 0x02014B50, 0x0314, 20) + facts
        directory += struct.pack("<HHHHII", len(one.extra), 0, 0, 0, one.mode, len(body))
        directory += one.name + one.extra
        body += struct.pack("<IH", 0x04034B50, 20) + facts + bytes(2) + one.name + packed
    number = len(entries) if count is None else count
    end = struct.pack("<IHHHHIIH", 0x06054B50, disk, disk, number, number, len(directory),
                      len(body), 0)  # fmt: skip
    return body + directory + end


def encrypted(data, password):
    """ZipCrypto (APPNOTE 6.1)."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte):
        keys[0] = _crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = _crc(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in data:
        mixed = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ (mixed * (mixed ^ 1) >> 8) & 0xFF)
        update(byte)
    return bytes(out)


def _table(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (0xEDB88320 if byte & 1 else 0)
    return byte


_TABLE = [*map(_table, range(256))]


def _crc(before, byte):
    return before >> 8 ^ _TABLE[(before ^ byte) & 0xFF]


def unicode_path(raw, name):
    """The extra field that WinRAR writes (4.6.9)."""
    said = name.encode()
    return struct.pack("<HHBI", 0x7075, len(said) + 5, 1, zlib.crc32(raw)) + said


# --- RAR 5 (RARLAB, "RAR 5.0 archive format"), with files stored as they are -------------------


def rar(files, *, volume=False):
    """By name; a value that is None makes a link to /etc/passwd."""
    out = b"Rar!\x1a\x07\x01\x00" + _block(1, 0, int(volume))
    for name, data in files.items():
        said, link = name.encode(), b""
        if data is None:
            target = b"/etc/passwd"
            record = _number(5) + _number(1) + _number(0) + _number(len(target)) + target
            link, data = _number(len(record)) + record, b""
        facts = [4, len(data), 0o100644, struct.pack("<I", zlib.crc32(data)), 0, 1, len(said), said]
        sizes = [2 | bool(link), *([len(link)] if link else []), len(data)]
        out += _block(2, *sizes, *facts, link) + data
    return out + _block(5, 0, 0)


def _block(*values):
    body = b"".join(v if isinstance(v, bytes) else _number(v) for v in values)
    body = _number(len(body)) + body
    return struct.pack("<I", zlib.crc32(body)) + body


def _number(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
