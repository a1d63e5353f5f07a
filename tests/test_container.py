"""Whatever is inside comes out under its name, or says why it stays shut."""

import io
import random
import shutil
import stat
import struct
import subprocess
import sys
import tracemalloc
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from archives import LINK, UTF8, Entry, rar, unicode_path, zipped
from counts import examples
from effort import growth
from mails import BINARY, PNG, eml, file_part, msg, outlook, part, text_part
from test_message import FACTS, HEADERS, TWO, mutant, wide

from pdsfz_xl import archive_wording as aw
from pdsfz_xl import container, rules, seven_zip
from pdsfz_xl import wording as w
from pdsfz_xl.container import LIMITS, Unpacked, kind_of
from pdsfz_xl.package import Refused

NAME = "里层/填报表.xlsx"
XLSX = zipped(b"[Content_Types].xml", b"_rels/.rels", b"xl/workbook.xml")


def unpack(data, name="包.zip", passwords=(), **limits):
    return container.unpack(data, name, passwords, replace(LIMITS, **limits))


def paths(data, **more):
    return [member.path for member in unpack(data, **more).members]


def refused(data, **more):
    return [(r.path, r.rule, r.detail) for r in unpack(data, **more).refused]


def refusal(data, **more):
    with pytest.raises(Refused) as caught:
        unpack(data, **more)
    assert caught.value.rule in rules.RULES
    return caught.value.rule, caught.value.detail


def member(name, data=b"data", **more):
    return Entry(name.encode(), data, flags=UTF8, **more)


# --- names -----------------------------------------------------------------------------------

_GBK = NAME.encode("gbk")
_MAC = unicodedata.normalize("NFD", "表/é.xlsx").encode()
ARCHIVES = {
    "GBK": (zipped(_GBK), [NAME]),
    "GBK with a byte 0x5C": (zipped("乗謀/十.xlsx".encode("gbk")), ["乗謀/十.xlsx"]),
    "GBK and backslashes": (zipped(NAME.replace("/", "\\").encode("gbk")), [NAME]),
    "GB18030": (zipped("𠀀㈱.xlsx".encode("gb18030")), ["𠀀㈱.xlsx"]),
    "UTF-8 without the flag": (zipped(NAME.encode()), [NAME]),
    "UTF-8 with the flag": (zipped(member(NAME)), [NAME]),
    "flagged and not": (zipped(member("甲.xlsx"), "乙.xlsx".encode("gbk")), ["甲.xlsx", "乙.xlsx"]),
    "valid UTF-8 by accident": (zipped("一.xlsx".encode("gbk")), ["一.xlsx"]),
    "the same beside others": (
        zipped("一.xlsx".encode("gbk"), _GBK), ["一.xlsx", NAME],
    ),
    "of two kinds": (zipped("甲表.xlsx".encode(), b"\xb1\xed1.xlsx", b"\xff\xff.xlsx"),
                     ["甲表.xlsx", "表1.xlsx", "\xa0\xa0.xlsx"]),
    "a Unicode path": (zipped(Entry(b"???.xlsx", extra=unicode_path(b"???.xlsx", NAME))), [NAME]),
    "a Unicode path of an older name": (
        zipped(Entry(_GBK, extra=unicode_path(b"other", "旧.xlsx"))), [NAME],
    ),
    "macOS": (zipped(_MAC, b"__MACOSX/._e.xlsx"), ["表/é.xlsx"]),
    "folders": (zipped(b"a/", b"b\\", b"a/1.xlsx"), ["a/1.xlsx"]),
    "twice the same": (zipped(b"a.xlsx", b"A.xlsx", b"a.xlsx", b"README", b"README"),
                       ["a.xlsx", "A(2).xlsx", "a(3).xlsx", "README", "README(2)"]),
    "what looks like another level": (zipped(b"a.zip!/1.xlsx"), ["a.zip！/1.xlsx"]),
}  # fmt: skip


