"""Paper: every character of every answer is there, what is absent catches the eye."""

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import date, datetime

import geocheck
import pytest

from pdsfz_xl import paper as papers
from pdsfz_xl import printout, rules, typeset
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import (
    Answer,
    Batch,
    Duty,
    Evidence,
    Indicator,
    Master,
    Requirement,
    Settings,
    Standing,
    Unit,
    Version,
    Where,
)

NOW = datetime(2019, 10, 28, 9, 0)
UNITS = ("市发改委", "市司法局", "市公安局", "市财政局")
LEVELS = {"level1": "一、政府职能依法全面履行", "level2": "2.加强事中事后监管"}
SENTENCE = "2019年以来，全市办理行政执法案件1,286件，合格率98.5%（其中“双随机”36次）；"

needs_pdftotext = pytest.mark.skipif(
    not shutil.which("pdftotext"), reason="pdftotext (poppler) is not installed"
)


def requirement(key: str, *units: str, **more) -> Requirement:
    duties = tuple(Duty(unit) for unit in units)
    values = {"key": key, "number": int(key[:2]), "material": f"填报材料{key}", "duties": duties}
    return Requirement(**{**LEVELS, **values, **more})


REQUIREMENTS = (
    requirement("02.1", "01", kind=w.FIGURES, measure="条"),
    requirement("02.2", "01"),
    requirement("04", "02", "03", also=(5,)),
)
INDICATORS = (
    Indicator(
        number=1, text="严格落实预算法", material="不需提供申报材料。", units=("04",), **LEVELS
    ),
    Indicator(number=2, text="实施差异化监管", requirements=("02.1", "02.2"), **LEVELS),
    Indicator(number=4, text="开展立法后评估", requirements=("04",), **LEVELS),
    Indicator(number=5, text="严控规范性文件", joined_to=4, level1="二、依法行政制度体系完善"),
)
MASTER = Master(
    settings=Settings(
        name="法治政府建设示范市补充材料",
        code="F201921",
        issuer="法治政府建设领导小组办公室",
        document_number="平法政办〔2019〕21号",
        deadline=date(2019, 10, 25),
    ),
    indicators=INDICATORS,
    requirements=REQUIREMENTS,
    units=tuple(Unit(code=f"{i:02d}", name=name) for i, name in enumerate(UNITS, 1)),
)


def version(unit: str, key: str, text: str, **more) -> Version:
    values = {"choice": "", "number": None, "saved": "2019-10-20T10:11:12", "received": NOW}
    where = Where(f"out/2-收件/{unit}.xlsx", "填报表", "J5")
    return Version(
        unit=unit, requirement=key, text=text, where=where, sha256="", **{**values, **more}
    )


def said(unit: str, key: str, *spoken: str, **more) -> Answer:
    """An answer; with several texts the last one counts for now and the conflict is open."""
    if not spoken:
        return Answer(unit=unit, requirement=key, status=w.UNANSWERED, **more)
    versions = tuple(version(unit, key, text) for text in spoken)
    values = {"status": w.ANSWERED, "open_conflict": len(spoken) > 1, "versions": versions, **more}
    count = texts.count(spoken[-1])
    return Answer(unit=unit, requirement=key, text=spoken[-1], count=count, answered=True, **values)


def batch(*answers: Answer, master: Master = MASTER, **more) -> Batch:
    """A batch in which everything not given is unanswered."""
    given = {(a.unit, a.requirement): a for a in answers}
    complete = tuple(
        given.get((a.unit.code, a.requirement.key)) or said(a.unit.code, a.requirement.key)
        for a in master.assignments
    )
    standings = []
    for unit in master.units:
        mine = [a for a in complete if a.unit == unit.code]
        missing = tuple(a.requirement for a in mine if not a.answered)
        status = "partial" if len(missing) < len(mine) else "missing"
        status = "nothing_due" if not mine else status if missing else "complete"
        standings.append(
            Standing(
                unit=unit.code,
                assigned=len(mine),
                answered=len(mine) - len(missing),
                missing=missing,
                status=status,
            )
        )
    return Batch(master=master, now=NOW, answers=complete, standings=tuple(standings), **more)


