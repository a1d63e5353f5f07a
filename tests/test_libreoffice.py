"""The form in a real client: what a person types is what we read, locks and limits hold."""

import shutil
import subprocess

import pytest
from client import convert, needs_office, session
from samples import arrival, batch, master, requirement

from pdsfz_xl import collect, form, text
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled

pytestmark = needs_office

NASTY = [
    "=1+1", "00123", "TRUE", "1-2", "-3%", "98.50%", "+86", "@x", "'引号", "2025-9-1", "1,286",
    "😀 笑脸", "𠮷野家", "第一段\n第二段", "_x000D_ 原样", "a" * 900, "123456789012345678901",
    "<b>&amp;</b>", "全\u3000角\u00a0空\u200b格", "字" * 1000,
]  # fmt: skip


def test_a_form_on_paper_shows_every_character(tmp_path):
    """A thousand characters, in five paragraphs too, fit the row and the page they stand on."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    plan = wide_master(6)
    signs = [chr(0x3500 + n) for n in range(1000)]  # rare: nowhere else in the form
    said = "".join(signs)
    whole = "\n".join(said[i : i + 200] for i in range(0, 1000, 200))
    filled = {r.key: Filled("已填报", text) for r, text in zip(plan.requirements, (said, whole) * 3,
                                                            strict=True)}  # fmt: skip
    (tmp_path / "form.xlsx").write_bytes(form.build(plan, plan.unit["01"], filled))
    shown = convert(tmp_path / "form.xlsx", ".pdf")
    words = ["pdftotext", "-enc", "UTF-8", str(shown), "-"]
    shown = subprocess.run(words, check=True, capture_output=True).stdout.decode()
    assert {sign: shown.count(sign) for sign in signs} == dict.fromkeys(signs, 6)


def typed(tmp_path, data: bytes, jobs: list[tuple[str, str]]):
    """What the client shows after a person typed `jobs`, and the workbook it saved."""
    (tmp_path / "form.xlsx").write_bytes(data)
    _, report, _, shown = session(
        tmp_path,
        ["open", "form.xlsx"],
        ["type", w.FORM_SHEET, jobs],
        ["save", "saved.xlsx"],
        ["shown", w.FORM_SHEET],
    )
    return report, shown, tmp_path / "saved.xlsx"


def wide_master(count: int):
    requirements = tuple(requirement(f"{i:02d}", "01") for i in range(1, count + 1))
    return master(requirements=requirements, indicators=())


def test_what_a_person_types_is_what_we_read(tmp_path):
    """Every nasty text; and the client's counter shows our count."""
    plan = wide_master(len(NASTY))
    first = form.HEADER + 2
    jobs = [(f"J{first + i}", said) for i, said in enumerate(NASTY)]
    _, shown, saved = typed(tmp_path, form.build(plan, plan.unit["01"]), jobs)
    result = batch(plan, arrival(collect.read_return(str(saved)), "a.xlsx"))
    assert [a.text for a in result.answers] == NASTY
    counters = [shown[f"L{first + i}"] for i in range(len(NASTY))]
    assert counters == [str(text.count(said)) for said in NASTY]
    assert shown["A4"] == w.progress(len(NASTY), len(NASTY), 0, 0)
    assert result.leftover == ()


def test_the_hint_follows_what_is_typed(tmp_path):
    plan = wide_master(3)
    first = form.HEADER + 2
    jobs = [(f"J{first}", "字" * 1000), (f"I{first + 1}", "无此情况")]
    _, shown, _ = typed(tmp_path, form.build(plan, plan.unit["01"]), jobs)
    assert shown[f"M{first}"] == form.hint(plan.requirements[0], 1000, "", None)
    assert shown[f"M{first + 1}"] == w.REASON_HINT
    assert shown[f"M{first + 2}"] == w.BLANK_HINT
