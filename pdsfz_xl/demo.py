"""The whole loop on the packaged real notice: plays the clerk and the bureaus of October 2019.

Every answer of a bureau says that it is a sample; the same run gives the same bytes every time.
"""

import io
import shutil
import zipfile
from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import campaign, form, handing, printing
from pdsfz_xl import master as master_stage
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.done import Done
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Master, Requirement, Unit
from pdsfz_xl.workspace import Workspace

PREPARED = datetime(2019, 10, 8, 9, 0)
FIRST_COLLECT = datetime(2019, 10, 24, 16, 5)
AFTER_DEADLINE = datetime(2019, 10, 28, 10, 30)

MARKER = "这是演示文件夹.txt"
MARKER_TEXT = "本文件夹由 pdsfz-xl demo 生成，再次运行时会整个重做。请不要在这里存放自己的文件。\n"
LABEL = "【演示样例】"
CLERK = "演示经办人"


class Return(NamedTuple):
    """A file a bureau sends back: where it lands in the drop zone and its bytes."""

    name: str
    data: bytes


def run(folder: Path) -> Done:
    """Play everything in `folder`, which is emptied first if an earlier demo made it.

    Raises OperatorError, and leaves everything as it is, if anything else stands there.
    """
    ws = _fresh(folder)
    notice = ws.root / "通知.txt"
    notice.write_bytes(resources.files("pdsfz_xl").joinpath("data/notice.txt").read_bytes())
    started = campaign.init(ws, notice, PREPARED)
    notice.unlink()
    made = campaign.generate(ws, PREPARED)
    issued = handing.give(ws, PREPARED, w.ISSUE, "", handing.Note(CLERK))
    plan = master_stage.read(ws.master)
    _deliver(ws, _in_time(plan))
    campaign.collect(ws, FIRST_COLLECT)
    printing.print_out(ws, FIRST_COLLECT, printing.Order(submit=True, anyway=True, copies=20))
    _deliver(ws, _too_late(plan))
    collected = campaign.collect(ws, AFTER_DEADLINE)
    called = handing.remind(ws, AFTER_DEADLINE)
    printed = printing.print_out(
        ws, AFTER_DEADLINE, printing.Order(submit=True, anyway=True, copies=20, since=1)
    )
    said = [
        f"演示文件夹：{folder}",
        "", "一、读通知，生成任务分解表", *started.said,
        "", "二、生成各单位填报表", *made.said,
        "", "三、转交给没有邮箱的单位", issued.said[0], issued.said[-1],
        "", "四、各单位报来的文件（演示样例），收集、汇总、审核", *collected.said,
        "", "五、催报", *called.said,
        "", "六、打印", *printed.said,
        "", "请打开看看：",
        f"  {ws.master}　任务分解表，下发前唯一要人改的文件",
        f"  {ws.forms}　各单位的填报表",
        f"  {ws.merged}　汇总表，在这里审核",
        f"  {ws.calls}　催报电话单",
        f"  {ws.pdf}　呈送领导的纸质稿",
    ]  # fmt: skip
    return Done(
        said=tuple(said),
        outputs={
            **started.outputs,
            **made.outputs,
            **issued.outputs,
            **collected.outputs,
            **called.outputs,
            **printed.outputs,
        },
        findings=collected.findings,
        steps=collected.steps,
        next_step="回到自己的文件夹，运行 pdsfz-xl init 通知文件",
        more={k: v for k, v in collected.more.items() if k not in ("outputs", "findings")},
    )


def _fresh(folder: Path) -> Workspace:
    marker = folder / MARKER
    try:
        if folder.exists() and not folder.is_dir():
            raise OperatorError(f"{folder} 是一个文件，演示没有开始；请换一个文件夹。")
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not marker.exists():
            raise OperatorError(f"{folder} 里已有别的文件，演示没有开始；请换一个文件夹。")
        # First in and never out: a demo that was stopped half-way is still known as one.
        marker.write_text(MARKER_TEXT, "utf-8", newline="\n")
        _empty(folder, besides=marker)
    except OSError as error:
        raise OperatorError(
            f"演示文件夹 {folder} 用不了（{error.strerror}）；"
            "请关闭里面打开的文件，或者换一个文件夹，再重新运行。"
        ) from error
    return Workspace(folder, mark="demo")