@pytest.mark.parametrize("case", ARCHIVES)
def test_names(case):
    data, names = ARCHIVES[case]
    assert paths(data) == names
    assert unpack(data).refused == ()


def test_every_hanzi_of_gb2312_as_a_name():
    """6763 of them, each alone in its archive, which is the least there is to tell it by."""
    rows = [(row, cell) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)]
    hanzi = [bytes(pair).decode("gb2312") for pair in rows if pair[0] != 0xD7 or pair[1] < 0xFA]
    assert len(hanzi) == 6763
    for charset in ("gbk", "utf-8"):
        assert [
            one for one in hanzi if paths(zipped(f"{one}.xls".encode(charset))) != [f"{one}.xls"]
        ] == []


def test_names_that_lead_out_are_refused_one_by_one():
    bad = ["/etc/passwd", "../1.xlsx", "a/../../1.xlsx", "..\\2.xlsx", "C:\\1.xlsx", "c:1.xlsx",
           "\\\\host\\1.xlsx", "a\0b.xlsx"]  # fmt: skip
    data = zipped(*(member(name) for name in bad), member("好.xlsx"))
    assert paths(data) == ["好.xlsx"]
    assert refused(data) == [(name.replace("\\", "/"), "F08", aw.BAD_PATH) for name in bad]


def test_a_link_is_refused():
    data = zipped(Entry(b"link", b"/etc/passwd", mode=LINK), b"good")
    assert (paths(data), refused(data)) == (["good"], [("link", "F08", aw.IS_LINK)])


def test_clutter_is_listed_and_left():
    clutter = ["__MACOSX/._1.xlsx", "a/.DS_Store", "Thumbs.db", "a/desktop.ini", "~$1.xlsx",
               "._1.xlsx", "1.xlsx.crdownload"]  # fmt: skip
    found = unpack(zipped(*map(str.encode, clutter), b"1.xlsx"))
    assert [m.path for m in found.members] == ["1.xlsx"]
    assert (found.clutter, found.refused) == (tuple(clutter), ())


# --- passwords -------------------------------------------------------------------------------

LOCKED = ("里.xlsx", "F02", aw.ARCHIVE_LOCKED)


@pytest.mark.parametrize("password", [b"secret", "密码".encode(), "密码".encode("gbk")])
def test_a_password_opens_a_zip(password):
    data = zipped(Entry("里.xlsx".encode(), b"answer" * 99, password=password), b"open.xlsx")
    found = unpack(data, passwords=("wrong", "secret", "密码"))
    assert [m.data[:6] for m in found.members] == [b"answer", b"data"]
    for passwords in ((), ("wrong", "")):
        assert paths(data, passwords=passwords) == ["open.xlsx"]
        assert refused(data, passwords=passwords) == [LOCKED]


def test_a_wrong_password_never_passes_for_a_right_one():
    """One in 256 fits the check byte; the checksum tells."""
    data = zipped(Entry("里.xlsx".encode(), b"answer" * 9, method=0, password=b"secret"))
    assert refused(data, passwords=[str(n) for n in range(600)]) == [LOCKED]


