"""A web page with a form in it reads as the form, whoever wrote it, and none does any harm."""

import email.message
import html
import random

import damage
import nasty
import pytest
from client import convert, needs_office
from effort import growth

from pdsfz_xl.reader import Cell, read

NASTY = nasty.TEXTS


def texts(sheet):
    return {at: cell.text for at, cell in sheet.cells.items()}


# --- a filled form -------------------------------------------------------------------------

NORMAL = [said.strip() for said in NASTY]


@needs_office
def test_every_answer_libreoffice_saves_comes_back(tmp_path):
    (tmp_path / "form.xlsx").write_bytes(nasty.filled(NASTY))
    assert nasty.answers(convert(tmp_path / "form.xlsx", ".html"), NASTY) == NORMAL


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_answer_a_web_system_exports_comes_back(tmp_path, encoding):
    """Called .xls, with the table alone, and breaks as elements."""
    (tmp_path / "form.xlsx").write_bytes(nasty.filled(NASTY))
    cells = {at: c.text for at, c in read(tmp_path / "form.xlsx").sheets[0].cells.items()}
    height, width = (max(at[i] for at in cells) + 1 for i in (0, 1))
    rows = "".join(
        "<tr>" + "".join(f"<td>{markup(cells.get((r, c), ''))}</td>" for c in range(width))
        for r in range(height)
    )
    (tmp_path / "回复.xls").write_bytes(f"<table>{rows}</table>".encode(encoding))
    assert nasty.answers(tmp_path / "回复.xls", NASTY) == NORMAL


def markup(said):
    return html.escape(said).replace("\n", "<br>") or "&nbsp;"


# --- made by hand --------------------------------------------------------------------------

CONTENTS = [
    # what it is, what the cell holds, its text
    ("text", "甲", "甲"),
    ("entities", "&lt;&#20057;&#x4E59;&amp;&quot;&copy", '<乙乙&"©'),
    ("breaks", "甲<br>乙<BR/><br>丙", "甲\n乙\n\n丙"),
    ("breaks at both ends", "<br>甲<br><br>", "\n甲\n"),
    ("paragraphs", "<p>甲</p><p>乙</p>", "甲\n乙"),
    ("paragraphs without an end", "<p>甲<p>乙", "甲\n乙"),
    ("blocks", "甲<div>乙</div>丙<ul><li>丁<li>戊</ul>", "甲\n乙\n丙\n丁\n戊"),
    ("spans", "甲<b> 乙</b><font color=red>丙</font>", "甲 乙丙"),
    ("indented", "\n\t  甲\n\t  乙\r\n ", "甲 乙"),
    ("blanks", "a  b", "a  b"),
    ("fixed blanks", "甲&nbsp;&nbsp;乙", "甲\u00a0\u00a0乙"),
    ("a script and a style", "甲<script>if (1<2) x='</td>'</script><style>td{}</style>乙", "甲乙"),
    ("a comment of the page", "甲<!-- <td> -->乙<![if !x]>丙<![endif]><![foo[]]>", "甲乙丙"),
    ("signs in attributes", "<a title='>' href=\"<td>\" x=a'>甲</a>乙", "甲乙"),
    ("what is never closed", "甲<!-- 乙<a href='x>丙", "甲<!-- 乙丙"),
    ("a script that never ends", "甲<SCRIPT>1<STYLE>2", "甲12"),
    ("a table in it", "甲<table><tr><td>一<td>二<tr><td>三</table>乙", "甲\n一\n二\n三\n乙"),
    ("a number", "<span x:num>1,286.50</span>", "1,286.50"),
    ("a stray end", "甲</div></table2></p>乙", "甲\n乙"),
    ("an open comparison", "a < b", "a < b"),
]


@pytest.mark.parametrize(("inside", "text"), [c[1:] for c in CONTENTS],
                         ids=[c[0] for c in CONTENTS])  # fmt: skip
def test_what_a_cell_says(load, inside, text):
    book = load(f"<html><body><table><tr><td>{inside}</td><td>旁</td></tr></table></body></html>")
    assert texts(book.sheets[0]) == {(0, 0): text, (0, 1): "旁"}
    assert book.sheets[0].cells[0, 0] == Cell("text", text, text)
    assert len(book.sheets) == 1


