"""What came in archives, in mails and beside the forms: registered, read, filed as evidence."""

import io
import os
import zipfile
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import openpyxl
import pytest
from samples import AFTER, NOW
from test_flow import NOTICE

from pdsfz_xl import campaign, export, form, frames, ledger
from pdsfz_xl import entry_wording as ew
from pdsfz_xl import master as master_stage
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.form import Filled
from pdsfz_xl.workspace import Workspace

PHOTO = b"\xff\xd8\xff\xe0 a photo"
SCAN = b"%PDF-1.7 a scan"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    ws = Workspace(tmp_path_factory.mktemp("prepared"))
    campaign.init(ws, NOTICE, NOW)
    campaign.generate(ws, NOW)
    return ws.root


@pytest.fixture
def ws(prepared, tmp_path) -> Workspace:
    import shutil

    shutil.copytree(prepared, tmp_path / "任务")
    ws = Workspace(tmp_path / "任务")
    ws.dropzone.mkdir(parents=True, exist_ok=True)
    return ws


def a_return(ws: Workspace, unit: str, **listed: str) -> bytes:
    """A filled form whose 佐证材料 lists files: r11="照片.jpg"; its first key by default."""
    plan = master_stage.read(ws.master)
    code = next(u for u in plan.units if u.name == unit)
    filled = {r.key: Filled("已填报", f"{r.key} 已办理 3 件。") for r in plan.due(code.code)}
    book = openpyxl.load_workbook(io.BytesIO(form.build(plan, code, filled)))
    sheet = book[w.EVIDENCE_SHEET]
    for row, (key, name) in enumerate(listed.items(), 2):
        key = key.removeprefix("r").replace("_", ".")
        requirement = plan.requirement[key]
        sheet.cell(row, 1).value = form.row_code(plan, code.code, requirement)
        sheet.cell(row, 2).value = name
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def zipped(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return data.getvalue()


def mailed(sender: str, *attachments: tuple[str, bytes]) -> bytes:
    mail = EmailMessage()
    mail["From"] = f"办公室 <{sender}>"
    mail["Subject"] = "报送材料"
    mail.set_content("请查收附件。")
    for name, data in attachments:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def drop(ws: Workspace, path: str, data: bytes) -> None:
    target = ws.dropzone / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    os.utime(target, (1, 1))


def keys_of(ws: Workspace, unit: str) -> list[str]:
    plan = master_stage.read(ws.master)
    return [r.key for r in plan.due(next(u.code for u in plan.units if u.name == unit))]


def files(done) -> dict[str, tuple[str, str | None]]:
    return {
        f["path"].removeprefix("out/2-收件/"): (f["verdict"], f["unit"]) for f in done.more["files"]
    }


def filed(ws: Workspace) -> dict[str, bytes]:
    return {
        path.relative_to(ws.evidence).as_posix(): path.read_bytes()
        for path in sorted(ws.evidence.rglob("*"))
        if path.is_file()
    }


def test_a_form_in_an_archive_in_a_mail_is_an_ordinary_return(ws):
    inner = zipped(里层__表_dot_xlsx=a_return(ws, "市审计局"), 里层__说明_dot_pdf=SCAN)
    drop(ws, "来信.eml", mailed("a@example.cn", ("包.zip", inner)))
    done = campaign.collect(ws, NOW)
    assert files(done) == {
        "来信.eml": ("opened", None),
        "来信.eml!/包.zip!/里层/表.xlsx": ("accepted", "市审计局"),
        "来信.eml!/包.zip!/里层/说明.pdf": ("evidence", "市审计局"),
    }
    unit = next(u for u in done.more["units"] if u["name"] == "市审计局")
    assert (unit["status"], unit["files"][0]) == (
        "complete",
        "out/2-收件/来信.eml!/包.zip!/里层/表.xlsx",
    )
    again = campaign.collect(ws, AFTER)
    assert again.more["answers"] == done.more["answers"]
    assert again.arrived == ()


def test_evidence_is_filed_by_requirement_from_wherever_it_lies(ws):
    first, *_ = keys_of(ws, "市审计局")
    form_ = a_return(ws, "市审计局", **{f"r{first.replace('.', '_')}": "照片.jpg"})
    drop(ws, "包.zip", zipped(表_dot_xlsx=form_, 照片_dot_jpg=PHOTO))
    drop(ws, "市审计局/扫描件.pdf", SCAN)
    done = campaign.collect(ws, NOW)
    unit = next(u["code"] for u in done.more["units"] if u["name"] == "市审计局")
    assert filed(ws) == {
        f"{first}/{unit}_市审计局_照片.jpg": PHOTO,
        f"待归项/{unit}_市审计局_扫描件.pdf": SCAN,
    }
    before = {path: (ws.evidence / path).stat().st_mtime_ns for path in filed(ws)}
    campaign.collect(ws, AFTER)
    assert {path: (ws.evidence / path).stat().st_mtime_ns for path in filed(ws)} == before


def test_what_is_evidence_no_more_is_taken_away_unless_somebody_changed_it(ws):
    drop(ws, "市审计局/一.pdf", SCAN)
    drop(ws, "市审计局/二.pdf", SCAN + b"2")
    campaign.collect(ws, NOW)
    one, two = filed(ws)
    (ws.evidence / two).write_bytes(b"somebody wrote here")
    for path in ws.dropzone.rglob("*.pdf"):
        path.unlink()
    campaign.collect(ws, AFTER)
    assert filed(ws) == {two: b"somebody wrote here"}
    assert one != two


def test_a_filed_copy_that_was_deleted_is_made_again(ws):
    drop(ws, "市审计局/一.pdf", SCAN)
    campaign.collect(ws, NOW)
    before = filed(ws)
    for path in ws.evidence.rglob("*.pdf"):
        path.unlink()
    campaign.collect(ws, AFTER)
    assert filed(ws) == before


def test_two_files_of_one_name_are_both_filed(ws):
    drop(ws, "市审计局/甲/照片.jpg", PHOTO)
    drop(ws, "市审计局/乙/照片.jpg", PHOTO + b"2")
    campaign.collect(ws, NOW)
    assert sorted(filed(ws).values()) == [PHOTO, PHOTO + b"2"]


def test_a_held_file_is_neither_archived_nor_filed_nor_its_archive(ws):
    drop(ws, "包.zip", zipped(机密__情况_dot_pdf=SCAN, **{"（机密）方案_dot_pdf": SCAN + b"2"}))
    done = campaign.collect(ws, NOW)
    assert files(done)["包.zip"][0] == "held"
    assert filed(ws) == {}
    assert not [p for p in ws.archive_folder.glob("*") if "包" in p.name]


def test_a_password_that_is_given_opens_what_was_shut(ws):
    import msoffcrypto.format.ooxml as ooxml

    locked = io.BytesIO()
    ooxml.OOXMLFile(io.BytesIO(a_return(ws, "市审计局"))).encrypt("2019", locked)
    drop(ws, "加密.xlsx", locked.getvalue())
    assert files(campaign.collect(ws, NOW)) == {"加密.xlsx": ("rejected", None)}
    done = campaign.collect(ws, NOW, passwords=("错的", "2019"))
    assert files(done) == {"加密.xlsx": ("accepted", "市审计局")}
    # What was read once is remembered: print and status need no password.
    assert "已报齐 1" in str(campaign.status(ws, NOW).said)


def test_what_is_still_being_copied_is_left_for_the_next_run(ws):
    path = ws.dropzone / "表.xlsx"
    path.write_bytes(a_return(ws, "市审计局")[:9000])
    done = campaign.collect(ws, NOW)
    assert files(done) == {"表.xlsx": ("ignored", None)}
    assert "F03" not in {f["rule"] for f in done.more["findings"]}
    os.utime(path, (1, 1))
    assert files(campaign.collect(ws, NOW)) == {"表.xlsx": ("rejected", None)}


def test_a_return_that_is_taken_away_is_said_aloud(ws):
    drop(ws, "表.xlsx", a_return(ws, "市审计局"))
    drop(ws, "别的.pdf", SCAN)
    campaign.collect(ws, NOW)
    (ws.dropzone / "表.xlsx").rename(ws.dropzone / "改名.xlsx")
    moved = campaign.collect(ws, AFTER)
    assert "F10" not in {f["rule"] for f in moved.more["findings"]}
    (ws.dropzone / "改名.xlsx").unlink()
    (ws.dropzone / "别的.pdf").unlink()
    gone = campaign.collect(ws, AFTER)
    [said] = [f for f in gone.more["findings"] if f["rule"] == "F10"]
    assert "表.xlsx" in said["message"]
    assert [p for p in ws.archive_folder.iterdir() if "市审计局" in p.name]


def test_a_copy_of_the_merged_workbook_brings_what_the_clerk_wrote_in_it_when_asked(ws):
    """And never what units wrote: that stands in their own files."""
    drop(ws, "表.xlsx", a_return(ws, "市审计局"))
    campaign.collect(ws, NOW)
    book = openpyxl.load_workbook(ws.merged)
    sheet = book[w.MERGED_SHEET]
    captions = {cell.value: cell.column for cell in sheet[1]}
    row = next(r for r in range(2, 40) if sheet.cell(r, captions[w.ANSWER]).value)
    sheet.cell(row, captions["审核意见"]).value = "在家里写的意见"
    sheet.cell(row, captions[w.ANSWER]).value += "改"
    copy = io.BytesIO()
    book.save(copy)
    drop(ws, "带回来的汇总表.xlsx", copy.getvalue())
    done = campaign.collect(ws, AFTER, copy=str(ws.dropzone / "带回来的汇总表.xlsx"))
    assert files(done)["带回来的汇总表.xlsx"] == ("rejected", None)
    assert {a["source"]["file"] for a in done.more["answers"] if a["source"]} == {
        "out/2-收件/表.xlsx"
    }
    sheet = openpyxl.load_workbook(ws.merged)[w.MERGED_SHEET]
    captions = {cell.value: cell.column for cell in sheet[1]}
    assert sheet.cell(row, captions["审核意见"]).value == "在家里写的意见"
    assert sheet.cell(row, captions[w.PROPOSAL]).value.endswith("改")
    # Taken in once: what the clerk clears afterwards stays clear.
    book = openpyxl.load_workbook(ws.merged)
    book[w.MERGED_SHEET].cell(row, captions["审核意见"]).value = None
    book.save(ws.merged)
    campaign.collect(ws, AFTER)
    sheet = openpyxl.load_workbook(ws.merged)[w.MERGED_SHEET]
    assert sheet.cell(row, captions["审核意见"]).value is None


def test_a_purged_file_is_nowhere_any_more_and_its_hash_is(ws):
    drop(ws, "市审计局/扫描件.pdf", SCAN)
    drop(ws, "另一处/同一份.pdf", SCAN)
    drop(ws, "表.xlsx", a_return(ws, "市审计局"))
    campaign.collect(ws, NOW)
    target = ws.dropzone / "市审计局" / "扫描件.pdf"
    for reason, who in (("", "李四"), ("涉密", " ")):
        with pytest.raises(OperatorError, match="没有清除"):
            campaign.purge(ws, target, reason, who, NOW)
    done = campaign.purge(ws, target, "涉密，按规定处理", "李四", NOW)
    assert len(done.more["removed"]) == 4  # twice received, archived, filed
    everything = [p for p in ws.out.rglob("*") if p.is_file() and p.suffix != ".sqlite"]
    assert not [p for p in everything if SCAN in p.read_bytes()]
    with ledger.opened(ws.ledger, readonly=True) as book:
        assert book.purged() == {done.more["sha256"]}
    after = campaign.collect(ws, AFTER)
    assert list(files(after)) == ["表.xlsx"]
    assert "F10" not in {f["rule"] for f in after.more["findings"]}
    with pytest.raises(OperatorError, match="找不到"):
        campaign.purge(ws, target, "涉密", "李四", NOW)


def test_a_packed_campaign_goes_on_elsewhere(ws, tmp_path):
    drop(ws, "表.xlsx", a_return(ws, "市审计局"))
    drop(ws, "（机密）方案.pdf", SCAN)
    campaign.collect(ws, NOW)
    done = campaign.pack(ws, NOW, tmp_path / "包" / "任务.zip")
    assert ["（机密）方案.pdf" in left["path"] for left in done.more["left_out"]] == [True]
    with zipfile.ZipFile(tmp_path / "包" / "任务.zip") as archive:
        archive.extractall(tmp_path / "另一台")
    there = Workspace(tmp_path / "另一台")
    assert "已报齐 1" in str(campaign.status(there, NOW).said)
    again = campaign.collect(there, NOW)
    assert [a for a in again.more["answers"] if a["text"]] == [
        a for a in campaign.collect(ws, NOW).more["answers"] if a["text"]
    ]


def test_what_went_back_and_what_came_of_it(ws):
    """A text too long goes back; the correction is merged, and both stand side by side."""
    plan = master_stage.read(ws.master)
    unit = next(u for u in plan.units if u.name == "市审计局")
    key = plan.due(unit.code)[0].key
    long = form.build(plan, unit, {key: Filled("已填报", "字" * 1001)})
    drop(ws, "表.xlsx", long)
    campaign.collect(ws, NOW)
    done = campaign.give_back(ws, NOW, date(2019, 11, 1))
    assert done.more["units"] == ["市审计局"]
    back = {p.suffix: p for p in (ws.returns / "2019-10-24").iterdir()}
    assert set(back) == {".xlsx", ".txt", ".docx"}
    assert "超出上限 1000 字共 1 字" in back[".txt"].read_text("utf-8-sig")
    book = openpyxl.load_workbook(back[".xlsx"])
    sheet = book[w.FORM_SHEET]
    row = next(r for r in range(1, 30) if f"-{key}-" in str(sheet.cell(r, 1).value))
    assert sheet.cell(row, form.COLUMN[w.ANSWER] + 1).value == "字" * 1001
    sheet.cell(row, form.COLUMN[w.ANSWER] + 1).value = "改短了 7 项。"
    corrected = io.BytesIO()
    book.save(corrected)
    drop(ws, "改好的.xlsx", corrected.getvalue())
    after = campaign.collect(ws, AFTER)
    answer = next(a for a in after.more["answers"] if a["requirement"] == key and a["text"])
    assert answer["text"] == "改短了 7 项。"
    assert after.more["leftover"] == []
    changed = openpyxl.load_workbook(ws.merged)[w.CHANGED_SHEET]
    captions = {cell.value: cell.column for cell in changed[1]}
    assert changed.cell(2, captions["改前"]).value.startswith("字字")
    assert changed.cell(2, captions["改后"]).value.startswith("改短了")
    assert campaign.collect(ws, AFTER).said[-1].endswith("（没有变化，没有重写）")


def test_what_is_exported_is_ticked_off_and_the_ticks_stay(ws):
    first, *_ = keys_of(ws, "市审计局")
    listed = {f"r{first.replace('.', '_')}": "照片.jpg"}
    drop(ws, "包.zip", zipped(表_dot_xlsx=a_return(ws, "市审计局", **listed), 照片_dot_jpg=PHOTO))
    campaign.collect(ws, NOW)
    campaign.export(ws, NOW)
    path = ws.uploads / "录入清单.xlsx"
    folder = next(p for p in ws.uploads.iterdir() if p.name.startswith(first.split(".")[0]))
    assert [p.read_bytes() for p in folder.rglob("*照片.jpg")] == [PHOTO]
    assert next(folder.glob(f"{first}*.txt")).read_text("utf-8-sig") == f"{first} 已办理 3 件。"
    book = openpyxl.load_workbook(path)
    sheet = book[ew.ENTRY_SHEET]
    captions = {cell.value: cell.column for cell in sheet[1]}
    row = next(r for r in range(2, 40) if sheet.cell(r, captions["编码"]).value == first)
    sheet.cell(row, captions["已录入"]).value = "是"
    book.save(path)
    for _ in range(2):
        campaign.export(ws, AFTER)
        sheet = openpyxl.load_workbook(path)[ew.ENTRY_SHEET]
        assert sheet.cell(row, captions["已录入"]).value == "是"
    (ws.dropzone / "包.zip").unlink()
    campaign.export(ws, AFTER)
    assert not list(ws.uploads.rglob("*照片.jpg"))


def test_tables_of_an_earlier_export_do_not_stay_beside_newer_ones(ws, monkeypatch):
    """Nor is anybody reminded that pyarrow is not installed."""
    campaign.export(ws, NOW)
    stale = [ws.uploads / name for name in export.PARQUET]
    for path in stale:
        path.write_bytes(b"PAR1")
    monkeypatch.setattr(frames, "can_parquet", lambda: False)
    done = campaign.export(ws, AFTER)
    assert not any(path.exists() for path in stale)
    assert "pip install" not in "".join(done.said)


def test_a_large_film_is_never_held_in_memory(tmp_path):
    import tracemalloc

    from pdsfz_xl import collect

    film = tmp_path / "录像.mp4"
    with film.open("wb") as file:
        file.write(b"\0\0\0 ftypisom")
        file.truncate(300 << 20)
    tracemalloc.start()
    manifest = collect.read_return(str(film))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (manifest.rule, peak < 20 << 20) == ("F01", True)