def _aes():
    pyzipper = pytest.importorskip("pyzipper", reason="pyzipper is not installed")
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(
        buffer, "w", pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as pack:
        pack.setpassword(b"secret")
        pack.writestr("里.xlsx", b"answer" * 99)
    return buffer.getvalue()


def test_aes():
    data = _aes()
    assert paths(data, passwords=["wrong", "secret"]) == ["里.xlsx"]
    assert refused(data) == refused(data, passwords=["wrong"]) == [LOCKED]


def test_aes_without_the_library(monkeypatch):
    data = _aes()
    monkeypatch.setitem(sys.modules, "pyzipper", None)
    assert refused(data, passwords=["secret"]) == [LOCKED]


# --- damage ----------------------------------------------------------------------------------

TEXT = bytes(random.Random(1).choices(range(256), k=3000))
PLAIN = zipped(member("甲.txt", TEXT), member("乙.txt", TEXT), member("丙.txt", TEXT))


def test_a_damaged_member_costs_itself_alone():
    data = bytearray(PLAIN)
    data[len(PLAIN) // 2] ^= 0xFF
    assert (paths(bytes(data)), refused(bytes(data))) == (
        ["甲.txt", "丙.txt"], [("乙.txt", "F03", aw.MEMBER_DAMAGED)],
    )  # fmt: skip


@pytest.mark.parametrize("length", range(40, len(PLAIN), 331))
def test_a_zip_cut_off(length):
    assert refusal(PLAIN[:length]) == ("F03", aw.ARCHIVE_CUT)


def test_a_zip_cut_off_behind_a_zip_in_it_is_not_that_zip():
    inner = zipped(member("内.txt", TEXT))
    data = zipped(member("甲.txt", TEXT), member("内包.zip", inner, method=0), member("乙.txt"))
    whole = data.index(inner) + len(inner)
    assert refusal(data[:whole]) == refusal(data[: whole + 30]) == ("F03", aw.ARCHIVE_CUT)


def test_what_stands_before_and_behind_a_zip_does_no_harm():
    assert paths(b"by the gateway\r\n" + PLAIN + b"\r\n--mark--") == ["甲.txt", "乙.txt", "丙.txt"]


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (zipped(b"a", disk=2), aw.ARCHIVE_VOLUME),
        (b"PK\7\x08" + PLAIN, aw.ARCHIVE_VOLUME),
        (zipped(b"a", b"b", count=3), aw.ARCHIVE_DAMAGED),
        (zipped(Entry(b"\xff", flags=UTF8)), aw.ARCHIVE_DAMAGED),
        (b"PK\3\4", aw.ARCHIVE_CUT),
        (b"PK\5\6", aw.ARCHIVE_CUT),
    ],
)
def test_a_damaged_zip(data, detail):
    assert refusal(data) == ("F03", detail)


@pytest.mark.parametrize("method", [12, 14, 9, 1, 98])
def test_a_rare_method(method):
    assert refused(zipped(Entry(b"a", method=method)), passwords=["x"]) == [
        ("a", "F07", aw.RARE_METHOD)
    ]


def test_an_empty_zip():
    assert unpack(zipped()) == Unpacked((), (), (), ())


@pytest.mark.parametrize(
    "data", [b"", b"text", XLSX, b"%PDF-1.7", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 200]
)
def test_what_is_no_container(data):
    assert (kind_of(data), refusal(data)) == ("", ("F07", aw.NO_ARCHIVE))


# --- traps -----------------------------------------------------------------------------------

TOO_LARGE = ("F08", aw.TOO_LARGE_INSIDE)
ZEROS = bytes(2 << 20)


def test_too_many_files_shut_the_archive():
    names = [b"%d" % number for number in range(500)]
    assert len(paths(zipped(*names, b"folder/", b"Thumbs.db"))) == 500
    assert refusal(zipped(*names, b"one more")) == ("F08", aw.too_many_files(500))
    assert refusal(zipped(*names, b"../out")) == ("F08", aw.too_many_files(500))


def test_ten_thousand_entries():
    many = zipped(*(b"%d" % number for number in range(10_000)))
    assert refusal(many) == ("F08", aw.too_many_files(500))
    more = zipped(*(b"%d" % number for number in range(10_001)))
    assert refusal(more) == ("F08", aw.ARCHIVE_ENTRIES)


def test_ten_times_the_entries_are_no_hundred_times_the_work():
    def opening(number):
        data = zipped(*(b"%d" % name for name in range(number)))
        return lambda: refusal(data)

    assert growth(opening, 1_000) < 40


def test_a_bomb_is_refused_by_what_it_claims():
    assert refused(zipped(Entry(b"a", ZEROS), b"b")) == [("a", *TOO_LARGE)]
    assert paths(zipped(Entry(b"a", bytes(1 << 20)))) == ["a"]