@pytest.mark.parametrize("inside", ["", " \n", "<br>", "&nbsp;", "<p>&nbsp;</p>", "<b></b>"])
def test_an_empty_cell_is_not_there(load, inside):
    assert load(f"<table><tr><td>{inside}</table>").sheets[0].cells == {}


def test_cells_keep_their_places_beside_wide_and_high_ones(load):
    page = """<TABLE>
        <tr><th colspan=3>题</th></tr>
        <tr><td rowspan="2">一</td><td>甲</td><td>乙</td></tr>
        <tr><td>丙</td><td rowspan=9 colspan=0>丁</td></tr>
        <tr><td colspan="二">戊<td>己<td>庚
        </TABLE>"""
    sheet = load(page).sheets[0]
    assert texts(sheet) == {
        (0, 0): "题", (1, 0): "一", (1, 1): "甲", (1, 2): "乙", (2, 1): "丙", (2, 2): "丁",
        (3, 0): "戊", (3, 1): "己", (3, 3): "庚",
    }  # fmt: skip
    assert sheet.merges == ((0, 0, 0, 2), (1, 0, 2, 0), (2, 2, 10, 2))


def test_every_table_is_a_sheet_and_the_rest_one_more(load):
    page = """<html><head><title>不</title><style>td {}</style></head><body><p>前</p>
        <table><caption>题</caption><tr><td>一</table><p></p>中<table><tr><td>二</table></body>"""
    assert [(sheet.name, sheet.visible, texts(sheet)) for sheet in load(page).sheets] == [
        ("表格1", True, {(0, 0): "一"}),
        ("表格2", True, {(0, 0): "二"}),
        ("正文", True, {(0, 0): "前", (1, 0): "题", (2, 0): "中"}),
    ]


def test_the_name_that_excel_gives(load):
    page = (
        "<html xmlns:x='urn:x'><head><!--[if gte mso 9]><xml><x:ExcelWorksheet>"
        "<x:Name>填报&amp;表</x:Name></x:ExcelWorksheet></xml><![endif]--></head>"
        "<body><table><tr><td>一</table>尾</body></html>"
    )
    assert [sheet.name for sheet in load(page).sheets] == ["填报&表", "正文"]


def test_comments_of_libreoffice(load):
    page = "<table><tr><td><a></a><comment>请核对<br>数字</comment>甲</td><td>乙<comment>开</table>"
    sheet = load(page + "<comment>外</comment></comment>").sheets[0]
    assert texts(sheet) == {(0, 0): "甲", (0, 1): "乙"}
    assert sheet.comments == {(0, 0): "请核对\n数字", (0, 1): "开"}


def test_a_table_far_behind_a_long_style(load):
    page = f"<html><head><style>{'td {color: red} ' * 2_000}</style></head><table><tr><td>甲"
    assert texts(load(page).sheets[0]) == {(0, 0): "甲"}


PAGE = "<html><head><meta {}></head><table><tr><td>单位：龘</table></html>"
HTTP = 'http-equiv=Content-Type content="text/html; charset={}"'


@pytest.mark.parametrize(
    ("said", "encoding"),
    [
        ("charset=utf-8", "utf-8"),
        ("charset='gb2312'", "gb18030"),
        (HTTP.format("GBK"), "gbk"),
        (HTTP.format("big5"), "big5"),
        (HTTP.format("unicode"), "utf-16"),
        (HTTP.format("gb2312"), "utf-8"),  # which is not true
        (HTTP.format("utf-8"), "gbk"),
        ("charset=klingon", "utf-8"),
        ("charset=rot13", "gbk"),
        ("name=x", "utf-8-sig"),
    ],
)
def test_in_the_characters_it_has(load, said, encoding):
    page = PAGE.format(said)
    if encoding == "big5":
        page = page.replace("单位", "單位")
    found = texts(load(page.encode(encoding)).sheets[0])[0, 0]
    assert found in ("单位：龘", "單位：龘")


def test_a_page_without_a_table_is_named(refusal):
    assert refusal("<!DOCTYPE html><html><body>请登录</body></html>") == ("F01", "网页")


# --- a page in a mail ----------------------------------------------------------------------


