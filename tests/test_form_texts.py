"""What a form says of its own accord is known without its workbook."""

import io
from datetime import date

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import master, requirement

from pdsfz_xl import form, form_texts, identity
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled, Mark
from pdsfz_xl.form_plan import HEADER, Plan
from pdsfz_xl.model import Evidence, Indicator, Master, Unit, Where

LONG = "要求很长的材料，写明每一件的办理情况。\n" * 60


def read(data: bytes) -> set[str]:
    """Digests of all texts in cells nobody can type in, without what is counted in each row."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    found = set()
    for sheet in book:
        if sheet.sheet_state != "visible":
            continue
        kind = w.GUIDE_SHEET if sheet.title == w.FINDINGS_SHEET else sheet.title
        for cells in sheet.iter_rows():
            for cell in cells:
                counted = cell.data_type == "f" and cell.row != HEADER
                if isinstance(cell.value, str) and cell.protection.locked and not counted:
                    found.add(identity.digest(cell.value, kind))
    return found


def plans() -> dict[str, Plan]:
    plain = master()
    unit = plain.unit["01"]
    evidence = Evidence(
        unit="01", requirement="02.1", name="总结.pdf", kind="文件", date="2019-01-02", pieces=2,
        note="", where=Where("a.xlsx", w.EVIDENCE_SHEET, "B2"),
    )  # fmt: skip
    marks = {
        "": [Mark("A", "整份没有盖章", "请盖章")],
        "02.1": [Mark("B", "数字不对", "请核对", w.QUANTITY), Mark("C", "日期", "改", w.DATE, 0)],
    }
    groups = master(
        units=(Unit(code="01", name="甲县", group="各县区"), Unit(code="02", name="乙县")),
        requirements=(
            requirement("02", "01", text=LONG, material=LONG, also=(3, 4), measure="万元/公顷"),
        ),
        indicators=tuple(Indicator(number=n, text=f"第{n}个", row=n + 1) for n in range(1, 30)),
    )
    return {
        "blank": Plan(master=plain, unit=unit),
        "nothing due": Plan(master=plain, unit=plain.unit["04"]),
        "prefilled": Plan(
            master=plain, unit=unit, prefilled=True,
            filled={"02.1": Filled(w.PREVIOUS, LONG, 12.0)},
        ),
        "marked": Plan(
            master=plain, unit=unit, marks=marks, listed=(evidence,), correction=date(2019, 11, 1)
        ),
        "long": Plan(master=groups, unit=groups.unit["01"]),
    }  # fmt: skip


def built(plan: Plan) -> bytes:
    return form.build(
        plan.master, plan.unit, plan.filled, prefilled=plan.prefilled, marks=plan.marks,
        listed=plan.listed, correction=plan.correction,
    )  # fmt: skip


@pytest.mark.parametrize("kind", plans())
def test_it_is_what_stands_in_the_workbook(kind):
    plan = plans()[kind]
    blank = identity.digest("", w.FORM_SHEET)
    assert form_texts.digests(plan) - {blank} == read(built(plan)) - {blank}


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_whatever_the_notice_says(text):
    plan: Master = master(requirements=(requirement("02", "01", text=f"一{text}", material=text),))
    unit = plan.unit["01"]
    blank = identity.digest("", w.FORM_SHEET)
    assert form.own_digests(plan, unit) - {blank} == read(form.build(plan, unit)) - {blank}