def _empty(folder: Path, besides: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != besides:
            path.unlink()


def _deliver(ws: Workspace, returns: Iterator[Return]) -> None:
    for name, data in returns:
        path = ws.dropzone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


# --- the bureaus ---------------------------------------------------------------------------


def _in_time(plan: Master) -> Iterator[Return]:
    """What arrives before the deadline: whole, halved, twice, too long, altered, refused, blank."""
    unit = {u.name: u for u in plan.units}
    complete = unit["市发改委"]
    yield _filled(plan, complete, "市发改委填报表.xlsx", _all(plan, complete))
    over = unit["市自然资源和规划局"]
    answers = _all(plan, over)
    first = plan.due(over.code)[0]
    answers[first.key] = Filled(w.ANSWERED, sample(over, first, 1080))
    yield _filled(plan, over, "自然资源局/上报.xlsx", answers)
    law = unit["市司法局"]
    parts = list(_all(plan, law).items())
    half = len(parts) // 2
    yield _filled(plan, law, "司法局/执法监督科.xlsx", dict(parts[:half]))
    yield _filled(plan, law, "司法局/依法行政科.xlsx", dict(parts[half:]))
    office = unit["市政府办公室"]
    yield _filled(plan, office, "市政府办公室.xlsx", _all(plan, office))
    audit = unit["市审计局"]
    yield _filled(plan, audit, "微信文件(3).xlsx", _all(plan, audit))
    statistics = unit["市统计局"]
    twice = form.build(plan, statistics, _all(plan, statistics))
    yield Return("市统计局填报表.xlsx", twice)
    yield Return("市统计局填报表(1).xlsx", twice)
    police = unit["公安局"]
    due = plan.due(police.code)[0]
    data = form.build(plan, police, _all(plan, police))
    yield Return("公安局.xlsx", _reworded(data, due.material, "本单位举办专题培训班的信息报道。"))
    yield Return(
        "生态环境局情况说明.docx", _word_file(f"{LABEL}生态环境局依法行政专题培训情况说明")
    )
    traffic = unit["交通运输局"]
    reason = f"{LABEL}依法行政培训由市司法局统一组织，建议由市司法局填报。"
    refusal = {r.key: Filled(w.NOT_OURS, reason) for r in plan.due(traffic.code)}
    yield _filled(plan, traffic, "交通运输局填报表.xlsx", refusal)
    farming = unit["农业农村局"]
    yield _filled(plan, farming, "农业农村局（空表）.xlsx", {})
    # 市场监管局 sends nothing at all.


def _too_late(plan: Master) -> Iterator[Return]:
    """After the deadline: a correction and a first return."""
    unit = {u.name: u for u in plan.units}
    office = unit["市政府办公室"]
    answers = _all(plan, office)
    key = next(iter(answers))
    corrected = answers[key]._replace(
        text=f"{answers[key].text}\n（更正：以上数字截至2019年7月31日。）"
    )
    yield _filled(plan, office, "市政府办公室（更正）.xlsx", {**answers, key: corrected})
    city = unit["城市管理局"]
    yield _filled(plan, city, "城市管理局填报表.xlsx", _all(plan, city))


def _filled(plan: Master, unit: Unit, name: str, answers: dict[str, Filled]) -> Return:
    return Return(name, form.build(plan, unit, answers))


def _all(plan: Master, unit: Unit) -> dict[str, Filled]:
    return {
        requirement.key: Filled(
            w.ANSWERED,
            sample(unit, requirement, 300 + 7 * requirement.number),
            1286.0 + requirement.number if requirement.kind == w.FIGURES else None,
        )
        for requirement in plan.due(unit.code)
    }


def sample(unit: Unit, requirement: Requirement, length: int) -> str:
    """A plainly labelled text of at least `length` counted characters, in whole sentences."""
    year = requirement.start.year if requirement.start else 2019
    topic = requirement.material.rstrip("。").split("年")[-1].removeprefix("以来")
    head = f"{LABEL}{unit.name}围绕“{texts.brief(topic, 40)}”开展工作。\n"
    sentences = (
        f"{year}年以来，{unit.name}制定措施 {requirement.number + 3} 项，"
        f"召开专题会议 {requirement.number % 5 + 2} 次。",
        f"组织培训 {requirement.number % 4 + 1} 期，参训 {120 + 7 * requirement.number} 人次。",
        f"{unit.name}对第{requirement.number}项要求逐条对照，发现问题 "
        f"{requirement.number % 6 + 1} 个，已全部整改。",
        "下一步将继续完善制度，压实责任，巩固成效。",
    )
    said = head
    turn = 0
    while texts.count(said) < length:
        said += sentences[turn % len(sentences)]
        turn += 1
    return said


def _reworded(data: bytes, old: str, new: str) -> bytes:
    """The workbook after somebody unprotected it and wrote over a locked text."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(buffer, "w") as after:
        for part in before.infolist():
            content = before.read(part)
            if part.filename == "xl/sharedStrings.xml":
                content = content.replace(old.encode(), new.encode())
            after.writestr(part, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _word_file(text: str) -> bytes:
    """A small Word file that is no form, with fixed dates in its package."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    rels = "application/vnd.openxmlformats-package.relationships+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Default Extension="rels" ContentType="{rels}"/>'
        f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body><w:p><w:r>'
        f"<w:t>{text}</w:t></w:r></w:p></w:body></w:document>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, f'<?xml version="1.0" encoding="UTF-8"?>{content}'.encode())
    return buffer.getvalue()