def mht(*pages, kind="text/html"):
    whole = email.message.EmailMessage()
    whole["MIME-Version"] = "1.0"
    whole["X-Document-Type"] = "Workbook"
    whole.make_related()
    for page in pages:
        subtype = kind.partition("/")[2]
        whole.add_related(page.encode("gb18030"), "text", subtype, cte="base64")
    return whole.as_bytes()


def test_a_page_with_several_sheets_in_one_file(load):
    names = "".join(f"<x:Name>{name}</x:Name>" for name in ("填报表", "佐证材料"))
    book = load(mht(
        f"<html><head><!--[if mso]>{names}<![endif]--></head><frameset></frameset></html>",
        PAGE.format("charset=gb2312"), "<table><tr><td>二</table>",
    ))  # fmt: skip
    assert [(sheet.name, texts(sheet)) for sheet in book.sheets] == [
        ("填报表", {(0, 0): "单位：龘"}),
        ("佐证材料", {(0, 0): "二"}),
    ]


def test_a_mail_without_a_page_is_named(refusal):
    assert refusal(mht("单位,人数", kind="text/plain")) == ("F01", "网页")


def test_a_mail_that_somebody_sent_stays_a_mail(refusal):
    """What is attached to it is not in its page."""
    data = mht("<table><tr><td>一</table>").replace(b"X-Document-Type: Workbook", b"From: a@b.cn")
    assert refusal(data)[0] == "F07"


# --- what bites ----------------------------------------------------------------------------

TEN = "<table>" + "<tr><td>甲甲" * 10
BOMBS = [
    (f"<table><tr>{'<td colspan=1000>甲' * 17}", {}, "F03"),
    ("<table><tr>" + "<td colspan=999999999 rowspan=999999999>甲" * 9_999, {}, "F03"),
    ("<table>" + "<tr><td rowspan=99999 colspan=1000>甲" * 16 + "<tr><td>乙" * 9_999, {}, "F08"),
    (TEN, {"cells": 9}, "F08"),
    (TEN, {"elements": 9}, "F08"),
    (TEN, {"text": 9}, "F08"),
    (TEN, {"one_text": 1}, "F08"),
    (TEN, {"file": 9}, "F08"),
    (TEN.replace("</tr>", "") + "</table>" + TEN * 9, {"sheets": 1}, "F08"),
    (TEN + "</table>" + "<br>" * 99, {"elements": 99}, "F08"),
    (b"<html><table><tr><td>\xff\xff\xff", {}, "F03"),
    ("<table><tr><td>甲".encode("utf-16")[:-1], {}, "F03"),
    ("<table><tr><td>&#" + "9" * 5_000, {}, "F03"),
]


@pytest.mark.parametrize(("data", "limits", "rule"), BOMBS)
def test_what_bites_is_refused(refusal, data, limits, rule):
    assert refusal(data, **limits)[0] == rule


@pytest.mark.parametrize("piece", ["<table>", "<tr>", "<td>", "<p>", "<comment>", "<td><table>"])
def test_no_end_of_it_is_deep(load, piece):
    """There is no recursion over what is not closed."""
    assert load("<table><tr><td>甲" + piece * 9_999).sheets[0].cells[0, 0].text == "甲"


@pytest.mark.parametrize("piece", ["<a ", "<a href='", "<!--", "</", "<![", "<script>", "<a b=\"'"])
def test_what_is_never_closed_is_looked_at_once(load, piece):
    """Ten times the page takes ten times the time, not a hundred times."""
    assert growth(lambda many: lambda: load("<table><tr><td>甲" + piece * many), 10_000) < 40


def test_no_mutant_does_worse_than_be_refused(load):
    data = ("<html><meta charset=utf-8><p>前<table>" + "".join(
        f"<tr><td colspan=2>{made}<td rowspan=2><comment>注</comment>{made}</tr>"
        for _, made, _ in CONTENTS
    ) + "</table></html>").encode()  # fmt: skip
    names = (b"td", b"tr", b"table", b"p", b"comment", b"script", b"style", b"br")
    chance, large = random.Random(1999), (b"=2", b"=9999")
    outcomes = damage.outcomes(
        load, lambda: damage.markup(data, chance, *names, numbers=large), 300
    )
    assert "read" in outcomes
    assert outcomes <= {"read", "F01", "F03", "F08"}