def test_a_bomb_that_lies_about_its_size_is_refused_too():
    (one,) = refused(zipped(Entry(b"a", bytes(200 << 20), size=1000)))
    assert one[1] in ("F03", "F08")
    assert refused(zipped(Entry(b"a", TEXT, size=9))) == [("a", "F03", aw.MEMBER_DAMAGED)]


def test_a_bomb_takes_little_memory():
    data = zipped(*(Entry(b"%d" % n, bytes(200 << 20)) for n in range(2)))
    tracemalloc.start()
    try:
        assert [r[1] for r in refused(data)] == ["F08", "F08"]
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_a_member_may_be_so_large():
    data = zipped(Entry(b"a", TEXT), Entry(b"b", TEXT[:2000]))
    assert (paths(data, one=2000), refused(data, one=2000)) == (["b"], [("a", *TOO_LARGE)])


def test_all_members_may_be_so_large():
    assert refusal(PLAIN, total=8000) == TOO_LARGE
    assert len(paths(PLAIN, total=9000)) == 3


def test_limits_hold_for_the_whole_nest():
    inner = zipped(Entry(b"a", TEXT), Entry(b"b", TEXT))
    data = zipped(Entry(b"1.zip", inner, method=0), Entry(b"2.zip", inner, method=0))
    need = 2 * len(inner) + 4 * len(TEXT)
    assert len(paths(data, total=need)) == 4
    assert paths(data, total=need - 1) == ["1.zip!/a", "1.zip!/b"]
    assert refused(data, total=need - 1) == [("2.zip", *TOO_LARGE)]
    assert len(paths(data, files=6)) == 4
    assert refused(data, files=5) == [("2.zip", "F08", aw.too_many_files(5))]


def test_overlapping_entries():
    """All of them name the same data."""
    data = zipped(b"a", b"b")
    directory = data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", directory + 1)
    data = data[: second + 42] + bytes(4) + data[second + 46 :]
    assert refusal(data) == ("F08", aw.ARCHIVE_OVERLAP)


# --- nests -----------------------------------------------------------------------------------


def test_archives_in_archives():
    third = zipped(member("三.xlsx"))
    second = zipped(member("二.xlsx"), member("里/三.zip", third))
    first = zipped(member("一.xlsx"), member("二.zip", second))
    assert paths(first) == ["一.xlsx", "二.zip!/二.xlsx", "二.zip!/里/三.zip!/三.xlsx"]
    outer = zipped(member("〇.xlsx"), member("一.zip", first))
    found = unpack(outer)
    assert [m.path for m in found.members] == [
        "〇.xlsx",
        "一.zip!/一.xlsx",
        "一.zip!/二.zip!/二.xlsx",
    ]
    assert [r[:3] for r in found.refused] == [("一.zip!/二.zip!/里/三.zip", "F08", aw.too_deep(3))]


@pytest.mark.parametrize(
    "document",
    [
        XLSX,
        XLSX[:-30],
        zipped(b"xl\\workbook.xml", b"[CONTENT_TYPES].XML"),
        zipped(Entry(b"mimetype", method=0), b"content.xml"),
        zipped(b"OFD.xml", b"Doc_0/Document.xml"),
        zipped(b"Index/Document.iwa"),
        b"",
        b"%PDF-1.7",
    ],
)
def test_a_document_is_not_opened(document):
    assert unpack(zipped(member("表.xlsx", document))).members == (("表.xlsx", document, False),)


def test_a_damaged_archive_in_an_archive_costs_itself_alone():
    data = zipped(member("坏.zip", PLAIN[:-30]), member("空.zip", zipped()), member("好.xlsx"))
    assert (paths(data), refused(data)) == (["好.xlsx"], [("坏.zip", "F03", aw.ARCHIVE_CUT)])


