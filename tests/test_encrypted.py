"""What opens with a password we know is read; everything else that is locked says so."""

import io
import random
import struct
from functools import cache
from hashlib import md5

import damage
import docx
import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.method.rc4 import DocumentRC4
from samples import NOW, arrival, batch, master
from test_legacy import label, record, workbook

from pdsfz_xl import collect, form
from pdsfz_xl.form import Filled

SILENT = "VelvetSweatshop"
"""What Excel encrypts a read-only workbook with, and never asks for."""


PLAN = master()
ANSWERS = {"03": Filled("", "第一段\n第二段 😀 𠮷"), "04": Filled("", "=1+1")}


@cache
def filled() -> bytes:
    return form.build(PLAN, PLAN.unit["02"], ANSWERS)


@cache
def locked(password: str, data: bytes | None = None) -> bytes:
    made = io.BytesIO()
    OOXMLFile(io.BytesIO(data or filled())).encrypt(password, made)
    return made.getvalue()


def answers(path):
    result = batch(PLAN, arrival(collect.read_return(str(path)), "a.xlsx", NOW))
    return {a.requirement: a.text for a in result.answers if a.text}


def test_a_read_only_form_is_read_without_a_question(tmp_path):
    path = tmp_path / "只读.xlsx"
    path.write_bytes(locked(SILENT))
    assert answers(path) == {key: answer.text for key, answer in ANSWERS.items()}


def test_a_password_that_is_given_is_tried(load):
    whole = load(filled())
    assert load(locked("市司法局2019"), "", "错", "市司法局2019") == whole


@pytest.mark.parametrize("passwords", [(), ("错",), ("", "错", "x" * 300)])
def test_any_other_password_is_one(refusal, passwords):
    assert refusal(locked("市司法局2019"), *passwords) == ("F02", "")


def test_what_is_inside_is_told_by_its_content(load, refusal):
    document = docx.Document()
    document.add_table(1, 1).cell(0, 0).text = "甲"
    buffer = io.BytesIO()
    document.save(buffer)
    assert load(locked("1", buffer.getvalue()), "1").sheets[0].cells[0, 0].text == "甲"
    bare = io.BytesIO()
    docx.Document().save(bare)
    assert refusal(locked("1", bare.getvalue()), "1")[0] == "F01"


# --- compound files made by hand -----------------------------------------------------------


