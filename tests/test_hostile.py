"""Everything hostile and odd at once, with three genuine forms among it, in one real collect."""

import functools
import gzip
import http.server
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import threading
import zipfile

import pytest
import test_legacy
import test_reader
import zoo
from archives import LINK, Entry, zipped
from samples import NOW
from test_encrypted import locked
from test_flow import NOTICE
from test_reader import (
    LINKS,
    PARTS,
    REL,
    SHEET,
    STRINGS,
    STYLES,
    WORKBOOK,
    links,
    packed,
    patched,
    sheet,
    strings,
    styles,
    twice,
    workbook,
)
from zoo import DAMAGED, GOOD, OPENED, OURS_NOT

from pdsfz_xl import campaign, form, rules
from pdsfz_xl import master as master_stage
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.workspace import Workspace

pytest.importorskip("resource", reason="Windows does not say how much memory was taken")

LOCKED, NO_TABLE, OTHER, IGNORED = "rejected F02", "rejected F01", "rejected F07", "ignored"
MEMORY = 400
"""MiB for the run and the largest of its children together."""

TWO = (("甲", "rId1", ""), ("乙", "rId9", ""))
SECOND = PARTS[LINKS].replace(
    "</Rel", f'<Relationship Id="rId9" Type="{REL}/{{}}" Target="{{}}"/></Rel'
)


def cells(*xml):
    return packed({SHEET: sheet(f"<row>{''.join(xml)}</row>")})


def said(*texts, encoding="utf-8"):
    """Shared strings and a cell for each."""
    items = strings(*(f'<t xml:space="preserve">{text}</t>' for text in texts))
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    row = "".join(f'<c t="s"><v>{n}</v></c>' for n in range(len(texts)))
    return packed({STRINGS: (head + items).encode(encoding), SHEET: sheet(f"<row>{row}</row>")})


def second(kind, target, text=None):
    """Two sheets, of which the second is something else or nothing."""
    parts = {WORKBOOK: workbook(*TWO), LINKS: SECOND.format(kind, target)}
    return packed(parts | ({f"xl/{target}": text} if text else {}))


def errors():
    names = ("#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#GETTING_DATA")
    return cells(*(f'<c t="e"><v>{name}</v></c>' for name in (*names, "#SPILL!")))


def dates(before=""):
    row = "".join(f'<c s="{n}"><v>45292.5</v></c>' for n in range(8))
    return packed({
        STYLES: styles(14, 22, '[$-804]yyyy"年"m"月"d"日"', 31, 46, 57, '0.00"万元"'),
        SHEET: sheet(f'<row>{row}<c s="1"><v>-1</v></c><c s="1"><v>2958466</v></c></row>'),
        WORKBOOK: workbook(("表", "rId1", ""), before=before),
    })  # fmt: skip


def flagged(data):
    """Every entry says that it is encrypted."""
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        for found in re.finditer(re.escape(mark), data):
            data = patched(data, found.start() + at, b"\1\0")
    return data


CENTRE = len(GOOD) // 2
PLAIN = packed({"x.bin": random.Random(2019).randbytes(9_000)})
"""What is smaller than a sector of a compound file no library encrypts as it should."""