def test_a_mail_with_an_archive():
    logo = part(PNG, b"Content-Type: image/png; name=logo.png\r\nContent-ID: <logo>")
    mail = eml(
        text_part('<img src="cid:logo">', "html"), logo,
        file_part(PLAIN, "材料.zip"), file_part(b"x", "表.xls"), file_part(b"y", "表.xls"),
        headers=HEADERS % (b"", "报送".encode("gbk")),
    )  # fmt: skip
    found = unpack(mail, name="报送.eml")
    assert [m.path for m in found.members] == [
        "logo.png", *(f"材料.zip!/{name}.txt" for name in "甲乙丙"), "表.xls", "表(2).xls",
    ]  # fmt: skip
    assert [m.inline for m in found.members] == [True, *[False] * 5]
    ((path, facts),) = found.mails
    assert (path, facts.sender, facts.attachments) == ("", "fgw@example.cn", ())


def test_mails_in_an_archive():
    inner = outlook({0x0037: wide("里/层")}, TWO, header=24)
    data = zipped(
        member("邮件/一.eml", eml(file_part(b"x", "表.xls"))),
        member("二.msg", msg(FACTS, {0x3707: wide("~$锁.xls"), 0x3701: (BINARY, b"")}, inner)),
    )
    found = unpack(data)
    assert [m.path for m in found.members] == ["邮件/一.eml!/表.xls", "二.msg!/里／层!/二.xls"]
    assert found.clutter == ("二.msg!/~$锁.xls",)
    assert [(m.path, m.facts.sender) for m in found.mails] == [
        ("邮件/一.eml", "a@example.cn"), ("二.msg", "fgw@example.cn"), ("二.msg!/里／层", ""),
    ]  # fmt: skip


def test_mails_in_mails_are_levels_too():
    mail = eml(file_part(b"x", "表.xls"))
    for _ in range(3):
        mail = eml(part(mail, b"Content-Type: message/rfc822; name=in.eml", encoded=False),
                   mark=b"m%d" % len(mail))  # fmt: skip
    found = unpack(mail)
    assert [r[:3] for r in found.refused] == [("in.eml!/in.eml!/in.eml", "F08", aw.too_deep(3))]
    assert [m.path for m in found.mails] == ["", "in.eml", "in.eml!/in.eml"]


# --- 7z and rar ------------------------------------------------------------------------------

FILES = {"表.xlsx": b"one", "里层/乗謀.txt": TEXT}
ODD = dict.fromkeys(
    ["-a", "@b", "!c", " d ", "e'f", "g.7z!", "[h]", "i;j=k", "$l", "Wrong password"], b"odd"
)
"""Names that mean something to a program that is told them."""


def _program():
    try:
        return seven_zip.program()
    except Refused:
        return ""


needs_seven_zip = pytest.mark.skipif(not _program(), reason="there is no 7-Zip on this computer")
needs_scripts = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")


