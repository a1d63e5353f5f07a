"""The printed workbook: everything is there, and LibreOffice prints the pages that were planned."""

import io
from collections import Counter
from itertools import pairwise
from pathlib import Path

import geocheck
import openpyxl
import pytest
from client import convert, needs_office
from test_printout import (
    MASTER,
    SENTENCE,
    batch,
    broken,
    needs_pdftotext,
    of_figures,
    requirement,
    said,
    version,
)

from pdsfz_xl import paper, paper_text, print_book, print_word, rules
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Indicator, Master

BARE = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{folder}/cache</cachedir></fontconfig>"""
LATIN = Path("/usr/share/fonts/truetype/dejavu")


def printed(result: Batch, selection: paper.Selection = paper.EVERYTHING) -> print_book.PrintedBook:
    return print_book.build(paper.compose(result, rules.run(result), selection))


def opened(result: Batch):
    return openpyxl.load_workbook(io.BytesIO(printed(result).data))


def column(sheet, caption: str) -> list[str]:
    """All texts under a caption of 打印版, from top to bottom."""
    place = paper_text.CAPTIONS.index(caption) + 1
    head = next(r for r in range(1, sheet.max_row) if sheet.cell(r, place).value == caption)
    cells = (sheet.cell(r, place).value for r in range(head + 1, sheet.max_row + 1))
    return [cell for cell in cells if cell]


def planned(data: bytes) -> list[Counter[str]]:
    """The visible characters of every page of 打印版, by its breaks."""
    sheet = openpyxl.load_workbook(io.BytesIO(data))[w.PRINT_SHEET]
    pages, first = [], 1
    for last in [*(b.id for b in sheet.row_breaks.brk), sheet.max_row]:
        rows = sheet.iter_rows(min_row=first, max_row=last, values_only=True)
        pages.append(characters(cell for row in rows for cell in row if cell))
        first = last + 1
    return pages


def characters(texts) -> Counter[str]:
    return Counter(c for text in texts for c in text if not c.isspace())


def many(lengths: list[int]) -> Batch:
    """An indicator for each length, with an answer of that length; none where it is 0."""
    keys = [f"{number:04d}" for number in range(1, len(lengths) + 1)]
    plan = Master(
        settings=MASTER.settings,
        units=MASTER.units,
        requirements=tuple(
            requirement(key, "01", number=int(key), text=SENTENCE, material=SENTENCE)
            for key in keys
        ),
        indicators=tuple(
            Indicator(
                number=int(key),
                text=SENTENCE,
                level1="一、政府职能依法全面履行",
                level2=f"{int(key) // 10}.加强事中事后监管",
                requirements=(key,),
            )
            for key in keys
        ),
    )
    texts = ((SENTENCE * 40)[:length] for length in lengths)
    answers = [said("01", key, text) for key, text in zip(keys, texts, strict=True) if text]
    return batch(*answers, master=plan)


# --- what stands there ---------------------------------------------------------------------


def test_the_same_paper_gives_the_same_bytes():
    assert printed(many([500] * 3)) == printed(many([500] * 3))


def test_long_answers_are_there_to_the_last_character():
    spoken = SENTENCE * 120
    pieces = column(opened(batch(said("01", "02.2", spoken)))[w.PRINT_SHEET], w.ANSWER)
    assert spoken in "".join(pieces).replace("\u3000", "")
    assert max(map(len, pieces)) <= 960


def test_what_goes_on_says_so_on_every_page():
    sheet = opened(batch(said("01", "02.2", SENTENCE * 120)))[w.PRINT_SHEET]
    numbers = column(sheet, w.NUMBER)
    assert "2（续）" in numbers
    assert "市发改委（续）" in column(sheet, w.UNIT)
    assert "一、政府职能依法全面履行　＞　2.加强事中事后监管（续）" in numbers


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "-3%", "00123", "http://a.cn", "_x0041_"])
def test_a_text_stays_a_text(text):
    book = opened(batch(said("01", "02.2", text)))
    assert f"\u3000\u3000{text}" in column(book[w.PRINT_SHEET], w.ANSWER)
    rows = book[w.PRINT_DATA_SHEET].iter_rows()
    assert any(cell.value == text and cell.data_type == "s" for row in rows for cell in row)


def test_what_cannot_be_seen_is_spelt_out():
    sheet = opened(batch(said("01", "02.2", "a\x07b\u202ec\ud800d")))[w.PRINT_SHEET]
    assert "\u3000\u3000a〔U+0007〕b〔U+202E〕c〔U+D800〕d" in column(sheet, w.ANSWER)


def test_unanswered_stands_out_and_every_indicator_has_its_row():
    sheet = opened(batch(said("01", "02.2", "有")))[w.PRINT_SHEET]
    blank = next(
        cell for row in sheet.iter_rows() for cell in row
        if cell.value == w.UNANSWERED and cell.column == paper_text.SAID + 1
    )  # fmt: skip
    assert blank.font.bold
    assert blank.fill.fgColor.rgb != "00000000"
    assert column(sheet, w.NUMBER)[-1] == "5"
    assert "与第4项合并填报" in column(sheet, w.STATUS)


def test_pending_texts_and_versions_are_all_there():
    answers = (said("02", "04", "旧的说法", "新的说法"), said("03", "04", "丙局的说法"))
    texts = "".join(column(opened(batch(*answers))[w.PRINT_SHEET], w.ANSWER))
    assert texts.index("待定") < texts.index("旧的说法") < texts.index("新的说法")
    assert "丙局的说法" in texts


def test_a_settled_text_comes_before_the_answers():
    clerk = {w.FINAL_SHEET: {"04": {"定稿文本": "综合后的说法"}}}
    result = batch(said("02", "04", "甲局的说法"), clerk=clerk)
    texts = "".join(column(opened(result)[w.PRINT_SHEET], w.ANSWER))
    assert "综合后的说法" in texts
    assert "未报：市公安局" in texts
    assert "甲局的说法" not in texts


def test_the_data_has_a_row_for_every_answer():
    long = "长" * 40_000
    sheet = opened(batch(said("01", "02.1", long), said("02", "04", "甲")))[w.PRINT_DATA_SHEET]
    rows = [[str(c or "") for c in row] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert "".join(row[6] for row in rows if row[4] == "市发改委").startswith(long)
    assert [row[1] for row in rows] == ["1", "2", "2", "2", "4", "4", "5"]
    assert sheet.auto_filter.ref


def test_what_a_unit_chose_without_a_text_is_there():
    answer = said("02", "04", versions=(version("02", "04", "", choice=w.NOTHING, number=3.0),))
    texts = "".join(column(opened(batch(answer))[w.PRINT_SHEET], w.ANSWER))
    assert texts.startswith("未报") or "未报" in texts
    assert "填报情况：无此情况，数量：3" in texts


def test_no_row_and_no_page_is_too_high():
    sheet = opened(many([0, 1000, 30, 3000, 500] * 6))[w.PRINT_SHEET]
    heights = [sheet.row_dimensions[r].height for r in range(1, sheet.max_row + 1)]
    assert max(heights) <= 409
    breaks = [0, *(b.id for b in sheet.row_breaks.brk), sheet.max_row]
    for first, last in pairwise(breaks):
        assert sum(heights[first:last]) <= (297 - 28) / 25.4 * 72


def test_an_empty_campaign_still_prints():
    assert printed(batch(master=Master(settings=MASTER.settings))).pages >= 1


# --- LibreOffice ---------------------------------------------------------------------------


@needs_office
@needs_pdftotext
@pytest.mark.parametrize(
    ("lengths", "fonts"),
    [
        ([1000] * 30, "all"),
        ([1000] * 30, "latin"),
        ([0, 60, 180, 350, 500, 1000] * 5, "all"),
        ([0, 60, 180, 350, 500, 1000] * 5, "latin"),
        ([120, 500, 20] * 60, "all"),
    ],
    ids=["30 long", "30 long, no hanzi", "30 mixed", "30 mixed, no hanzi", "180"],
)
def test_libreoffice_prints_the_pages_that_were_planned(lengths, fonts, tmp_path):
    """Also where no font has a hanzi: then every one is a box, and as wide."""
    book = printed(many(lengths))
    (tmp_path / "a.xlsx").write_bytes(book.data)
    environment = {}
    if fonts == "latin":
        if not LATIN.is_dir():
            pytest.skip("DejaVu is not installed")
        (tmp_path / "fonts.conf").write_text(BARE.format(fonts=LATIN, folder=tmp_path), "utf-8")
        environment["FONTCONFIG_FILE"] = str(tmp_path / "fonts.conf")
    data = convert(tmp_path / "a.xlsx", ".pdf", **environment).read_bytes()
    found: dict[int, list[str]] = {}
    for word in geocheck.pages(data).words:
        found.setdefault(word.page, []).append(word.text)
    pages = planned(book.data)
    assert len(pages) == book.pages
    for number, wanted in enumerate(pages, 1):
        assert wanted - characters(found[number]) == Counter()
    assert [word for word in geocheck.cut(data) if word.page <= book.pages] == []


@needs_office
@pytest.mark.parametrize("suffix", ["xlsx", "docx"])
def test_libreoffice_breaks_no_line_in_a_figure(suffix, tmp_path):
    content = paper.compose(of_figures(), ())
    data = print_book.build(content).data if suffix == "xlsx" else print_word.build(content, "F")
    (tmp_path / f"a.{suffix}").write_bytes(data)
    data = convert(tmp_path / f"a.{suffix}", ".pdf").read_bytes()
    assert broken(data, with_unit=False) == []


def test_a_wide_figure_takes_its_room_from_the_texts():
    sheet = opened(of_figures())[w.PRINT_SHEET]
    widths = [sheet.column_dimensions[c].width for c in "ABCDEFGHI"]
    assert sum(widths) == pytest.approx(182.5, abs=7)
    assert widths[7] > 9
    assert opened(batch())[w.PRINT_SHEET].column_dimensions["H"].width < 10
