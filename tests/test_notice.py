"""Reading a notice: where cells begin and end, whatever it was saved as."""

import pytest
from notices import CAPTIONS, LETTER, REAL, real_letter, real_rows, row, stacked, tabbed, word
from notices import workbook as excel_workbook

from pdsfz_xl import notice
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError

ROWS = [row(1, "（1）甲材料；\n（2）乙材料"), row(2, "", ""), row(3, "丙材料", "市公安局")]


def read(tmp_path, text: str, encoding: str = "utf-8", name: str = "通知.txt"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return notice.read(path)


def plain(found: notice.Notice) -> list[dict[str, str]]:
    return [{caption: cell.text for caption, cell in cells.items()} for cells in found.rows]


def test_the_real_notice_has_29_rows_and_ends_with_its_contact():
    found = notice.read(REAL)
    assert len(found.rows) == 29
    assert [cells[w.NUMBER].text for cells in found.rows] == [f"（{n}）" for n in range(1, 30)]
    assert found.rows[1][w.LEVEL1].state == "blank"
    assert found.rows[18][w.MATERIAL] == ("", "blank")
    assert found.rows[2][w.METHOD].text == "网络检索\n材料查证\n随机访谈"
    assert found.rows[28][w.MATERIAL].text.endswith("情况说明。")
    assert any("张晓培" in line for line in found.letter)
    assert found.after == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("shape", [stacked, tabbed])
def test_a_text_is_read_in_any_encoding_and_either_shape(tmp_path, shape, encoding):
    """Also with cells of several lines, blank cells and Windows line ends."""
    text = shape(LETTER, ROWS).replace("\n", "\r\n")
    assert plain(read(tmp_path, text, encoding)) == ROWS


@pytest.mark.parametrize("shape", [stacked, tabbed])
def test_columns_the_master_does_not_know_are_kept(tmp_path, shape):
    rows = [{**cells, "办结时间": "9月底"} for cells in ROWS]
    assert plain(read(tmp_path, shape(LETTER, rows))) == rows


@pytest.mark.parametrize(
    "after", ["（此件公开发布）", "2019年10月8日印发", "抄送：市委办公室", "备注：无"]
)
@pytest.mark.parametrize("shape", [stacked, tabbed])
def test_what_follows_the_table_is_no_part_of_it(tmp_path, shape, after):
    found = read(tmp_path, shape(LETTER, ROWS, f"\n{after}\n"))
    assert plain(found) == ROWS
    assert found.after == (after,)


def test_what_follows_a_last_row_without_its_trailing_cells(tmp_path):
    """The last cell then is 填报材料 and may have lines of its own."""
    text = stacked(LETTER, ROWS[:1]).rstrip().rsplit("\t", 1)[0]
    found = read(tmp_path, f"{text}\n市法治办\n2019年10月8日\n")
    assert plain(found) == [{c: t for c, t in ROWS[0].items() if c != w.RESPONSIBLE}]
    assert found.after == ("市法治办", "2019年10月8日")


@pytest.mark.parametrize("how", ["merged", "repeated", "blank"])
@pytest.mark.parametrize(("write", "name"), [(word, "通知.docx"), (excel_workbook, "通知.xlsx")])
def test_merged_repeated_and_blank_cells_of_a_real_table(tmp_path, write, name, how):
    """The same texts wherever the notice gives them; a merged cell is told from a blank one."""
    rows = real_rows()
    found = notice.read(write(tmp_path / name, real_letter(), rows, how))
    assert list(found.letter) == real_letter()
    assert len(found.rows) == 29
    for cells, wanted in zip(found.rows, rows, strict=True):
        assert all(cells[c].text in (wanted[c], "") for c in CAPTIONS)
    states = {cells[w.LEVEL1].state for cells in found.rows}
    assert states == ({"given"} if how == "repeated" else {"given", how})
    assert found.rows[18][w.MATERIAL].state == ("merged" if how == "merged" else "blank")


def test_word_tables_as_people_make_them(tmp_path):
    """Text before and after, a band over all columns, a second table, tracked insertions."""
    import docx
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    path = word(tmp_path / "通知.docx", LETTER.splitlines(), ROWS)
    document = docx.Document(str(path))
    table = document.tables[0]
    band = table.add_row().cells
    band[0].merge(band[-1]).text = "二、监督"
    for cell, said in zip(table.add_row().cells, row(4, "丁").values(), strict=True):
        cell.text = "" if said == "一、制度" else said
    inserted = '<w:ins {} w:id="1" w:author="x"><w:r><w:t>材料</w:t></w:r></w:ins>'
    table.rows[-1].cells[5].paragraphs[0]._p.append(parse_xml(inserted.format(nsdecls("w"))))
    remark = table.add_row().cells
    remark[0].merge(remark[-1]).text = "说明：表中材料均须盖章。"
    document.add_paragraph("2019年10月8日")
    document.add_table(rows=1, cols=2).cell(0, 0).text = "填表人"
    document.save(str(path))
    found = notice.read(path)
    assert plain(found)[:3] == ROWS
    assert plain(found)[3] == {**row(4, "丁材料"), w.LEVEL1: "二、监督"}
    assert len(found.rows) == 4
    assert found.after == ("说明：表中材料均须盖章。", "2019年10月8日", "填表人")
    assert "2019年10月8日" not in found.letter


def test_a_caption_row_repeated_on_a_later_page_is_no_row(tmp_path):
    rows = [*ROWS[:2], {caption: caption for caption in CAPTIONS}, ROWS[2]]
    assert plain(notice.read(word(tmp_path / "通知.docx", [], rows))) == ROWS


def test_a_workbook_may_lack_the_letter(tmp_path):
    found = notice.read(excel_workbook(tmp_path / "表.xlsx", [], ROWS))
    assert found.letter == ()
    assert plain(found) == ROWS


@pytest.mark.parametrize("how", ["merged", "repeated", "blank"])
def test_the_copy_beside_the_master_reads_the_same(tmp_path, how):
    """通知.txt holds the whole notice, also when it came as a Word document."""
    path = word(tmp_path / "通知.docx", [*real_letter(), "附件"], real_rows(), how)
    found = notice.read(path)
    again = read(tmp_path, notice.copy(path, found).decode())
    assert again.letter == found.letter
    assert plain(again) == plain(found)


def test_the_copy_of_a_text_is_the_text():
    assert notice.copy(REAL, notice.read(REAL)) == REAL.read_bytes()


WITHOUT_UNITS = [{c: t for c, t in cells.items() if c != w.RESPONSIBLE} for cells in ROWS]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("通知.doc", b"\xd0\xcf\x11\xe0", "另存为 .docx"),
        ("通知.wps", b"x", "另存为 .docx"),
        ("通知.pdf", b"%PDF-1.4", "另存为 .docx"),
        ("通知", b"x", "另存为 .docx"),
        ("没有.txt", None, "找不到"),
        ("空.txt", b" \r\n", "空文件"),
        ("空.docx", b"", "空文件"),
        ("空.xlsx", b"", "空文件"),
        ("坏.docx", b"PK\3\4 no zip", "打不开"),
        ("坏.xlsx", b"PK\3\4 no zip", "读不出来"),
        ("信.txt", LETTER.encode(), "没有找到任务分解表"),
        ("二进制.txt", bytes(range(256)) * 9, "文字编码不认识"),
        ("缺列.txt", stacked(LETTER, WITHOUT_UNITS).encode(), "没有“责任单位”列（现有：一级指标、"),
        ("缺列2.txt", tabbed(LETTER, WITHOUT_UNITS).encode(), "没有“责任单位”列（现有：一级指标、"),
        (
            "只有表头.txt",
            tabbed(LETTER, ROWS).split("（1）")[0].rsplit("\n", 1)[0].encode(),
            "表头",
        ),
    ],
)
def test_what_is_no_notice_gets_one_sentence(tmp_path, name, data, said):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(OperatorError) as caught:
        notice.read(path)
    assert said in str(caught.value)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_notice(tmp_path):
    (tmp_path / "通知.docx").mkdir()
    with pytest.raises(OperatorError, match="找不到"):
        notice.read(tmp_path / "通知.docx")