@pytest.fixture
def packed(tmp_path):
    def packed(*options, files=FILES, links=()):
        for name, data in files.items():
            (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "in" / name).write_bytes(data)
        for name in links:
            (tmp_path / "in" / name).symlink_to("/etc/passwd")
        run(tmp_path / "in", "a", "../a.7z", ".", *options)
        return (tmp_path / "a.7z").read_bytes()

    def run(folder, *arguments):
        subprocess.run([_program(), *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    packed.run = lambda *arguments: run(tmp_path, *arguments)
    packed.archive = tmp_path / "a.7z"
    return packed


def contents(data, **more):
    return {m.path: m.data for m in unpack(data, **more).members}


@needs_seven_zip
def test_seven_zip(packed):
    data = packed()
    assert kind_of(data) == "7z"
    assert contents(data) == FILES
    assert contents(zipped(member("内.7z", data))) == {f"内.7z!/{k}": v for k, v in FILES.items()}


@needs_seven_zip
def test_seven_zip_and_odd_names(packed):
    assert contents(packed(files=ODD)) == ODD


@needs_seven_zip
def test_seven_zip_with_a_password(packed):
    locked = [(name, "F02", aw.ARCHIVE_LOCKED) for name in FILES]
    data = packed("-psecret")
    assert contents(data, passwords=["wrong", "secret"]) == FILES
    for passwords in ((), ["wrong", ""]):
        assert sorted(refused(data, passwords=passwords)) == locked


@needs_seven_zip
def test_seven_zip_with_a_password_on_its_names(packed):
    data = packed("-p密 码", "-mhe=on")
    assert contents(data, passwords=["wrong", "密 码"]) == FILES
    assert refusal(data) == refusal(data, passwords=["wrong"]) == ("F02", aw.ARCHIVE_LOCKED)


@needs_seven_zip
def test_seven_zip_with_a_link_and_a_name_that_leads_out(packed):
    packed("-snl", links=["link"])
    packed.run("rn", "a.7z", "表.xlsx", "../out.xlsx")
    data = packed.archive.read_bytes()
    assert contents(data) == {"里层/乗謀.txt": TEXT}
    assert sorted(refused(data)) == [
        ("../out.xlsx", "F08", aw.BAD_PATH),
        ("link", "F08", aw.IS_LINK),
    ]


@needs_seven_zip
def test_seven_zip_damaged(packed):
    data = packed("-m0=copy", "-ms=off")
    at = data.index(TEXT) + 9
    broken = data[:at] + b"\0\0\0" + data[at + 3 :]
    assert contents(broken) == {"表.xlsx": b"one"}
    assert refused(broken) == [("里层/乗謀.txt", "F03", aw.MEMBER_DAMAGED)]
    assert refusal(data[:-20]) == ("F03", aw.ARCHIVE_DAMAGED)
    for name in ("包.7z.001", "包.part1.rar", "包.r00"):
        assert refusal(data[:-20], name=name) == ("F03", aw.ARCHIVE_VOLUME)


@needs_seven_zip
def test_seven_zip_has_the_same_limits(packed):
    data = packed()
    assert refusal(data, total=3000) == TOO_LARGE
    assert refusal(data, files=1) == ("F08", aw.too_many_files(1))
    assert refused(data, one=2000) == [("里层/乗謀.txt", *TOO_LARGE)]
    assert refusal(packed(files={"零": ZEROS * 9})) == TOO_LARGE


@needs_seven_zip
def test_nothing_is_left_behind(packed, tmp_path, monkeypatch):
    data = packed()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    assert contents(data) == FILES
    assert refusal(data[:-20])
    assert sorted(tmp_path.rglob("*")) == before


def _reads_rar():
    return _program() and "Rar5" in subprocess.run(
        [_program(), "i"], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip


@pytest.mark.skipif(not _reads_rar(), reason="there is no 7-Zip that reads rar on this computer")
def test_rar():
    data = rar(FILES | {"link": None})
    assert kind_of(data) == "rar5"
    assert contents(data) == FILES
    assert refused(data) == [("link", "F08", aw.IS_LINK)]
    assert contents(rar(FILES)[:-500]) == {"表.xlsx": b"one"}
    assert refused(rar(FILES)[:-500]) == [("里层/乗謀.txt", "F03", aw.MEMBER_DAMAGED)]
    assert refusal(rar({"../out": b"x"} | FILES, volume=True)) == ("F03", aw.ARCHIVE_VOLUME)
    assert refused(rar({"../out": b"x"})) == [("../out", "F08", aw.BAD_PATH)]


def test_without_seven_zip(monkeypatch):
    monkeypatch.setattr(seven_zip, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setenv("PROGRAMFILES", "/nowhere")
    for data in (rar(FILES), b"7z\xbc\xaf\x27\x1c" + bytes(40), b"Rar!\x1a\x07\0"):
        assert refusal(data) == ("F07", aw.NEEDS_SEVEN_ZIP)
        assert refused(zipped(Entry(b"a.rar", data))) == [("a.rar", "F07", aw.NEEDS_SEVEN_ZIP)]
    monkeypatch.setattr(shutil, "which", lambda _: ".\\7z.exe")  # what lies in the current folder
    assert refusal(rar(FILES)) == ("F07", aw.NEEDS_SEVEN_ZIP)


def _stand_in(tmp_path, monkeypatch, script):
    program = tmp_path / "7zz"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(seven_zip, "program", lambda: str(program))


@needs_scripts
@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("exec sleep 60", ("F08", w.FAILURES["time"])),
        ("exec cat /dev/zero", TOO_LARGE),
        ("exec cat /dev/zero > more", TOO_LARGE),
        ("echo 'Unsupported archive type'; exit 2", ("F07", aw.SEVEN_ZIP_CANNOT)),
        ("read line && exec sleep 60", ("F03", aw.ARCHIVE_DAMAGED)),  # it gets no input
        ("exit 139", ("F03", aw.ARCHIVE_DAMAGED)),
    ],
)
def test_a_seven_zip_that_goes_wrong(tmp_path, monkeypatch, script, verdict):
    _stand_in(tmp_path, monkeypatch, script)
    monkeypatch.setattr(seven_zip, "_SECONDS", 1)
    assert refusal(rar(FILES), total=1 << 20) == verdict


@needs_scripts
@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("ERROR: Can't allocate required memory : 1", ("F08", w.FAILURES["memory"])),
        ("ERROR: Unsupported Method : 1", ("F07", aw.SEVEN_ZIP_CANNOT)),
        ("ERROR: CRC Failed : 1", ("F03", aw.MEMBER_DAMAGED)),
        ("Everything is Ok", ("F03", aw.MEMBER_DAMAGED)),  # and yet it is not there
    ],
)
def test_what_seven_zip_complains_of(tmp_path, monkeypatch, said, verdict):
    listing = (
        "\\n----------\\nPath = 1\\nSize = 1\\n\\nPath = 二\\nSize = x\\n\\nPath = 二\\nSize = 1\\n"
    )
    _stand_in(tmp_path, monkeypatch, f"""[ $1 = l ] && printf '{listing}' || echo "{said}" """)
    assert refused(rar(FILES))[:2] == [("1", *verdict), ("二", "F03", aw.TWO_OF_A_NAME)]


