"""Parcels for units without mail: names that open everywhere, the same bytes, the right words."""

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import AFTER, SETTINGS, arrival, batch, master, returned

from pdsfz_xl import handout, owed
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Template, Unit

FILES = {"表.xlsx": b"PK-form", "说明.docx": b"PK-letter", "说明.txt": "﻿说明".encode()}
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"COM{i}" for i in range(10))}


def _members(parcel: handout.Parcel) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(parcel.zipped)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_an_archive_holds_the_same_under_names_every_machine_reads_alike():
    parcel = handout.parcel(SETTINGS, Unit(code="04", name="市司法局"), w.ISSUE, FILES)
    assert _members(parcel) == {
        "04_F201921.xlsx": FILES["表.xlsx"],
        "04_F201921.docx": FILES["说明.docx"],
        "04_F201921.txt": FILES["说明.txt"],
    }
    assert (parcel.folder, parcel.archive) == (
        "04_市司法局",
        "04_市司法局_下发_法治政府建设示范市补充材料.zip",
    )


def test_the_same_files_give_the_same_bytes():
    unit = Unit(code="04", name="市司法局")
    one, two = (
        handout.parcel(SETTINGS, unit, w.ISSUE, dict(files))
        for files in (FILES.items(), reversed(FILES.items()))
    )
    assert one.zipped == two.zipped
    with zipfile.ZipFile(io.BytesIO(one.zipped)) as archive:
        infos = archive.infolist()
    assert {(i.date_time, i.create_system, i.compress_type) for i in infos} == {
        ((1980, 1, 1, 0, 0, 0), 3, zipfile.ZIP_STORED)
    }


@given(st.text(max_size=300))
def test_every_name_opens_on_windows_and_begins_with_the_code(name):
    parcel = handout.parcel(SETTINGS, Unit(code="07", name=name), w.AMEND, FILES)
    for said in (parcel.folder, parcel.archive):
        assert said.startswith("07_") or said == "07"
        assert not set(said) & set('<>:"/\\|?*\x00\n\u202e')
        assert not said.endswith((" ", "."))
        assert said.split(".")[0].upper() not in RESERVED
        assert len(said.encode()) <= 190


@pytest.mark.parametrize(
    "names",
    [("市委办/市档案局", "市委办_市档案局"), ("CON", "aux."), ("局" * 300, "局" * 299)],
)
def test_names_that_look_alike_once_they_are_safe_stay_apart(names):
    units = [Unit(code=f"{i:02d}", name=name) for i, name in enumerate(names)]
    parcels = [handout.parcel(SETTINGS, unit, w.ISSUE, FILES) for unit in units]
    assert len({p.folder for p in parcels}) == len({p.archive for p in parcels}) == 2


def test_the_cover_says_what_the_office_wrote_and_opens_in_any_notepad():
    plan = master(settings=replace(SETTINGS, issuer="办公室"))
    files = handout.cover(batch(plan), plan.unit["02"], w.ISSUE)
    assert list(files) == ["02_市司法局_下发说明.docx", "02_市司法局_下发说明.txt"]
    text = files["02_市司法局_下发说明.txt"]
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.count(b"\n") == text.count(b"\r\n") > 3
    said = text.decode("utf-8-sig")
    assert said.startswith("【法治政府建设示范市补充材料】填报表：市司法局")
    assert "共 2 项" in said
    letter = docx.Document(io.BytesIO(files["02_市司法局_下发说明.docx"]))
    assert [p.text for p in letter.paragraphs][-2:] == ["办公室", "2019年10月24日"]


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        ("请改用新表。\n办公室\n", "附：与原来的填报表相比，新增 05。\n办公室"),
        ("请改用新表。", "请改用新表。\n附：与原来的填报表相比，新增 05。"),
        ("请改用新表：{问题清单}。", "请改用新表：新增 05。"),
    ],
    ids=["above the signature", "at the end", "where the office says"],
)
def test_a_changed_form_says_what_changed(body, ending):
    office = replace(SETTINGS, issuer="办公室")
    plan = master(settings=office, templates=(Template(kind=w.AMEND, subject="更正", body=body),))
    files = handout.cover(batch(plan), plan.unit["02"], w.AMEND, "新增 05")
    said = files["02_市司法局_更正说明.txt"].decode("utf-8-sig").replace("\r\n", "\n")
    assert said.startswith("更正\n\n请改用新表")
    assert said.rstrip("\n").endswith(ending)
    assert said.count("新增 05") == 1
    letter = docx.Document(io.BytesIO(files["02_市司法局_更正说明.docx"]))
    assert [p.text for p in letter.paragraphs].count("办公室") == 1


# --- the text for a group ------------------------------------------------------------------


def _text(result) -> list[str]:
    return handout.group_text(result, owed.reminded(result)).split("\n")


def test_the_group_is_told_who_owes_what_and_nothing_else(tmp_path):
    plan = master()
    half = returned(plan, "02", {"03": Filled("", "办了 3 件")}, tmp_path)
    blank = returned(plan, "03", {}, tmp_path)
    result = batch(plan, arrival(half, "a.xlsx"), arrival(blank, "b.xlsx"))
    assert _text(result) == [
        "【法治政府建设示范市补充材料】报送截止日期是2019年10月25日（还有 1 天）。",
        "截至10月24日 16:05，还没有收到下列材料：",
        "1. 市发改委：填报表（共 2 项：第 2（1）、2（2） 项）",
        "2. 市司法局：第 4 项",
        "3. 市公安局：第 4 项",
        "请尽快报送至 office@example.cn；已经报出的，请与张三（2663225）核对。",
    ]


def test_a_blank_form_that_came_is_not_said_to_be_missing(tmp_path):
    plan = master()
    blank = returned(plan, "03", {}, tmp_path)
    assert "3. 市公安局：第 4 项" in _text(batch(plan, arrival(blank, "b.xlsx")))


def test_an_extension_that_is_over_is_named():
    plan = master()
    late = replace(plan.units[0], extended=date(2019, 10, 27))
    said = _text(batch(master(units=(late, *plan.units[1:])), now=AFTER))
    assert "（已过 3 天）" in said[0]
    assert said[2] == "1. 市发改委：填报表（共 2 项：第 2（1）、2（2） 项）（延期至2019年10月27日）"


@pytest.mark.parametrize(
    ("settings", "first", "last"),
    [
        ({"deadline": None}, "【法治政府建设示范市补充材料】", "请与张三（2663225）核对。"),
        ({"contact": "", "email": ""}, "天）。", "请尽快报送；已经报出的，请与2663225核对。"),
        ({"contact": "", "phone": "", "email": ""}, "天）。", "请与我们核对。"),
    ],
)
def test_what_nobody_has_set_is_left_out(settings, first, last):
    said = _text(batch(master(settings=replace(SETTINGS, **settings))))
    assert said[0].endswith(first)
    assert said[-1].endswith(last)


def test_on_the_last_day_nobody_is_called_late():
    said = _text(batch(master(), now=datetime(2019, 10, 25, 23, 0)))
    assert "（就是今天）" in said[0]
