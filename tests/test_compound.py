"""Compound files made by hand: whole ones, and chains that bite their own tails."""

import struct
from datetime import datetime, timedelta

import pytest
from test_legacy import BOF, label, record, workbook

from pdsfz_xl.compound import MAGIC, Compound
from pdsfz_xl.package import Refused

END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def padded(data, size=512):
    return data + bytes(-len(data) % size)


def entry(name, kind, start, size, *, left=FREE, right=FREE, child=FREE):
    said = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII36xII4x", said, len(said) + 2, kind, 1, left, right, child, start, size
    )


def chained(table, sectors):
    """Append a chain to a table of sectors; where it starts."""
    start = len(table)
    table += [*range(start + 1, start + sectors), END]
    return start


def compound(streams, *, links=None, fat=None, mini=None):
    """A file of 512-byte sectors: the table first, then everything that hangs on it.

    `links` are left, right and child by entry, `fat` and `mini` entries to be overwritten.
    """
    table, body, small, short = [FAT], b"", b"", []
    places = {}
    for name, data in streams.items():
        if len(data) < 4096:
            places[name] = chained(short, -(-len(data) // 64) or 1)
            small += padded(data or b"\0", 64)
        else:
            places[name] = chained(table, -(-len(data) // 512))
            body += padded(data)
    for at, number in (mini or {}).items():
        short[at] = number
    root = chained(table, len(padded(small)) // 512) if small else END
    body += padded(small)
    shorts = padded(struct.pack(f"<{len(short)}I", *short))
    mini_fat = chained(table, len(shorts) // 512) if short else END
    body += shorts
    tree = {0: (FREE, FREE, 1)} | {i: (FREE, i + 1, FREE) for i in range(1, len(streams))}
    tree |= {len(streams): (FREE, FREE, FREE)} | (links or {})
    listed = [("Root Entry", 5, root, len(small))]
    listed += [(name, 2, places[name], len(data)) for name, data in streams.items()]
    entries = padded(
        b"".join(
            entry(*said, left=tree[i][0], right=tree[i][1], child=tree[i][2])
            for i, said in enumerate(listed)
        )
    )
    directory = chained(table, len(entries) // 512)
    body += entries
    for at, number in (fat or {}).items():
        table[at] = number
    assert len(table) <= 128
    header = MAGIC + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack(
        "<IIIIIIIIII", 0, 1, directory, 0, 4096, mini_fat, 1, END, 0, 0
    )
    header += struct.pack("<108I", *[FREE] * 108)
    return header + struct.pack("<128I", *table, *[FREE] * (128 - len(table))) + body


def summary(moment):
    """What [MS-OLEPS] calls a property set, with a title first and then the save time."""
    ticks = (moment - datetime(1601, 1, 1)) // timedelta(microseconds=1) * 10
    properties = struct.pack("<IIIIII", 64, 2, 2, 24, 13, 36)
    properties += struct.pack("<IIIIQ", 0x1E, 4, 0x434241, 0x40, ticks)
    return struct.pack("<HHI16sI16sI", 0xFFFE, 0, 0, b"", 1, b"", 48) + properties


BIG = workbook(*(label(row, 0, f"第{row}行" * 20) for row in range(60)))
STREAMS = {"Workbook": BIG, "\x05SummaryInformation": summary(datetime(2019, 10, 24, 16, 5))}


def test_streams_long_and_short():
    data = compound({"甲": b"x" * 5000, "乙": b"y" * 100, "空": b""})
    found = Compound(data)
    assert [found.stream(name) for name in ("甲", "乙", "空", "丙")] == [
        b"x" * 5000, b"y" * 100, b"", None,
    ]  # fmt: skip


def test_a_workbook_with_its_save_time(load):
    book = load(compound(STREAMS))
    assert len(book.sheets[0].cells) == 60
    assert book.saved == "2019-10-24T16:05:00Z"
    assert book.flags == ()


def test_the_workbook_is_the_one_at_the_top(load):
    """Another one, embedded, may be listed first."""
    inner = workbook(label(0, 0, "里"))
    streams = {"Workbook": inner, "_VBA_PROJECT_CUR": b"", "workbook": BIG}
    links = {0: (FREE, FREE, 3), 1: (FREE, FREE, FREE), 2: (FREE, FREE, 1), 3: (2, FREE, FREE)}
    book = load(compound(streams, links=links))
    assert len(book.sheets[0].cells) == 60
    assert book.flags == ("vba",)


def test_a_tree_that_runs_in_a_circle_is_searched_once(load):
    links = {1: (1, 2, FREE), 2: (1, 2, 0)}
    assert load(compound(STREAMS, links=links)).saved == "2019-10-24T16:05:00Z"


def test_a_damaged_summary_is_done_without(load):
    for damaged in (b"", STREAMS["\x05SummaryInformation"][:70], b"\xff" * 200):
        assert load(compound(STREAMS | {"\x05SummaryInformation": damaged})).saved == ""
    assert load(compound(STREAMS, mini={0: 0})).saved == ""


BAD = {
    "a chain in a circle": compound(STREAMS, fat={3: 1}),
    "a chain out of the table": compound(STREAMS, fat={3: 5_000_000}),
    "a chain that ends early": compound(STREAMS, fat={3: END}),
    "a stream cut off": compound({"Workbook": BIG})[:2000],
    "a stream that is a compound file": compound({"Workbook": MAGIC + BIG}),
    "no records": compound({"Workbook": b"\0" * 5000}),
    "an empty stream": compound({"Workbook": b""}),
    "another sheet's beginning": compound({"Workbook": record(BOF, bytes(16)) * 300}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_damaged_is_refused(load, name):
    with pytest.raises(Refused) as caught:
        load(BAD[name])
    assert caught.value.rule == "F03"