# --- mutants ---------------------------------------------------------------------------------

SPECIMENS = {
    "zip": zipped(
        member("甲.txt", TEXT), _GBK, Entry(b"a", extra=unicode_path(b"a", "乙")),
        Entry(b"b", b"x", password=b"secret"), Entry(b"c", TEXT, method=0), Entry(b"d", mode=LINK),
        member("内.zip", zipped(member("丙.txt", TEXT), b"\xff")), member("表.xlsx", XLSX),
    ),
    "eml": eml(file_part(PLAIN, "包.zip"), file_part(b"x", "表.xls"), text_part("正文")),
    "msg": msg(FACTS, TWO, {0x3707: wide("包.zip"), 0x3701: (BINARY, PLAIN)}),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPECIMENS)
def test_a_damaged_container_is_opened_or_refused(kind):
    chance, whole = random.Random(20191025), SPECIMENS[kind]
    opened, verdicts, many = 0, set(), examples(300)
    for _ in range(many):
        try:
            found = unpack(mutant(whole, chance), passwords=["secret"])
        except Refused as verdict:
            verdicts.add(verdict.rule)
            continue
        opened += 1
        verdicts |= {one.rule for one in found.refused}
        names = [one.path.casefold() for one in found.members]
        assert len(names) == len(set(names))
    assert opened > many / 5
    assert verdicts <= {"F02", "F03", "F07", "F08"}


def test_archives_of_the_standard_library(tmp_path):
    """The writer above is not the only one that is read."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(NAME, "data")
        pack.writestr("big", struct.pack("<I", 7) * 99)
    assert contents(Path(path).read_bytes()) == {NAME: b"data", "big": struct.pack("<I", 7) * 99}
