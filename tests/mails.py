"""Mails made by hand: as clients send them, and as Outlook keeps them."""

import base64
import struct
from datetime import datetime, timedelta

from test_compound import END, FAT, FREE, MAGIC, chained, entry, padded

STRING8, UNICODE, BINARY, OBJECT, TIME, LONG = 0x1E, 0x1F, 0x102, 0x0D, 0x40, 3
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def part(data, headers, encoded=True):
    """A part of a mail, its headers as bytes."""
    if encoded:
        headers += b"\r\nContent-Transfer-Encoding: base64"
        data = base64.encodebytes(data)
    return headers + b"\r\n\r\n" + data


def file_part(data, name):
    """With the name as an encoded word, which is what most clients send."""
    word = f"=?gb18030?B?{base64.b64encode(name.encode('gb18030')).decode()}?=".encode()
    return part(
        data,
        b'Content-Type: application/octet-stream;\r\n\tname="%s"\r\n'
        b'Content-Disposition: attachment;\r\n\tfilename="%s"' % (word, word),
    )


def text_part(text, kind="plain", charset="utf-8"):
    return part(text.encode(charset), f"Content-Type: text/{kind}; charset={charset}".encode())


def eml(*parts, headers=b"From: a@example.cn\r\nSubject: test", mark=b"mark", end=True):
    body = b"".join(b"--" + mark + b"\r\n" + p + b"\r\n" for p in parts)
    return (
        headers + b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=" + mark
        + b"\r\n\r\n" + body + (b"--" + mark + b"--\r\n" if end else b"")
    )  # fmt: skip


def forwarded(mail):
    return part(mail, b"Content-Type: message/rfc822", encoded=False)


# --- [MS-OXMSG] ------------------------------------------------------------------------------


def ticks(moment):
    return (moment - datetime(1601, 1, 1)) // timedelta(microseconds=1) * 10


def storage(properties, header, **more):
    """Properties by number as (type, value): streams, and one for what has a fixed size."""
    tree, fixed = {}, bytes(header)
    for number, (kind, value) in properties.items():
        if kind in (TIME, LONG):
            fixed += struct.pack("<HHIQ", kind, number, 6, value)
        else:
            tree[f"__substg1.0_{number:04X}{kind:04X}"] = value
    return {"__properties_version1.0": fixed, **tree, **more}


def outlook(properties, *attachments, header=32):
    """A mail's storage. Attachments are properties, or a mail's storage made with header=24."""
    tree = storage(properties, header)
    for number, attached in enumerate(attachments):
        inner = attached if "__properties_version1.0" in attached else None
        said = {0x3705: (LONG, 5 if inner else 1)} | ({} if inner else attached)
        more = {"__substg1.0_3701000D": inner} if inner else {}
        tree[f"__attach_version1.0_#{number:08X}"] = storage(said, 8, **more)
    return tree


def msg(properties, *attachments):
    return nested(outlook(properties, *attachments))


def nested(tree):
    """A compound file with storages within storages, in sectors of 512 bytes."""
    listed = [["Root Entry", 5, FREE, FREE, b""]]  # name, type, right, child, data

    def lay(branch):
        before = None
        first = FREE
        for name, value in branch.items():
            at = len(listed)
            first = at if before is None else first
            if before is not None:
                listed[before][2] = at
            before = at
            listed.append([name, 1 if isinstance(value, dict) else 2, FREE, FREE, b""])
            if isinstance(value, dict):
                listed[at][3] = lay(value)
            else:
                listed[at][4] = value
        return first

    listed[0][3] = lay(tree)
    table, short, body, small, places = [FAT], [], b"", b"", []
    for _, _, _, _, data in listed:
        if len(data) >= 4096:
            places.append(chained(table, -(-len(data) // 512)))
            body += padded(data)
        elif data:
            places.append(chained(short, -(-len(data) // 64)))
            small += padded(data, 64)
        else:
            places.append(END)
    places[0] = chained(table, len(padded(small)) // 512) if small else END
    body += padded(small)
    shorts = padded(struct.pack(f"<{len(short)}I", *short))
    mini = chained(table, len(shorts) // 512) if shorts else END
    body += shorts
    directory = padded(b"".join(
        entry(name, kind, places[i], len(small) if i == 0 else len(data), right=right, child=child)
        for i, (name, kind, right, child, data) in enumerate(listed)
    ))  # fmt: skip
    start = chained(table, len(directory) // 512)
    body += directory
    assert len(table) <= 128
    header = MAGIC + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<10I", 0, 1, start, 0, 4096, mini, len(shorts) // 512, END, 0, 0)
    header += struct.pack("<108I", *[FREE] * 108)
    return header + struct.pack("<128I", *table, *[FREE] * (128 - len(table))) + body


# --- [MS-OXTNEF] -----------------------------------------------------------------------------

TITLE, DATA, RENDERED, CODEPAGE = 0x8010, 0x800F, 0x9002, 0x9007
SUBJECT, MESSAGE_PROPERTIES, ATTACHMENT_PROPERTIES = 0x8004, 0x9003, 0x9005


def winmail(*attributes):
    """Attributes as (level, number, value)."""
    body = b"".join(
        struct.pack("<BHHI", level, number, 6, len(value)) + value
        + struct.pack("<H", sum(value) & 0xFFFF)
        for level, number, value in attributes
    )  # fmt: skip
    return b"\x78\x9f\x3e\x22" + struct.pack("<H", 1) + body


def properties(*said):
    """As (number, type, value), or a whole property as bytes."""
    body = b""
    for one in said:
        if isinstance(one, bytes):
            body += one
            continue
        number, kind, value = one
        body += struct.pack("<HH", kind, number)
        body += value if kind in (LONG, TIME) else struct.pack("<II", 1, len(value))
        body += b"" if kind in (LONG, TIME) else padded(value, 4)
    return struct.pack("<I", len(said)) + body


def attached(name, data, *more):
    """The attributes of one file."""
    return (2, RENDERED, bytes(14)), (2, TITLE, name), (2, DATA, data), *more