ODD = {
    "good.xlsx": (OURS_NOT, GOOD),
    # values
    "formulas without values.xlsx": (
        OURS_NOT, cells("<c><f>A1+1</f></c><c><f>A1</f><v></v></c>", '<c t="str"><f>"x"</f></c>')),
    "errors.xlsx": (OURS_NOT, errors()),
    "rich and phonetic.xlsx": (OURS_NOT, packed({STRINGS: strings(
        "<r><t>单位</t></r><r><t> 名称</t></r>", "<t>東京</t><rPh><t>トウキョウ</t></rPh>")})),
    "dates.xlsx": (OURS_NOT, dates()),
    "dates of a Mac.xlsx": (OURS_NOT, dates('<workbookPr date1904="1"/>')),
    "escapes.xlsx": (OURS_NOT, said("一_x000D_\n二", "_x005F_x000D_", "_x4E2D_", "_xD83D__xDE00_",
                                    "_x0000__x0001_", "a&#13;&#10;b")),
    "odd characters.xlsx": (OURS_NOT, said(
        "𠮷野家😀👨‍👩‍👧𰻝", "\u3000全角\u3000", "\u00a0a\u00a0", "零\u200b宽\ufeff",
        "\u202e倒序\u202c", "e\u0301", "\ue000")),
    "what begins a formula.xlsx": (OURS_NOT, said("=cmd|'/C calc'!A0", "+1+1", "@SUM(1)", "-2+3",
                                                  "\t=1+1", '=HYPERLINK("http://127.0.0.1/")')),
    "long numbers.xlsx": (OURS_NOT, cells(*(f"<c><v>{n}</v></c>" for n in (
        "110101199003071234", "1.10101199003071E+17", "1e308", "-0", "1E-320")))),
    "no numbers.xlsx": (OURS_NOT, cells(*(f"<c><v>{n}</v></c>" for n in (
        "abc", "1,234", " 5 ", "NaN", "INF")))),
    "true.xlsx": (OURS_NOT, cells(*(f'<c t="b"><v>{n}</v></c>' for n in ("1", "0", "FALSE", "2")))),
    "blank texts.xlsx": (OURS_NOT, cells('<c t="s"/><c t="inlineStr"/><c><v/></c>')),
    "40000 characters.xlsx": (OURS_NOT, said("长" * 40_000)),
    # cells and sheets
    "no references.xlsx": (OURS_NOT, cells("<c><v>1</v></c>", "<c><v>2</v></c>")),
    "rows out of order.xlsx": (OURS_NOT, packed({SHEET: sheet(
        '<row r="2"><c r="A2"><v>2</v></c></row><row r="1"><c r="B1"><v>1</v></c></row>'
        '<row r="3"><c r="A3"><v>1</v></c><c r="A3"><v>9</v></c></row>')})),
    "lower case.xlsx": (OURS_NOT, cells('<c r="a1"><v>1</v></c><c r="$B$1"><v>2</v></c>')),
    "no such string.xlsx": (OURS_NOT, cells('<c t="s"><v>99</v></c>')),
    "no strings.xlsx": (OURS_NOT, packed(drop=(STRINGS,))),
    "no styles.xlsx": (OURS_NOT, packed(drop=(STYLES,))),
    "no such style.xlsx": (OURS_NOT, cells('<c s="77"><v>1</v></c><c s="-1"><v>1</v></c>')),
    "under a merge.xlsx": (OURS_NOT, packed({SHEET: PARTS[SHEET].replace(
        "</worksheet>", '<mergeCells><mergeCell ref="A1:C3"/></mergeCells></worksheet>')})),
    "hidden rows.xlsx": (
        OURS_NOT, packed({SHEET: PARTS[SHEET].replace("<row ", '<row hidden="1" ')})),
    "no cells.xlsx": (OURS_NOT, packed({SHEET: sheet("")})),
    "no sheets.xlsx": (OURS_NOT, packed({WORKBOOK: workbook()})),
    "a hidden sheet.xlsx": (
        OURS_NOT, packed({WORKBOOK: workbook(("_pdsfz", "rId1", "veryHidden"))})),
    "an odd state.xlsx": (OURS_NOT, packed({WORKBOOK: workbook(("表", "rId1", "show"))})),
    "an odd name.xlsx": (
        OURS_NOT, packed({WORKBOOK: workbook(("表 &amp;&lt;😀\u3000&#9;", "rId1", ""))})),
    "two of one name.xlsx": (
        OURS_NOT, packed({WORKBOOK: workbook(("表", "rId1", ""), ("表", "rId1", ""))})),
    "a sheet without a link.xlsx": (OURS_NOT, packed({WORKBOOK: workbook(*TWO)})),
    "a sheet without a part.xlsx": (OURS_NOT, second("worksheet", "nope.xml")),
    "a macro sheet.xlsm": (OURS_NOT, second("xlMacrosheet", "m.xml", "<macrosheet/>")),
    "a chart sheet.xlsx": (OURS_NOT, second("chartsheet", "c.xml", "<chartsheet/>")),
    # parts and XML
    "absolute targets.xlsx": (OURS_NOT, packed({
        LINKS: PARTS[LINKS].replace('Target="', 'Target="/xl/'),
        "_rels/.rels": links(a=("officeDocument", "/" + WORKBOOK))})),
    "backslashes.xlsx": (OURS_NOT, packed(rename=lambda name: name.replace("/", "\\"))),
    "upper case.xlsx": (OURS_NOT, packed(rename=str.upper)),
    "leading slashes.xlsx": (OURS_NOT, packed(rename=lambda name: "/" + name)),
    "elsewhere.xlsx": (OURS_NOT, packed({
        "_rels/.rels": links(a=("officeDocument", "foo/bar.xml")), "foo/bar.xml": PARTS[WORKBOOK],
        "foo/_rels/bar.xml.rels": PARTS[LINKS].replace('Target="', 'Target="../xl/')},
        drop=(WORKBOOK, LINKS))),
    "a prefix.xlsx": (OURS_NOT, packed({
        SHEET: re.sub(r"<(/?)(\w)", r"<\1x:\2", PARTS[SHEET]).replace("xmlns", "xmlns:x")})),
    "strict.xlsx": (OURS_NOT, test_legacy.strict(GOOD)),
    "alternatives.xlsx": (OURS_NOT, cells(
        "<AlternateContent><Choice><c><v>1</v></c></Choice><Fallback><c><v>2</v></c></Fallback>"
        "</AlternateContent>")),
    "comments.xlsx": (
        OURS_NOT, packed({STRINGS: strings("<t><![CDATA[甲]]><!-- x --><?y z?>乙</t>")})),
    "utf-16.xlsx": (OURS_NOT, said("单位名称", encoding="utf-16")),
    "gbk.xlsx": (DAMAGED, said("单位名称", encoding="gbk")),
    "gb18030.xlsx": (DAMAGED, said("单位名称", encoding="gb18030")),
    "marked.xlsx": (OURS_NOT, packed({name: "\ufeff" + text for name, text in PARTS.items()})),
    "not utf-8.xlsx": (DAMAGED, packed({STRINGS: strings("<t>中</t>").encode("gbk")})),
    "control characters.xlsx": (DAMAGED, packed({STRINGS: strings("<t>a\x01\x0bb</t>")})),
    # the zip
    "stored.xlsx": (OURS_NOT, packed(compression=zipfile.ZIP_STORED)),
    "bzip2.xlsx": (OURS_NOT, packed(compression=zipfile.ZIP_BZIP2)),
    "lzma.xlsx": (OURS_NOT, packed(compression=zipfile.ZIP_LZMA)),
    "junk before.xlsx": (OURS_NOT, b"MZ" + bytes(510) + GOOD),
    "junk behind.xlsx": (OURS_NOT, GOOD + b"\r\n--boundary--\r\n" + bytes(300)),
    "a long comment.xlsx": (OURS_NOT, GOOD[:-2] + b"\xff\xff" + b"c" * 65_535),
    "half.xlsx": (DAMAGED, GOOD[:CENTRE]),
    "nine tenths.xlsx": (DAMAGED, GOOD[: len(GOOD) * 9 // 10]),
    "all but a byte.xlsx": (DAMAGED, GOOD[:-1]),
    "zeros behind.xlsx": (DAMAGED, GOOD[:CENTRE] + bytes(len(GOOD) - CENTRE)),
    "only zeros.xlsx": (DAMAGED, bytes(20_480)),
    "a wrong bit.xlsx": (DAMAGED, patched(GOOD, GOOD.index(SHEET.encode()) + 60, b"\xff")),
    "wrong checksum.xlsx": (DAMAGED, test_reader.wrong_checksum()),
    "two sheets of a name.xlsx": (DAMAGED, twice(SHEET + "1", SHEET + "1")),
    "but for case.xlsx": (DAMAGED, twice("xl/a.xml", "XL\\A.XML")),
    "names that lead out.xlsx": (OURS_NOT, packed(dict.fromkeys(
        ("../../../../tmp/evil.txt", "/abs/evil.txt", "C:\\evil.txt"), "x"))),
    "two names for one.xlsx": (DAMAGED, test_reader.renamed(SHEET.replace("1", "2"))),
    "flagged as encrypted.xlsx": (LOCKED, flagged(GOOD)),
    # passwords and old formats
    "a password.xlsx": (LOCKED, locked("123456", PLAIN)),
    "read-only.xlsx": (OURS_NOT, locked("VelvetSweatshop", PLAIN)),
    "old.xls": (OURS_NOT, test_legacy.workbook(test_legacy.label(0, 0, "𠮷😀\u3000"))),
}  # fmt: skip

COPIES = [GOOD + bytes(n) for n in range(1, 13)]
"""Of the same bytes only one file would get a verdict of its own."""
OLD, PAGE = ODD["old.xls"][1], "<html xmlns:x='urn:x'><table><tr><td>单位</td></tr></table></html>"
OWNER = b"\x06admin " + b" " * 48 + "管理员".encode("utf-16-le") + bytes(90)
WRONG = {
    # the name says otherwise
    **{f"workbook.{suffix}": (OURS_NOT, GOOD + suffix.encode()) for suffix in (
        "xls", "et", "csv", "zip", "ods", "xlsb", "XLSX")},
    "workbook": (OURS_NOT, GOOD + b"1"),
    "workbook.xlsx.tmp": (IGNORED, GOOD + b"2"),
    "workbook.XLSX.download": (IGNORED, GOOD + b"3"),
    "old.xlsx": (OURS_NOT, OLD + b"\0"),
    "old.et": (OURS_NOT, OLD + b"\0\0"),
    "page.xls": (OURS_NOT, PAGE.encode("gbk")),
    "page.xlsx": (OURS_NOT, PAGE.encode()),
    "table.xls": (OTHER, "单位名称,人数\r\n第一街道,42\r\n".encode("gbk")),
    "table.xlsx": (OTHER, "\ufeff单位名称,人数\r\n第一街道,42\r\n".encode()),
    "tabs.xls": (OTHER, "单位名称\t人数\r\n".encode("utf-16")),
    "2003.xls": (OURS_NOT, b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:'
                 b'office:spreadsheet"><Worksheet><Table><Row><Cell><Data>x</Data></Cell></Row>'
                 b"</Table></Worksheet></Workbook>"),
    "mht.xls": (NO_TABLE, b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: "
                b'multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
                b"<html/>\r\n--b--"),
    "login.xlsx": (NO_TABLE, "<!DOCTYPE html><title>统一身份认证</title>请登录".encode()),
    # nothing, and what programs leave behind
    "empty.xlsx": (NO_TABLE, b""),
    "one byte.xlsx": (NO_TABLE, b"P"),
    "a zip's beginning.xlsx": (DAMAGED, b"PK\3\4"),
    "a zip's end.xlsx": (OPENED, b"PK\5\6" + bytes(18)),
    **{name: (IGNORED, OWNER + name.encode()) for name in (
        "~$报表.xlsx", ".~报表.xlsx", ".~lock.报表.ods#", "._报表.xlsx", "Thumbs.db", "desktop.ini",
        ".DS_Store")},
    # something else
    "shortcut.xlsx.lnk": (NO_TABLE, b"L\0\0\0\1\x14\2\0" + bytes(60)),
    "shortcut.url": (NO_TABLE, b"[InternetShortcut]\r\nURL=https://example.cn/l/x\r\n"),
    "photo.xlsx": (NO_TABLE, b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(2_000)),
    "heic.xlsx": (NO_TABLE, b"\0\0\0\x18ftypheic" + bytes(200)),
    "png.xls": (NO_TABLE, b"\x89PNG\r\n\x1a\n" + bytes(200)),
    "scan.xls": (NO_TABLE, b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + b"x" * 500),
    "rtf.xls": (NO_TABLE, b"{\\rtf1\\ansi x}"),
    "mail.xlsx": (OPENED, b"Return-Path: <a@b>\r\nReceived: from x\r\nSubject: x\r\n\r\nbody"),
    "program.xlsx": (NO_TABLE, b"MZ\x90\0" + bytes(500)),
    "gzip.xlsx": (OTHER, gzip.compress(GOOD, mtime=0)),
    "letter.xlsx": (NO_TABLE, test_reader.archive(**test_reader.WORD)),
    "slides.xlsx": (NO_TABLE, test_reader.archive(
        **{"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<p/>"})),
    # archives
    "utf-8.zip": (OPENED, zipped(Entry("报表/第一街道.xlsx".encode(), COPIES[0], 0x800), b"x.txt")),
    "utf-8, unsaid.zip": (OPENED, zipped(Entry("报表/第一街道.xlsx".encode(), COPIES[1]))),
    "gbk.zip": (OPENED, zipped(*(
        Entry(f"报表/第{n}街道.xlsx".encode("gbk"), COPIES[n]) for n in (2, 3)))),
    "big5.zip": (OPENED, zipped(Entry("報表/第一街道.xlsx".encode("big5"), COPIES[4]))),
    "leads out.zip": (OPENED, zipped(*(Entry(name, GOOD) for name in (
        b"../../evil.xlsx", b"/abs/evil.xlsx", b"C:\\evil.xlsx", b"..\\..\\evil.xlsx")))),
    "two of a name.zip": (OPENED, zipped(*(Entry(b"a.xlsx", COPIES[n]) for n in (5, 6)))),
    "a link.zip": (OPENED, zipped(Entry(b"link.xlsx", b"/etc/passwd", mode=LINK))),
}  # fmt: skip


class Listener(http.server.BaseHTTPRequestHandler):
    """Notes whatever anybody asks for."""

    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self.asked.append(self.path)
        self.send_error(404)


@pytest.fixture(scope="module")
def url():
    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/x"
    server.shutdown()
    server.server_close()


GENUINE = ("市审计局", "市司法局", "市政府办公室")
SCRIPT = f"""
import json, resource, sys
from datetime import datetime
from pathlib import Path
from pdsfz_xl import campaign
from pdsfz_xl.workspace import Workspace

done = campaign.collect(Workspace(Path(sys.argv[1])), datetime.fromisoformat("{NOW}"))
whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
took = [resource.getrusage(who).ru_maxrss for who in whose]
print(json.dumps({{**done.more, "memory": took}}))
"""


SMALL = [sys.executable, "-c", "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"]
"""Starts the run: Linux counts what a process took before it became another program, and we are
large by now."""


@pytest.fixture(scope="module")
def animals(url):
    """Verdict and content of every file by name."""
    tables = (zoo.LARGE, zoo.EXPLOSIVE, zoo.curious(url), ODD, WRONG)
    found = dict(functools.reduce(lambda one, other: one | other, tables))
    assert len(found) == sum(map(len, tables)), "two of a name"
    return found


@pytest.fixture(scope="module")
def wrote():
    """What the three bureaus answered, by unit and requirement."""
    return {}


@pytest.fixture(scope="module")
def collected(tmp_path_factory, animals, wrote):
    """What one collect in a process of its own says of them all."""
    ws = Workspace(tmp_path_factory.mktemp("zoo"))
    campaign.init(ws, NOTICE, NOW)
    campaign.generate(ws, NOW)
    ws.dropzone.mkdir(parents=True, exist_ok=True)
    large = multiprocessing.get_context("spawn").Process(
        target=zoo.write_large, args=(ws.dropzone,)
    )
    large.start()
    for name in animals.keys() - zoo.LARGE.keys():
        made = animals[name][1]
        (ws.dropzone / name).write_bytes(made() if callable(made) else made)
    large.join()
    assert large.exitcode == 0
    plan = master_stage.read(ws.master)
    for unit in (u for u in plan.units if u.name in GENUINE):
        filled = {
            r.key: Filled("已填报", f"{unit.name} {r.key} 办了 3 件。", 3)
            for r in plan.due(unit.code)
        }
        wrote.update({(unit.name, key): one.text for key, one in filled.items()})
        (ws.dropzone / f"{unit.name}.xlsx").write_bytes(form.build(plan, unit, filled))
    for path in ws.dropzone.iterdir():
        os.utime(path, (1, 1))
    command = [*SMALL, sys.executable, "-c", SCRIPT, str(ws.root)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=600,
                          env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def files(collected):
    return {f["path"].removeprefix("out/2-收件/"): f for f in collected["files"]}


def test_every_file_gets_the_verdict_it_should(collected, animals):
    found = files(collected)
    verdicts = {name: " ".join(filter(None, (found[name]["verdict"], found[name]["rule"])))
                for name in animals}  # fmt: skip
    assert verdicts == {name: verdict for name, (verdict, _) in animals.items()}


def test_every_file_gets_a_sentence(collected):
    for path, file in files(collected).items():
        assert file["message"], path
        assert "{" not in file["message"], path
        if file["verdict"] == "rejected":
            assert file["rule"] in rules.RULES, path


def test_no_file_took_too_long_or_ended_its_reader(collected):
    """The engine ends whatever takes 30 seconds or a gigabyte; nothing had to be ended."""
    failed = {path: f["message"] for path, f in files(collected).items()
              if any(why in f["message"] for why in w.FAILURES.values())}  # fmt: skip
    assert failed == {}


def test_none_of_them_is_attributed_to_a_unit(collected):
    units = {path: f["unit"] for path, f in files(collected).items() if f["unit"]}
    assert units == {f"{unit}.xlsx": unit for unit in GENUINE}


def test_every_genuine_answer_is_there(collected, wrote):
    read = {(a["unit"], a["requirement"]): a["text"] for a in collected["answers"] if a["text"]}
    assert read == wrote
    assert {unit for unit, _ in read} == set(GENUINE)


def test_nothing_was_fetched(collected):
    assert collected
    assert Listener.asked == []
    assert "root:" not in json.dumps(collected)


def test_the_run_is_small(collected):
    unit = 1 if sys.platform == "darwin" else 1 << 10
    own, child = (taken * unit >> 20 for taken in collected["memory"])
    assert own + child <= MEMORY, f"{own} MiB in the parent, {child} MiB in a child"