def compound(**streams):
    """A compound file ([MS-CFB]) with some streams at the top, each longer than the cutoff of
    4096 bytes so that there is no small one."""
    size = 512
    chains, sectors = [], []
    for data in streams.values():
        assert len(data) >= 4096
        chains.append(len(sectors))
        sectors += [data[i : i + size].ljust(size, b"\0") for i in range(0, len(data), size)]
    entries = [entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1)]
    for i, (name, data) in enumerate(streams.items(), 1):
        right = i + 1 if i < len(streams) else 0xFFFFFFFF
        entries.append(entry(name, 2, chains[i - 1], len(data), right=right))
    directory = b"".join(entries)
    start = len(sectors)
    sectors += [directory[i : i + size].ljust(size, b"\0") for i in range(0, len(directory), size)]
    links = [i + 1 for i in range(len(sectors))]
    for end in (*(c - 1 for c in chains[1:]), start - 1, len(sectors) - 1):
        links[end] = 0xFFFFFFFE
    count = -(-(len(sectors) + 1) // 127)  # the table has its own sectors in it
    links += [0xFFFFFFFD] * count
    table = struct.pack(f"<{len(links)}I", *links).ljust(count * size, b"\xff")
    where = [len(sectors) + i for i in range(count)] + [0xFFFFFFFF] * (109 - count)
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6xII", 0x3E, 3, 0xFFFE, 9, 6, 0, count)
    head += struct.pack("<IIIIIII", start, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    return head + struct.pack("<109I", *where) + b"".join(sectors) + table


def entry(name, kind, start, size, *, right=0xFFFFFFFF, child=0xFFFFFFFF):
    said = name.encode("utf-16-le")
    head = said.ljust(64, b"\0") + struct.pack("<HBB", len(said) + 2, kind, 1)
    tree = struct.pack("<III", 0xFFFFFFFF, right, child)
    return head + tree + bytes(36) + struct.pack("<IQ", start, size)


def test_a_workbook_wrapped_in_a_compound_file(load):
    assert load(compound(Package=filled())) == load(filled())


def test_what_else_is_wrapped_is_named(refusal):
    assert refusal(compound(Package=b"x" * 5_000))[0] == "F03"
    assert refusal(compound(Packages=filled()))[0] == "F03"


def test_the_limits_hold_inside(refusal):
    assert refusal(compound(Package=filled()), total=10_000)[0] == "F08"
    assert refusal(locked(SILENT), total=10_000)[0] == "F08"
    assert refusal(locked(SILENT), file=10_000)[0] == "F08"


AGILE = b'<?xml version="1.0"?><encryption><keyData/><p spinCount="{}"/></encryption>'


def described(xml):
    """Locked with whatever it says of itself."""
    info = b"\4\0\4\0\x40\0\0\0" + xml.ljust(5_000)
    return compound(EncryptionInfo=info, EncryptedPackage=b"x" * 5_000)


@pytest.mark.parametrize(
    ("xml", "rule"),
    [
        (AGILE.replace(b"{}", b"100000"), "F03"),
        (AGILE.replace(b"{}", b"9999999"), "F08"),
        (AGILE.replace(b"{}", b"9" * 4_000), "F08"),
        (AGILE.replace(b"{}", b"-1"), "F08"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "F08"),
        (b"<x>" * 30, "F08"),
        (b"<x>", "F03"),
        (b"", "F03"),
    ],
)
def test_a_description_that_bites_is_refused(refusal, xml, rule):
    assert refusal(described(xml), "1")[0] == rule


@pytest.mark.parametrize("version", [b"\3\0\3\0", b"\4\0\3\0", b"\1\0\1\0"])
def test_a_way_to_lock_that_nobody_knows_is_a_password(refusal, version):
    info = version.ljust(5_000, b"\0")
    data = compound(EncryptionInfo=info, EncryptedPackage=b"x" * 5_000)
    assert refusal(data) == ("F02", "")


def test_a_locked_file_cut_off_is_damaged(refusal):
    data = locked(SILENT)
    for part in range(2, 10):
        assert refusal(data[: len(data) * part // 10])[0] == "F03"


# --- .xls ----------------------------------------------------------------------------------


def stream(password, salt=bytes(range(16))):
    """A workbook as its one stream, locked by RC4 as Excel 97 does it ([MS-XLS] 2.2.10)."""
    proof = b"0123456789abcdef"
    proof += md5(proof).digest()
    sealed = xored(proof, key_stream(password, salt, len(proof)))
    plain = workbook(
        label(0, 0, "第一段\n第二段 𠮷"),
        label(1, 0, "=1+1" * 900),
        before=record(0x2F, struct.pack("<HHH", 1, 1, 1), salt, sealed),
    )
    keys, made, at = key_stream(password, salt, len(plain)), b"", 0
    while at < len(plain):
        kind, length = struct.unpack_from("<HH", plain, at)
        bare = {0x809: length, 0x2F: length, 0x85: 4}.get(kind, 0)  # where a sheet lies, too
        end = at + 4 + length
        made += plain[at : at + 4 + bare] + xored(plain[at + 4 + bare : end], keys[at + 4 + bare :])
        at = end
    return made


def key_stream(password, salt, length):
    return DocumentRC4.decrypt(password, salt, io.BytesIO(bytes(length)), blocksize=1024).read()


def xored(data, keys):
    return bytes(one ^ other for one, other in zip(data, keys, strict=False))


@pytest.mark.parametrize(("password", "given"), [(SILENT, ()), ("2019", ("错", "2019"))])
def test_a_locked_xls(load, password, given):
    book = load(compound(Workbook=stream(password)), *given)
    said = [cell.text for cell in book.sheets[0].cells.values()]
    assert said == ["第一段\n第二段 𠮷", "=1+1" * 900]


def test_an_xls_with_any_other_password(refusal):
    assert refusal(compound(Workbook=stream("2019")), "错") == ("F02", "")
    assert refusal(stream("2019"), "2019") == ("F02", "")  # there is nothing around it
    assert refusal(compound(Book=stream("2019")), "2019") == ("F02", "")


# --- mutants -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda: locked(SILENT), id="xlsx"),
        pytest.param(lambda: compound(Package=filled()), id="wrapped"),
        pytest.param(lambda: compound(Workbook=stream(SILENT)), id="xls"),
    ],
)
def test_no_mutant_does_worse_than_be_refused(load, data):
    """Most of the damage is done where the structure is: at both ends and in the description."""
    whole = data()
    info = max(whole.find(b"<encryption"), 512)
    chance = random.Random(2010)

    def mutant():
        changed = bytearray(whole)
        area = chance.choice([(0, 512), (info, info + 1_500), (len(whole) - 2_048, len(whole))])
        at = chance.randrange(*chance.choice([area, (0, len(whole))]))
        match chance.choice(["bits", "bytes", "cut", "zeros", "gone"]):
            case "bits":
                changed[at % len(changed)] ^= 1 << chance.randrange(8)
            case "bytes":
                changed[at : at + 2] = chance.choice([b"\xff\xff", b"\0\0", b"\x7f\xff"])
            case "cut":
                del changed[at:]
            case "zeros":
                changed[at : at + 512] = bytes(512)
            case "gone":
                del changed[at : at + chance.randrange(1, 200)]
        return bytes(changed)

    outcomes = damage.outcomes(load, mutant, 300)
    assert "F03" in outcomes
    assert outcomes <= {"read", "F01", "F02", "F03", "F08"}