@pytest.fixture(autouse=True)
def _own_fonts_closed():
    yield
    typeset.available_fonts.cache_clear()


@pytest.fixture(scope="session")
def bare():
    """The fonts of a machine that has none of its own."""
    return typeset.available_fonts(system=False)


def printed_of(
    result: Batch, fonts=None, found=None, style=printout.PLAIN, selection=papers.EVERYTHING
) -> typeset.Printed:
    found = rules.run(result) if found is None else found
    return printout.pdf(papers.compose(result, found, selection), style, fonts=fonts)


def paper(result: Batch, fonts=None) -> str:
    """The text of the printed pages, blanks and line ends removed."""
    printed = printed_of(result, fonts)
    return "".join(read(printed.data).split()).replace("\u200b", "")


def read(data: bytes) -> str:
    done = subprocess.run(
        ["pdftotext", "-raw", "-enc", "UTF-8", "-", "-"],
        input=data,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def characters(*spoken: str) -> Counter[str]:
    return Counter(c for text in spoken for c in text if not c.isspace())


# --- the file ------------------------------------------------------------------------------


def test_the_same_batch_gives_the_same_bytes(bare):
    result = batch(said("01", "02.2", SENTENCE * 30))
    one, two = (printed_of(result, bare) for _ in range(2))
    assert one.data == two.data
    assert one.data.startswith(b"%PDF-")


def test_the_file_is_archival_so_no_empty_box_can_be_in_it(bare):
    """PDF/A allows no character without a glyph; typst refuses to write one."""
    printed = printed_of(batch(said("01", "02.2", "ก和😀 漢\u0301 x\u0489 \ue000\u0378")), bare)
    assert b"GTS_PDFA1" in printed.data


@needs_pdftotext
def test_pages_are_counted(bare):
    printed = printed_of(batch(said("01", "02.2", SENTENCE * 300)), bare)
    assert printed.pages == read(printed.data).count("\f") > 3


def test_a_machine_without_fonts_prints_with_the_packaged_ones(bare):
    assert printed_of(batch(), bare).fonts == ("Noto Sans CJK SC",)


def test_the_fonts_named_are_the_fonts_embedded():
    printed = printed_of(batch())
    names = re.findall(r"/FontName\s*/[A-Z]{6}\+([A-Za-z0-9]+)", printed.data.decode("latin-1"))
    assert names
    for name in names:
        plain = [re.sub(r"[ _-]", "", font).lower() for font in printed.fonts]
        assert any(name.lower().startswith(font) for font in plain)


# --- nothing is lost -----------------------------------------------------------------------


@needs_pdftotext
@pytest.mark.parametrize("system", [True, False], ids=["own fonts", "no fonts"])
def test_every_character_of_long_answers_is_on_paper(system):
    spoken = {
        ("01", "02.1"): "\n".join([SENTENCE * 20] * 3),
        ("01", "02.2"): SENTENCE * 60,
        ("02", "04"): "\n".join([SENTENCE] * 150),
        ("03", "04"): "短",
    }
    result = batch(*(said(*place, text) for place, text in spoken.items()))
    printed = printed_of(result, typeset.available_fonts(system=system))
    assert characters(*spoken.values()) - characters(read(printed.data)) == Counter()
    assert printed.missing == ()


@needs_pdftotext
@pytest.mark.parametrize(
    "text",
    [
        "a" * 900,
        "1" * 32_000,
        "，" * 900,
        "（" * 300,
        "…" * 500,
        "行\n" * 300,
        '=1+1 #text(red)[x] $x$ *b* _i_ `c` <l> @r \\ // c /* */ "\' {1} ~ -- #import "x"',
        "שָׁלוֹם 中文 mixed",
        "𠮷野家",
        "-3% 00123 TRUE 1-2",
        "汉\u2060字" * 500,
        "a\u00a0" * 500,
    ],
    ids=lambda text: ascii(text[:6]),
)
def test_nasty_texts_are_printed_whole(text, bare):
    for sheet in ("A3", "A4"):
        style = printout.Style(sheet=sheet)
        printed = printed_of(batch(said("01", "02.2", text)), bare, style=style)
        assert geocheck.missing([text.replace("\u2060", "")], printed.data) == Counter()
        assert geocheck.cut(printed.data) == []
        assert printed.missing == ()


@needs_pdftotext
def test_what_cannot_be_seen_is_spelt_out(bare):
    text = "a\x07b\u202ec\ud800d\u2028e\U000e0041f"
    assert "a〔U+0007〕b〔U+202E〕c〔U+D800〕d〔U+2028〕e〔U+E0041〕f" in paper(
        batch(said("01", "02.2", text)), bare
    )


def test_a_character_no_font_has_is_reported_with_its_place(bare):
    printed = printed_of(batch(said("01", "02.2", "ก和😀"), said("02", "04", "ก")), bare)
    assert printed.missing == (
        ("ก", "U+0E01", "市发改委", "02.2"),
        ("😀", "U+1F600", "市发改委", "02.2"),
        ("ก", "U+0E01", "市司法局", "04"),
    )


@needs_pdftotext
def test_a_character_no_font_has_is_printed_as_its_code(bare):
    page = paper(
        batch(said("01", "02.2", "甲ก乙"), said("02", "04", "👨\u200d👩" + "😀" * 60)), bare
    )
    assert "甲〔U+0E01〕乙" in page
    assert "〔U+1F468〕〔U+1F469〕" in page.replace("\u200d", "")
    assert page.count("〔U+1F600〕") == 60


@needs_pdftotext
def test_a_private_character_is_never_drawn_as_some_font_has_it():
    printed = printed_of(batch(said("01", "02.2", "甲\ue000\U000f0000乙")))
    assert [m.code for m in printed.missing] == ["U+E000", "U+F0000"]
    assert "甲〔U+E000〕〔U+F0000〕乙" in paper_text(printed)


@needs_pdftotext
def test_missing_characters_outside_the_answers_are_reported_too(bare):
    units = (replace(MASTER.units[0], name="市ก局"), *MASTER.units[1:])
    printed = printed_of(batch(master=replace(MASTER, units=units)), bare)
    assert ("ก", "U+0E01", "", "") in printed.missing
    assert "市〔U+0E01〕局" in read(printed.data)


@needs_pdftotext
def test_an_answer_is_printed_even_if_the_table_lost_its_indicator(bare):
    broken = replace(MASTER, indicators=INDICATORS[:1])
    assert "没有指标的答案" in paper(
        batch(said("01", "02.2", "没有指标的答案"), master=broken), bare
    )


# --- what stands there ---------------------------------------------------------------------


@needs_pdftotext
def test_the_cover_says_where_the_campaign_stands(bare):
    page = paper(batch(said("01", "02.1", "甲" * 1001), said("01", "02.2", "乙")), bare)
    assert "法治政府建设示范市补充材料汇总表" in page
    assert "法治政府建设领导小组办公室2019年10月28日" in page
    assert "应报单位已报齐未报齐未报无需报送31021" in page
    assert "应报事项已报未报超字数迟报待定422100" in page
    assert "未报（2个单位）：市司法局、市公安局" in page
    assert "打印日期：2019年10月28日" in page


@needs_pdftotext
def test_missing_items_of_a_partial_unit_are_named(bare):
    assert "市发改委：缺第2（2）项" in paper(batch(said("01", "02.1", "甲")), bare)


@needs_pdftotext
def test_waived_findings_are_counted_apart(bare):
    found = rules.finding("L01", Where(), unit="市发改委", count=1, limit=1, over=0)
    data = printed_of(batch(), bare, (found, found, found._replace(waived=True))).data
    assert "待处理2000同意不改1000" in "".join(read(data).split())


@needs_pdftotext
def test_unanswered_stands_in_the_table(bare):
    table = paper(batch(said("02", "04", "甲")), bare).partition("情况说明字数数量")[2]
    assert "市公安局未报未报" in table


@needs_pdftotext
def test_what_a_unit_chose_without_a_reason_is_shown(bare):
    answer = said("02", "04", versions=(version("02", "04", "", choice=w.NOTHING, number=3.0),))
    assert "该单位只填了02.xlsx，保存于2019-10-2010:11，填报情况：无此情况，数量：3" in paper(
        batch(answer), bare
    )


@needs_pdftotext
def test_every_indicator_keeps_its_row(bare):
    page = paper(batch(), bare)
    assert "不需提供申报材料。市财政局" in page
    assert "与第4项合并填报" in page
    assert "对应指标4、5" in page


@needs_pdftotext
def test_an_open_conflict_prints_every_version_in_full(bare):
    page = paper(batch(said("01", "02.2", "旧的说法" * 30, "新的说法" * 30)), bare)
    assert "待定收到2个不同的版本" in page
    assert "旧的说法" * 30 in page
    assert "新的说法" * 30 in page


@needs_pdftotext
def test_a_settled_conflict_prints_the_chosen_version_only(bare):
    page = paper(batch(said("01", "02.2", "旧的说法", "新的说法", open_conflict=False)), bare)
    assert "新的说法" in page
    assert "旧的说法" not in page


@needs_pdftotext
def test_several_units_are_to_be_joined_until_a_final_text_is_written(bare):
    answers = (said("02", "04", "甲局的说法"), said("03", "04", "乙局的说法"))
    page = paper(batch(*answers), bare)
    assert page.index("待综合") < page.index("甲局的说法") < page.index("乙局的说法")
    final = {w.FINAL_SHEET: {"04": {"定稿文本": "综合后的说法"}}}
    page = paper(batch(answers[0], clerk=final), bare)
    assert "综合后的说法" in page
    assert "未报：市公安局" in page
    assert "甲局的说法" not in page
    assert "待综合" not in page


@needs_pdftotext
def test_a_revision_is_printed_before_the_answer(bare):
    clerk = {w.MERGED_SHEET: {"F201921-01-02.2": {"修改稿": "改过的说法"}}}
    page = paper(batch(said("01", "02.2", "原来的说法"), clerk=clerk), bare)
    assert "已填报修改稿改过的说法5" in page
    assert "原来的说法" not in page


@needs_pdftotext
def test_a_revision_does_not_hide_an_open_conflict(bare):
    clerk = {w.MERGED_SHEET: {"F201921-01-02.2": {"修改稿": "改过的说法"}}}
    page = paper(batch(said("01", "02.2", "旧的说法", "新的说法"), clerk=clerk), bare)
    assert all(text in page for text in ("待定", "改过的说法", "旧的说法", "新的说法"))


@needs_pdftotext
def test_numbers_counts_and_evidence_stand_beside_the_answer(bare):
    where = Where("a.xlsx", w.EVIDENCE_SHEET, "B2")
    evidence = Evidence(where, "01", "02.1", "关于公示制度的通知.pdf", "文件", "", 1, "")
    answer = said("01", "02.1", "甲" * 1012, number=1286.0, late=True, received=NOW)
    page = paper(batch(answer, evidence=(evidence,)), bare)
    assert "1012超121286条关于公示制度的通知.pdf" in page
    assert "已填报迟报" in page


@needs_pdftotext
def test_bands_and_captions_return_on_every_page(bare):
    printed = printed_of(batch(said("01", "02.2", SENTENCE * 300)), bare)
    first, *others = ("".join(page.split()) for page in read(printed.data).split("\f")[2:-1])
    head = "序号三级指标填报材料单位填报情况情况说明字数数量佐证材料"
    band = head + "一、政府职能依法全面履行＞2.加强事中事后监管"
    assert first.startswith(band)
    assert "（续）" not in first
    for page in others[:-1]:
        assert page.startswith(band + "（续）接上页：第2项市发改委")
        assert f"，共{printed.pages}页" in page
    assert others[-1].startswith(head)


def test_an_empty_campaign_still_prints(bare):
    empty = Batch(master=Master(settings=Settings()), now=NOW)
    assert printed_of(empty, bare).pages >= 1


# --- the size of the type, and the overview ------------------------------------------------


def type_size(printed: typeset.Printed) -> float:
    """Of the answers: what most hanzi of the table are set in."""
    heights = Counter(round(w.bottom - w.top, 1) for w in geocheck.pages(printed.data).words)
    return heights.most_common(1)[0][0]


@needs_pdftotext
def test_the_type_is_large_while_the_table_stays_within_eight_pages(bare):
    few, many = (printed_of(batch(said("01", "02.2", SENTENCE * n)), bare) for n in (60, 400))
    assert few.pages <= printout.FRONT + printout.LARGE_PAGES
    assert type_size(few) / type_size(many) == pytest.approx(
        printout.LARGE / printout.SMALL, rel=0.02
    )


@needs_pdftotext
@pytest.mark.parametrize("sheet", ["A3", "A4"])
@pytest.mark.parametrize("units", [1, 16, 17, 44, 45, 300])
def test_the_overview_is_one_page_however_many_units_there_are(units, sheet, bare):
    bureaus = tuple(Unit(code=f"{i:03d}", name=f"市第{i}工作委员会办公室") for i in range(units))
    task = requirement("02.1", *(unit.code for unit in bureaus))
    master = replace(MASTER, units=bureaus, requirements=(task,), indicators=INDICATORS[:1])
    answers = (said(unit.code, "02.1") for unit in bureaus)
    printed = printed_of(
        batch(*answers, master=master), bare, style=printout.Style(sheet=sheet), found=()
    )
    pages = ["".join(page.split()) for page in read(printed.data).split("\f")]
    assert "报送情况" in pages[1]
    assert "审核发现的问题" in pages[1]
    assert pages[2].startswith("序号三级指标")
    assert sum(page.count("市第0工作委员会办公室") for page in pages) >= 2
    assert geocheck.cut(printed.data) == []


@needs_pdftotext
def test_a_huge_number_stays_in_its_cell(bare):
    for number in (1e30, -123456789012345.678, 10.0**15):
        answer = said("01", "02.1", "甲", number=number)
        for sheet in ("A3", "A4"):
            printed = printed_of(batch(answer), bare, style=printout.Style(sheet=sheet))
            assert geocheck.cut(printed.data) == []
            assert texts.figure(number, "条") in paper_text(printed)


FIGURES = (
    (12.0, "件"), (1286400.0, "条"), (1286400.0, "万元/公顷"), (123456789012345.0, "件"),
    (98.50000000000001, "%"), (0.0000001, "km²"), (35.5, "24小时制次"),
)  # fmt: skip


def of_figures() -> Batch:
    """An indicator and a requirement for each of these figures, and an answer that gives it."""
    keys = {f"{place:02d}": figure for place, figure in enumerate(FIGURES, 10)}
    plan = replace(
        MASTER,
        requirements=tuple(
            requirement(key, "01", kind=w.FIGURES, measure=m) for key, (_, m) in keys.items()
        ),
        indicators=tuple(
            Indicator(number=int(key), text="落实", requirements=(key,), **LEVELS) for key in keys
        ),
    )
    said_ = (said("01", key, "甲", number=number) for key, (number, _) in keys.items())
    return batch(*said_, master=plan)


def broken(data: bytes, *, with_unit: bool) -> list[str]:
    """The figures that do not stand in one line of a PDF, or their numbers alone."""
    lines: dict[tuple[int, int], list[geocheck.Word]] = {}
    for word in geocheck.pages(data).words:
        lines.setdefault((word.page, round(word.bottom)), []).append(word)
    runs = ["".join(word.text for word in sorted(line, key=lambda word: word.left))
            for line in lines.values()]  # fmt: skip
    wanted = (texts.figure(n, m) if with_unit else texts.digits(n) for n, m in FIGURES)
    return [figure for figure in wanted if not any(figure.replace(" ", "") in r for r in runs)]


@needs_pdftotext
@pytest.mark.parametrize("layout", ["band", "columns"])
@pytest.mark.parametrize("sheet", ["A3", "A4"])
def test_no_line_breaks_in_a_figure(bare, sheet, layout):
    """On A4 it stands under the name of the unit, where a long unit takes the next line."""
    style = printout.Style(sheet=sheet, layout=layout)
    printed = printed_of(of_figures(), bare, style=style)
    assert broken(printed.data, with_unit=sheet == "A3") == []
    assert geocheck.cut(printed.data) == []


@needs_pdftotext
def test_no_line_breaks_in_the_figures_of_several_units(bare):
    plan = replace(
        MASTER,
        requirements=(requirement("04", "02", "03", measure="万元/公顷"),),
        indicators=(Indicator(number=4, text="落实", requirements=("04",), **LEVELS),),
    )
    answers = (said(unit, "04", "甲", number=n) for unit, n in (("02", 1286400.0), ("03", 7.0)))
    result = batch(*answers, master=plan, clerk={w.FINAL_SHEET: {"04": {"定稿文本": "定稿"}}})
    printed = printed_of(result, bare)
    assert geocheck.cut(printed.data) == []
    assert "1286400万元/公顷" in paper_text(printed)
    assert [word for word in geocheck.pages(printed.data).words if "1286400" in word.text]


@needs_pdftotext
def test_no_line_breaks_in_a_figure_among_the_facts_of_a_version(bare):
    """Wherever in its line it stands."""
    for length in range(40, 56):
        alone = version("02", "04", "", choice="长" * length, number=1286400.0)
        data = printed_of(batch(said("02", "04", versions=(alone,))), bare).data
        assert any("1286400" in word.text for word in geocheck.pages(data).words)


def paper_text(printed: typeset.Printed) -> str:
    return "".join(read(printed.data).split()).replace("\u200b", "")


@needs_pdftotext
def test_columns_print_the_levels_beside_their_indicators(bare):
    style = printout.Style(layout="columns")
    text = SENTENCE * 200
    printed = printed_of(batch(said("01", "02.2", text)), bare, style=style)
    first, *others = ("".join(page.split()) for page in read(printed.data).split("\f")[2:-1])
    assert first.startswith("一级指标二级指标序号三级指标")
    assert others[0].startswith("接上页：一、政府职能依法全面履行＞2.加强事中事后监管第2项市发改委")
    assert geocheck.missing([text], printed.data) == Counter()


@needs_pdftotext
def test_chosen_units_are_printed_without_the_others(bare):
    result = batch(said("01", "02.2", "甲局的说法"), said("02", "04", "乙局的说法"))
    selection = papers.Selection(units=frozenset({"02"}))
    page = paper_text(printed_of(result, bare, selection=selection))
    assert "（市司法局）" in page
    assert "乙局的说法" in page
    assert "甲局的说法" not in page
    assert "市公安局" not in page


@needs_pdftotext
def test_three_hundred_answers_lose_nothing(bare):
    from measure_paper import batch as many  # which is made of the helpers above

    result = many(300, None)
    printed = printed_of(result, bare, found=())
    assert geocheck.missing((a.text for a in result.answers), printed.data) == Counter()
    assert geocheck.cut(printed.data) == []
