"""The document: everything is there, nothing is cut, and every row says whose it is."""

import io
from collections import Counter

import docx
import geocheck
import pytest
from client import convert, needs_office
from docx.oxml.ns import qn
from test_print_book import many
from test_printout import MASTER, SENTENCE, batch, needs_pdftotext, said

from pdsfz_xl import identity, paper, paper_text, print_word, rules
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Master

CODE = MASTER.settings.code


def printed(result: Batch) -> bytes:
    return print_word.build(paper.compose(result, rules.run(result)), CODE)


def opened(result: Batch):
    return docx.Document(io.BytesIO(printed(result)))


def rows(document) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]


def test_the_same_paper_gives_the_same_bytes():
    assert printed(many([500] * 3)) == printed(many([500] * 3))


def test_captions_return_on_every_page_and_rows_may_be_parted():
    table = opened(batch(said("01", "02.2", SENTENCE))).tables[0]
    assert [cell.text for cell in table.rows[0].cells] == list(paper_text.CAPTIONS)
    heads = [
        row._tr.trPr is not None and row._tr.trPr.find(qn("w:tblHeader")) for row in table.rows
    ]
    assert heads[0] is not None
    assert not any(heads[1:])
    assert "w:cantSplit" not in "".join(row._tr.xml for row in table.rows[1:])


def test_columns_fill_a3_between_the_margins():
    document = opened(batch())
    section = document.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    widths = [column.width for column in document.tables[0].columns]
    assert (section.page_width.mm, section.page_height.mm) == pytest.approx((420, 297), abs=0.1)
    assert sum(widths) == pytest.approx(room, rel=0.001)


def test_pages_are_numbered():
    footer = opened(batch()).sections[0].footer._element.xml
    assert 'w:instr="PAGE"' in footer
    assert 'w:instr="NUMPAGES"' in footer


def test_every_row_of_an_answer_carries_its_code():
    clerk = {w.FINAL_SHEET: {"04": {"定稿文本": "综合后的说法"}}}
    found = rows(opened(batch(said("01", "02.1", "甲"), clerk=clerk)))
    codes = [code for row in found if (code := identity.read_print_code(row[3]))]
    assert [(c.campaign, c.unit, c.requirement) for c in codes] == [
        (CODE, "01", "02.1"),
        (CODE, "01", "02.2"),
        (CODE, "", "04"),
    ]
    assert codes[0].text == identity.said_digest("甲")
    assert not any(identity.read(row[3]) for row in found)


def test_unanswered_is_shaded_and_bold():
    table = opened(batch(said("01", "02.1", "甲"))).tables[0]
    row = next(r for r in table.rows if "02.2" in r.cells[3].text)
    assert row.cells[5].text == w.UNANSWERED
    assert row.cells[5].paragraphs[0].style.font.bold
    assert row.cells[5]._tc.tcPr.find(qn("w:shd")).get(qn("w:fill")) == "E1E1E1"


@pytest.mark.parametrize("text", ['<w:p/> & "x"', "=1+1", "a\x07b\u202ec\ud800d", "𠮷😀", "]]>"])
def test_nasty_texts_are_there(text):
    texts = [row[5] for row in rows(opened(batch(said("01", "02.2", text))))]
    assert paper_text.paragraphs(text) in texts


def test_many_rows_are_several_tables():
    assert len(opened(many([20] * 450)).tables) == 3


def test_an_empty_campaign_still_prints():
    assert opened(batch(master=Master(settings=MASTER.settings))).tables == []


@needs_office
@needs_pdftotext
@pytest.mark.parametrize(
    "lengths", [[1000] * 30, [0, 60, 180, 350, 500, 1000] * 5], ids=["30 long", "30 mixed"]
)
def test_libreoffice_prints_everything_and_cuts_nothing(lengths, tmp_path):
    result = many(lengths)
    (tmp_path / "a.docx").write_bytes(printed(result))
    data = convert(tmp_path / "a.docx", ".pdf").read_bytes()
    wanted = [t for e in paper_text.entries(paper.compose(result, ())) for t in e.cells]
    assert geocheck.missing(wanted, data) == Counter()
    assert geocheck.cut(data) == []
