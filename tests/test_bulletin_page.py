"""通报 on paper: one page as long as it can be read, nothing cut, the same as PDF and in Word."""

import io
from dataclasses import replace

import docx
import geocheck
import pytest
from client import convert, needs_office
from docx.oxml.ns import qn
from test_printout import MASTER, SENTENCE, bare, batch, needs_pdftotext, read, requirement, said

from pdsfz_xl import bulletin, bulletin_page, rules
from pdsfz_xl.model import Batch, Indicator, Settings, Unit

__all__ = ["bare"]

NAMES = (
    "市发展和改革委员会", "市司法局", "市公安局", "市自然资源和规划局", "市审计局",
    "市人力资源和社会保障局", "市住房和城乡建设局", "市场监督管理局", "县政府", "市财政局",
)  # fmt: skip


def many(count: int) -> Batch:
    """A round in which every third unit is silent, and the others have their faults."""
    units = tuple(
        Unit(code=f"{i:03d}", name=f"{NAMES[i % 10]}{i // 10 or ''}") for i in range(1, count + 1)
    )
    asked = tuple(requirement(f"{n:02d}", *(unit.code for unit in units)) for n in (1, 2))
    plan = replace(
        MASTER,
        units=units,
        requirements=asked,
        indicators=tuple(Indicator(number=r.number, requirements=(r.key,)) for r in asked),
    )
    answers = [
        said(unit.code, r.key, "字" * 1001 if i % 4 == 0 else SENTENCE)
        for i, unit in enumerate(units)
        for r in asked
        if i % 3
    ]
    return batch(*answers, master=plan)


def composed(result: Batch) -> bulletin.Bulletin:
    return bulletin.compose(result, rules.run(result))


def words(told: bulletin.Bulletin) -> list[str]:
    units = [part for unit in told.units for part in (unit.name, unit.said)]
    return [*told.title, told.opening, *units, *told.closing, told.issuer]


@needs_pdftotext
@pytest.mark.parametrize("count", [1, 12, 28, 60])
def test_it_is_one_page_with_everything_on_it(count, bare):
    told = composed(many(count))
    printed, _ = bulletin_page.pdf(told, bare)
    assert printed.pages == 1
    assert not geocheck.missing(words(told), printed.data)
    assert geocheck.cut(printed.data) == []


@needs_pdftotext
def test_too_many_for_one_page_go_on_and_say_so(bare):
    told = composed(many(200))
    printed, look = bulletin_page.pdf(told, bare)
    assert look is bulletin_page.SEVERAL_PAGES
    assert printed.pages > 1
    assert not geocheck.missing(words(told), printed.data)
    first, *later = read(printed.data).split("\f")[:-1]
    assert "（续）" not in first
    for number, page in enumerate(later, 2):
        assert f"{''.join(told.title)}（续）" in "".join(page.split())
        assert f"—{number}—" in "".join(page.split())


def test_the_same_bulletin_gives_the_same_bytes(bare):
    told = composed(many(3))
    one, two = (bulletin_page.pdf(told, bare) for _ in range(2))
    assert one == two
    assert bulletin_page.docx(told, one.look) == bulletin_page.docx(told, two.look)


def test_a_character_no_font_has_is_reported(bare):
    plan = replace(MASTER, units=(replace(MASTER.units[0], name="市ก局"), *MASTER.units[1:]))
    printed, _ = bulletin_page.pdf(composed(batch(master=plan)), bare)
    assert [m.code for m in printed.missing] == ["U+0E01"]


@needs_pdftotext
def test_long_names_are_never_cut(bare):
    plan = replace(
        MASTER,
        units=(replace(MASTER.units[0], name="a" * 900), replace(MASTER.units[1], name="局" * 60),
               *MASTER.units[2:]),
        settings=replace(MASTER.settings, name="很长的任务名称" * 6),
    )  # fmt: skip
    told = composed(batch(master=plan))
    printed, _ = bulletin_page.pdf(told, bare)
    assert not geocheck.missing(words(told), printed.data)
    assert geocheck.cut(printed.data) == []


@pytest.mark.parametrize("count", [3, 31])
def test_the_document_says_the_same(count):
    told = composed(many(count))
    look = bulletin_page.LOOKS[4 if count > 9 else 0]
    document = docx.Document(io.BytesIO(bulletin_page.docx(told, look)))
    paragraphs = [p.text for p in document.paragraphs]
    assert "".join(paragraphs[:2]).startswith(told.title[0])
    assert told.opening in paragraphs
    assert set(told.closing) <= set(paragraphs)
    assert paragraphs[-2:] == [told.issuer, "2019年10月28日"]
    [table] = document.tables
    across = look.across
    cells = [[c.text for c in row.cells] for row in table.rows]
    assert len(cells[0]) == 5 * across
    half = -(-count // across)
    for n, unit in enumerate(told.units):
        row, left = cells[1 + n % half], 5 * (n // half)
        number, name, answered, said_, problems = row[left : left + 5]
        assert (number, name, said_) == (str(n + 1), unit.name, unit.said)
        assert answered == f"{unit.answered}/{unit.assigned}"
        assert problems == str(unit.problems or "—")


def test_the_table_of_the_document_repeats_its_head():
    told = composed(many(3))
    document = docx.Document(io.BytesIO(bulletin_page.docx(told, bulletin_page.SEVERAL_PAGES)))
    head, *body = document.tables[0].rows
    assert head._tr.trPr.find(qn("w:tblHeader")) is not None
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in body)
    section = document.sections[0]
    assert section.different_first_page_header_footer
    assert section.header.paragraphs[0].text.endswith("（续）")


@needs_office
@needs_pdftotext
@pytest.mark.parametrize("count", [12, 60])
def test_the_document_is_one_page_too(count, bare, tmp_path):
    told = composed(many(count))
    _, look = bulletin_page.pdf(told, bare)
    (tmp_path / "a.docx").write_bytes(bulletin_page.docx(told, look))
    data = convert(tmp_path / "a.docx", ".pdf").read_bytes()
    assert len(geocheck.pages(data).sizes) == 1
    assert not geocheck.missing(words(told), data)


def test_an_empty_campaign_still_has_a_page(bare):
    empty = Batch(master=replace(MASTER, settings=Settings(), units=(), requirements=(),
                                 indicators=()), now=batch().now)  # fmt: skip
    told = composed(empty)
    printed, look = bulletin_page.pdf(told, bare)
    assert printed.pages == 1
    assert docx.Document(io.BytesIO(bulletin_page.docx(told, look))).tables == []
