"""The catalogue: every check with its permanent code, its class, its words and its function.

A rule judges a `Batch` and yields `Hit`s; `run` turns them into sorted findings. Codes are never
reused. `declare` is for facts that are found while a file or the master is being read: they have
no function of their own here, but the same words in the same place. One long page on purpose: it
is the page people look a code up in.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pdsfz_xl import outcome
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import (
    Answer,
    Batch,
    Finding,
    Master,
    Received,
    Requirement,
    Row,
    Where,
)
from pdsfz_xl.outcome import Outcome, Source, State
from pdsfz_xl.states import (
    CellKind,
    CodeCheck,
    FoundBy,
    Grade,
    Reply,
    ReviewVerdict,
    UnitStatus,
    Verdict,
)
from pdsfz_xl.units import Names, is_yes


class Hit(NamedTuple):
    """One place where a rule speaks. `unit` is a code, `requirement` a key, or empty."""

    where: Where
    unit: str
    requirement: str
    context: dict[str, object]
    subject: str = ""
    """What tells it from other hits of the rule at the same unit and requirement."""


Check = Callable[[Batch], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`message` and `fix` are Chinese sentences with the placeholders of the rule's context."""

    code: str
    grade: Grade
    title: str
    message: str
    fix: str
    why: str
    check: Check | None = None


_catalogue: dict[str, Rule] = {}


def _add(rule: Rule) -> None:
    if rule.code in _catalogue:
        raise ValueError(f"rule {rule.code} is there already")
    _catalogue[rule.code] = rule


def rule(code: str, grade: str, title: str, message: str, fix: str) -> Callable[[Check], Check]:
    """Register a check of a batch; its docstring is published in the rule table."""

    def register(check: Check) -> Check:
        _add(Rule(code, Grade(grade), title, message, fix, (check.__doc__ or "").strip(), check))
        return check

    return register


def declare(code: str, grade: str, title: str, message: str, fix: str, why: str) -> None:
    """Register a fact that is found elsewhere and said through `finding`."""
    _add(Rule(code, Grade(grade), title, message, fix, why))


# --- F: the file ---------------------------------------------------------------------------


def _refused(code: str, grade: str, title: str, message: str, fix: str, why: str) -> None:
    """A file-level rule: it speaks for every received file the reader gave this code."""

    def check(batch: Batch) -> Iterator[Hit]:
        for file in batch.received:
            if file.rule == code:
                yield Hit(Where(file.path), file.unit, "", {"detail": file.message})

    _add(Rule(code, Grade(grade), title, message, fix, why, check))


_refused(
    "F01",
    "A",
    "不是电子表格",
    "“{file}”不是电子表格（{detail}），里面的内容没有被读取",
    "请填报单位用下发的填报表（.xlsx）填写后重新报送；如确需采用，请在汇总表中代录",
    "收件夹里什么都可能有。不是表格的文件原样留存，不猜测其内容。",
)
_refused(
    "F02",
    "A",
    "有打开密码",
    "“{file}”设了打开密码，无法读取",
    "请填报单位去掉打开密码后重新报送",
    "加密的文件谁也读不了，必须请对方去掉密码。",
)
_refused(
    "F03",
    "A",
    "文件损坏",
    "“{file}”已损坏或不完整（{detail}），无法读取",
    "请填报单位重新发送原文件",
    "下载或传输中断的文件宁可退回，也不读一半。",
)
_refused(
    "F04",
    "A",
    "别的任务的填报表",
    "“{file}”是另一个填报任务（{detail}）的表，没有采用",
    "请核对文件，报送本次任务的填报表",
    "编号里的任务代码与本任务不同；去年的表不能当作今年的答案。",
)
_refused(
    "F06",
    "A",
    "不是本任务的填报表",
    "“{file}”能打开，但{detail}，没有采用",
    "请用下发的填报表填写；如内容确属本任务，请在收件登记的“归属单位”中指定或代录",
    "没有编号、也对不上文字的表不归到任何单位名下。",
)
_refused(
    "F07",
    "A",
    "格式暂不能读",
    "“{file}”目前不能读取（{detail}）",
    "请用 Excel 或 WPS 打开，另存为 .xlsx 后重新放入收件夹；压缩包请解压后放入",
    "能读各种 Excel、WPS、LibreOffice 表格和 Word、网页里的表；其余格式请先另存或解压。",
)
_refused(
    "F08",
    "A",
    "超出安全限度",
    "“{file}”超出安全限度（{detail}），已停止读取",
    "请填报单位用下发的填报表重新填写，不要粘贴整列或大图",
    "体积、内存、时间和单元格数都有上限，一份坏文件不能拖垮其余四十份。",
)


@rule(
    "F05",
    "C",
    "旧版填报表",
    "{item}用的是旧版填报表，表中文字与现行任务分解表不同，答案照常采用",
    "请核对所报内容是否仍符合现在的要求",
)
def older_form(batch: Batch) -> Iterator[Hit]:
    """文字与任务分解表不符、校验位却与表内文字相符：是旧版表，不是改动。答案照常计入。"""
    for row in batch.rows:
        if row.check == CodeCheck.OLDER:
            yield _at(row)


@rule(
    "F09",
    "C",
    "部分内容没有读到",
    "“{file}”里有{parts}，这些内容没有读入汇总表",
    "请打开存档里的原件核对；需要采用的请代录，或请填报单位写进情况说明后重报",
)
def partly_read(batch: Batch) -> Iterator[Hit]:
    """只读单元格、批注和文本框；图片、嵌入文件等不读，但说出来，免得有人把答案写在那里。"""
    for file in batch.received:
        kinds = dict.fromkeys(flag.partition(":")[0] for flag in file.flags)
        parts = [w.UNREAD[kind] for kind in kinds if kind in w.UNREAD]
        if parts and file.verdict == Verdict.ACCEPTED:
            yield Hit(Where(file.path), file.unit, "", {"parts": "、".join(parts)})


@rule(
    "F10",
    "C",
    "收过的材料不见了",
    "“{file}”{seen} 收到过，现在不在收件夹里，里面的内容不再计入",
    "有意撤回的不用管；否则请从 out/存档 找回原件放回收件夹",
)
def withdrawn(batch: Batch) -> Iterator[Hit]:
    """算数的是收件夹里现在有什么；读过的报送材料少了一份要说出来，不能悄悄变少。"""
    for gone in batch.withdrawn:
        yield Hit(Where(gone.path), "", "", {"seen": f"{gone.first_seen:%Y-%m-%d %H:%M}"})


_refused(
    "F11",
    "B",
    "汇总表副本",
    "“{file}”是汇总表的副本，不当作报送材料，里面写的一概没有采用",
    "要采用经办人在里面写的，请运行 pdsfz-xl collect --review 文件（压缩包里的先解压）；"
    "然后把它移出收件夹",
    "收件夹里的东西都是外面来的，只能替单位填报，不能替办公室说话；哪一份汇总表算数，由经办人指明。",
)


# --- I: whose it is ------------------------------------------------------------------------


@rule(
    "I01",
    "B",
    "一份文件里有几个单位",
    "“{file}”里有{units}的编号，各行按编号归到各单位",
    "请核对是否有单位误填了别人的表",
)
def two_units(batch: Batch) -> Iterator[Hit]:
    """编号才算数：同一文件里不同单位的行各归各，文件本身不归任何单位。"""
    units: dict[str, dict[str, Where]] = defaultdict(dict)
    for row in batch.rows:
        if row.by == FoundBy.CODE:
            units[row.where.file].setdefault(row.unit, row.where)
    for file, found in sorted(units.items()):
        if len(found) > 1:
            names = "、".join(batch.master.unit[u].name for u in sorted(found))
            yield Hit(max(found.values()), "", "", {"units": names, "file": file})


_FOUND_BY = {FoundBy.CODE: "编号", FoundBy.TEXT: "指标文字", FoundBy.NUMBER: "序号"}


@rule(
    "I02",
    "C",
    "编号有误",
    "编号“{row_code}”有误（{why}），{outcome}",
    "请核对这一行填的是哪个单位、哪一项",
)
def mistaken_code(batch: Batch) -> Iterator[Hit]:
    """编号抄错或改动过：文字对得上的按文字认定，单位或编码不认识又对不上的列入未对应上的内容。"""
    for row in batch.rows:
        if row.check == CodeCheck.WRONG and not _identity_altered(row):
            by = _FOUND_BY[row.by]
            outcome = f"已按{by}认定为{_item(batch.master, row.requirement)}，答案照常采用"
            yield _at(row, row_code=row.code, why="校验不符", outcome=outcome)
    for place in batch.unknown:
        said = {"row_code": place.code, "why": "没有这个单位或编码，或校验不符"}
        said["outcome"] = "这一行的内容列在“未对应上的内容”"
        yield Hit(place.where, "", "", dict(said))


@rule(
    "I03",
    "C",
    "没有编号",
    "{item}没有可用的编号，按{by}认定",
    "请核对这一行是否确为该填报项",
)
def no_code(batch: Batch) -> Iterator[Hit]:
    """整块复制时编号常常丢失；按三级指标和填报材料的文字、再按序号认定，并说出来。"""
    for row in batch.rows:
        if row.by != FoundBy.CODE and not row.code:
            yield _at(row, by=_FOUND_BY[row.by])


@rule(
    "I04",
    "B",
    "不是该单位的填报项",
    "{unit}填了{item}，但任务分解表没有把它分给该单位，内容列在“未对应上的内容”",
    "请核对责任单位；如应由该单位填报，请修改任务分解表",
)
def not_assigned(batch: Batch) -> Iterator[Hit]:
    """分工变了或填错了表：内容另存，不丢弃，也不顶替别人的答案。"""
    for row in batch.rows:
        if not row.assigned and row.said:
            yield _at(row)


# --- G: gaps -------------------------------------------------------------------------------


@rule(
    "G01",
    "A",
    "未报",
    "{unit}还没有报送任何材料，应报 {due} 项",
    "请催报；联系人和电话见任务分解表的责任单位表",
)
def sent_nothing(batch: Batch) -> Iterator[Hit]:
    """单位整体未报。无需报送的单位不算。"""
    for standing in batch.standings:
        if standing.status == UnitStatus.MISSING:
            where = _unit_row(batch.master, standing.unit)
            yield Hit(where, standing.unit, "", {"due": standing.assigned})


@rule(
    "G02",
    "A",
    "漏填",
    "{unit}的{item}没有填写",
    "请填写情况说明；确无此情况的，在填报情况中选“无此情况”并写明理由",
)
def blank_answer(batch: Batch) -> Iterator[Hit]:
    """单位报了表，但这一项是空的，或只选了“已填报”没有写。"""
    for answer in _unanswered(batch):
        if _choice(answer) not in (w.NOTHING, w.NOT_OURS) and not answer.unconfirmed:
            where = _requirement_row(batch.master, answer.requirement)
            yield Hit(where, answer.unit, answer.requirement, {})


@rule(
    "G03",
    "A",
    "整表空白",
    "{unit}报来的表是空白的，应报 {due} 项都没有填写",
    "请核对是否发错了文件，填写后重新报送",
)
def blank_form(batch: Batch) -> Iterator[Hit]:
    """空白表退回来不等于报送，单独列出，免得当作已报。"""
    spoke = _spoke(batch)
    for standing in batch.standings:
        if standing.status == UnitStatus.PARTIAL and standing.unit not in spoke:
            where = _unit_row(batch.master, standing.unit)
            yield Hit(where, standing.unit, "", {"due": standing.assigned})


@rule(
    "G04",
    "B",
    "迟报",
    "{unit}的材料在 {received} 才收到，晚于截止日期 {deadline}，涉及 {late} 项",
    "如有特殊情况，请在责任单位表填写“延期至”和批准人，或在收件登记填写实际收到时间",
)
def late(batch: Batch) -> Iterator[Hit]:
    """以实际收到时间为准，没有登记的以首次见到文件的时间为准；截止日当天 24 时前不算迟。"""
    by_unit: dict[str, list[Answer]] = defaultdict(list)
    for answer in batch.answers:
        if answer.late:
            by_unit[answer.unit].append(answer)
    for unit, answers in by_unit.items():
        last = max(answers, key=lambda a: (a.received or batch.now, a.requirement))
        deadline = batch.master.deadline(batch.master.unit[unit])
        yield Hit(
            last.source or _unit_row(batch.master, unit),
            unit,
            "",
            {
                "received": f"{last.received:%Y-%m-%d %H:%M}",
                "deadline": deadline,
                "late": len(answers),
            },
        )


@rule(
    "G05",
    "B",
    "没有写理由",
    "{unit}的{item}选了“{choice}”，但没有写理由",
    "请在情况说明中写明理由；非本单位职责的，请写明建议由哪个单位填报",
)
def no_reason(batch: Batch) -> Iterator[Hit]:
    """“无此情况”和“非本单位职责”写明理由才算答复。"""
    for answer in _unanswered(batch):
        if (choice := _choice(answer)) in (w.NOTHING, w.NOT_OURS):
            where = answer.versions[-1].where
            yield Hit(where, answer.unit, answer.requirement, {"choice": choice})


@rule(
    "G06",
    "A",
    "上次填报没有确认",
    "{unit}的{item}是表里带来的上次填报，没有人选过填报情况",
    "请核对情况说明，仍适用的在填报情况中选定，不适用的改写",
)
def not_confirmed(batch: Batch) -> Iterator[Hit]:
    """带着上次内容下发的表，选过填报情况或改过文字才算报了；原样退回的不算。"""
    for answer in batch.answers:
        if answer.unconfirmed:
            yield Hit(answer.versions[-1].where, answer.unit, answer.requirement, {})


@rule(
    "G07",
    "C",
    "上次填报被清空",
    "{unit}的{item}表里带来过上次填报，报回来时是空的",
    "请核对是有意删去还是误删；先前报过的文字仍在汇总表或存档里",
)
def emptied(batch: Batch) -> Iterator[Hit]:
    """空白不会冲掉已经写了的；只有带着上次内容下发的表，清空才算删除，说出来由人定。"""
    for row in batch.rows:
        if row.emptied:
            yield _at(row)


# --- L: length -----------------------------------------------------------------------------


@rule(
    "L01",
    "A",
    "超出字数上限",
    "{unit}的{item}写了 {count} 字，超出上限 {limit} 字共 {over} 字",
    "请压缩到 {limit} 字以内（不计空格和换行）",
)
def too_long(batch: Batch) -> Iterator[Hit]:
    """字数是不计空白的字符数，与填报表的字数栏、数据验证和纸质稿同一口径。"""
    for answer, requirement in _written(batch):
        wrote = outcome.of_assignment(batch, answer, raw=True)
        if wrote.excess:
            yield _of(answer, **_length(wrote, requirement))


@rule(
    "L02",
    "D",
    "超出建议字数",
    "{unit}的{item}写了 {count} 字，建议不超过 {advised} 字（上限 {limit} 字）",
    "能精简的请精简；不改也可以",
)
def longer_than_advised(batch: Batch) -> Iterator[Hit]:
    """通知要求一般不超过建议字数；超出但没有超过上限的只作提示。"""
    for answer, requirement in _written(batch):
        if requirement.advised < answer.count <= requirement.limit:
            yield _of(
                answer, count=answer.count, advised=requirement.advised, limit=requirement.limit
            )


@rule(
    "L03",
    "A",
    "定稿文本或修改稿超字数",
    "{unit}{item}的{text}有 {count} 字，超出上限 {limit} 字共 {over} 字",
    "请在汇总表的“{sheet}”表压缩；平台按上限收",
)
def office_text_too_long(batch: Batch) -> Iterator[Hit]:
    """定稿文本和修改稿是上报平台的文字，同样受字数上限约束。"""
    for requirement in batch.master.requirements:
        final = outcome.of_requirement(batch, requirement)
        if final.excess and final.source is Source.FINAL:
            yield _office_text(batch, "", requirement, final)
        for duty in requirement.duties:
            stands = outcome.of_assignment(batch, batch.answer[duty.unit, requirement.key])
            if stands.excess and stands.source is Source.REVISION:
                yield _office_text(batch, duty.unit, requirement, stands)


def _office_text(batch: Batch, unit: str, requirement: Requirement, stands: Outcome) -> Hit:
    sheet = w.MERGED_SHEET if unit else w.FINAL_SHEET
    context = {"text": stands.source, "sheet": sheet, **_length(stands, requirement)}
    return Hit(Where(batch.merged_path, sheet), unit, requirement.key, context)


def _length(stands: Outcome, requirement: Requirement) -> dict[str, object]:
    return {"count": stands.count, "limit": requirement.limit, "over": stands.excess}


@rule(
    "L04",
    "C",
    "定稿文本计空格超字数",
    "{item}的定稿文本计空格有 {blanks} 字，超出上限 {limit} 字（不计空格 {count} 字）",
    "请核实平台怎样计数；计空格的，请在“定稿”表删去多余的空格",
)
def final_too_long_with_blanks(batch: Batch) -> Iterator[Hit]:
    """字数上限不计空格，平台却可能计；正好卡在中间的定稿先说出来，免得录入时才发现。"""
    for requirement in batch.master.requirements:
        said = batch.written(w.FINAL_SHEET, requirement.key, w.FINAL_TEXT)
        count, blanks = texts.count(said), texts.count_with_blanks(said)
        if count <= requirement.limit < blanks:
            context = {"count": count, "blanks": blanks, "limit": requirement.limit}
            yield Hit(Where(batch.merged_path, w.FINAL_SHEET), "", requirement.key, dict(context))


# --- V: values -----------------------------------------------------------------------------


@rule(
    "V01",
    "A",
    "缺少数字",
    "{unit}的{item}要求填数量，{found}",
    "请在数量栏填写阿拉伯数字，单位和说明写在情况说明里",
)
def number_missing(batch: Batch) -> Iterator[Hit]:
    """填报类型为“数据”的项必须有一个数。"""
    for answer, requirement in _written(batch):
        asked = requirement.kind == w.FIGURES and not answer.keyed
        if asked and answer.status == w.ANSWERED and answer.number is None:
            last = answer.versions[-1] if answer.versions else None
            wrong = last.number_text if last else ""
            where = (last.number_where if last and wrong else None) or answer.source or Where()
            found = f"“{texts.brief(wrong)}”不是不小于 0 的数" if wrong else "数量栏是空的"
            yield Hit(where, answer.unit, answer.requirement, {"found": found})


@rule(
    "V02",
    "C",
    "含控制字符",
    "{unit}的{item}含有看不见的控制字符（{found}），打印时以代号显示",
    "请核对原文；从网页或其他软件粘贴时请只粘贴文本",
)
def control_characters(batch: Batch) -> Iterator[Hit]:
    """控制字符原样保留，但纸上看不见，所以说出来。"""
    for answer, _ in _written(batch):
        if found := texts.controls(answer.text):
            yield _of(answer, found="、".join(found))


@rule(
    "V03",
    "C",
    "不是文本",
    "{unit}的{item}的单元格里是{found}，按“{shown}”读取",
    "请核对是否与原意一致；粘贴时请用“只粘贴文本”",
)
def not_text(batch: Batch) -> Iterator[Hit]:
    """粘贴会改掉单元格的文本格式：00123 变成 123，1-2 变成日期。读到什么就说什么。"""
    names = {CellKind.NUMBER: "数值", CellKind.DATE: "日期", CellKind.BOOL: "逻辑值"}
    for answer, _ in _written(batch):
        kind = _cell_kind(answer)
        if kind in names:
            yield _of(answer, found=names[kind], shown=texts.brief(answer.text))


@rule(
    "V04",
    "B",
    "公式或错误值",
    "{unit}的{item}的单元格里是{found}“{shown}”，不是文字",
    "请用 Excel 或 WPS 打开并保存一次，或改为直接填写文字",
)
def formula_or_error(batch: Batch) -> Iterator[Hit]:
    """没有结果的公式和 #N/A 之类的错误值不能当作空白，也不能当作答案，原样列出。"""
    names = {CellKind.FORMULA: "没有结果的公式", CellKind.ERROR: "错误值"}
    for answer, _ in _written(batch):
        kind = _cell_kind(answer)
        if kind in names:
            yield _of(answer, found=names[kind], shown=texts.brief(answer.text))


@rule(
    "V05",
    "C",
    "填报情况不在选项内",
    "{unit}的{item}的填报情况写的是“{choice}”",
    "请从下拉列表中选择“已填报”“无此情况”或“非本单位职责”",
)
def unknown_choice(batch: Batch) -> Iterator[Hit]:
    """粘贴会绕过下拉列表；选项之外的字照原样显示，按是否写了情况说明判断。"""
    for answer in batch.answers:
        choice = _choice(answer)
        if choice and choice not in w.CHOICES:
            where = answer.versions[-1].where
            yield Hit(where, answer.unit, answer.requirement, {"choice": texts.brief(choice)})


# --- T: time -------------------------------------------------------------------------------


@rule(
    "T01",
    "C",
    "佐证日期超出范围",
    "{unit}的{item}的佐证材料“{name}”日期是 {date}，不在 {start} 至 {end} 之间",
    "请核对日期，或换用时间范围内的材料",
)
def evidence_outside(batch: Batch) -> Iterator[Hit]:
    """时间范围取该项的材料起止日期，没有的取任务设置。"""
    for piece in batch.evidence:
        requirement = batch.master.requirement.get(piece.requirement)
        if requirement is None or not re.fullmatch(r"\d{4}-\d\d-\d\d", piece.date):
            continue
        start, end = _period(batch.master, requirement)
        if (start and piece.date < start) or (end and piece.date > end):
            yield Hit(
                piece.where,
                piece.unit,
                piece.requirement,
                {
                    "name": texts.brief(piece.name),
                    "date": piece.date,
                    "start": start or "不限",
                    "end": end or "不限",
                },
                f"{piece.name} {piece.date}",
            )


@rule(
    "T02",
    "C",
    "文中年份超出范围",
    "{unit}的{item}写到了 {years}，要求的时间范围是 {start} 至 {end}",
    "请核对所写情况是否在要求的时间范围内",
)
def years_outside(batch: Batch) -> Iterator[Hit]:
    """文中出现范围以外的年份，多半是照搬了往年的总结；引用文件年份的可以不改。"""
    for answer, requirement in _written(batch):
        start, end = _period(batch.master, requirement)
        years = sorted(set(re.findall(r"(?<!\d)((?:19|20)\d\d)年", answer.text)))
        wrong = [y for y in years if (start and y < start[:4]) or (end and y > end[:4])]
        if wrong:
            said = "、".join(f"{y}年" for y in wrong)
            yield _of(answer, years=said, start=start or "不限", end=end or "不限")


# --- E: evidence ---------------------------------------------------------------------------


@rule(
    "E01",
    "B",
    "佐证材料不足",
    "{unit}的{item}要求至少 {least} 件佐证材料，列了 {listed} 件",
    "请在佐证材料表中补列，并随表报送",
)
def too_few_pieces(batch: Batch) -> Iterator[Hit]:
    """件数按佐证材料表统计：写了件数的按件数，没写的每行一件；同名同日的几次登记只算一次。"""
    listed: dict[tuple[str, str], dict[tuple[str, str], int]] = defaultdict(dict)
    for piece in batch.evidence:
        known = listed[piece.unit, piece.requirement]
        name = (piece.name, piece.date)
        known[name] = max(piece.pieces, known.get(name, 0))
    for answer, requirement in _written(batch):
        have = sum(listed[answer.unit, answer.requirement].values())
        if answer.status == w.ANSWERED and have < requirement.pieces:
            yield _of(answer, least=requirement.pieces, listed=have)


@rule(
    "E02",
    "C",
    "列了但没有收到",
    "{unit}的{item}在佐证材料表列了“{name}”，但没有收到这个文件",
    "请填报单位补报该文件（文件名与佐证材料表一致），或确认已交纸质件",
)
def not_delivered(batch: Batch) -> Iterator[Hit]:
    """收件夹、压缩包和邮件里的文件按文件名与佐证材料表对应，“(1)”“副本”之类不算不同。"""
    for piece in batch.evidence:
        if piece.name and not piece.file:
            said: dict[str, object] = {"name": texts.brief(piece.name)}
            yield Hit(piece.where, piece.unit, piece.requirement, said, piece.name)


# --- R, X: altered, contradicting ----------------------------------------------------------


@rule(
    "R01",
    "C",
    "改动了锁定的文字",
    "{unit}的{item}改动了锁定的“{caption}”，表里写的是“{found}”；汇总以任务分解表为准，答案照常采用",
    "请核对答案是否仍对应原来的要求",
)
def locked_text_altered(batch: Batch) -> Iterator[Hit]:
    """锁定列从不当作事实读回，只与任务分解表比对。旧版表不在此列。"""
    for row in batch.rows:
        for caption, cell, found in row.altered:
            hit = _at(row, cell, caption=caption, found=texts.brief(found))
            yield hit._replace(subject=f"{caption} {found}")


@rule(
    "X01",
    "B",
    "多次报送不一致",
    "{unit}的{item}收到 {versions} 个不同的版本，暂按较晚的一份",
    "请在汇总表“多次报送不一致”的“采用”栏选定一个版本",
)
def versions_differ(batch: Batch) -> Iterator[Hit]:
    """相同的合并，只有一份非空的采用；内容不同的两份都留着，由经办人定，定之前纸上注“待定”。"""
    for answer in batch.answers:
        if answer.open_conflict:
            yield _of(answer, versions=len(answer.versions))


@rule(
    "X03",
    "D",
    "按较晚的一份更正",
    "{unit}的{item}按较晚的一份，较早的列为“不再采用”：两份的其余内容大多一字不差，没有一项变空",
    "如较早的一份才对，请在“多次报送不一致”的“采用”栏选定",
)
def presumed_correction(batch: Batch) -> Iterator[Hit]:
    """单位常在自己报过的表上改几项再报一次；看得出是接着改的就按较晚的，看不出的列为不一致。"""
    for answer in batch.answers:
        if answer.presumed and not answer.open_conflict:
            yield _of(answer)


@rule(
    "X02",
    "B",
    "修改稿之后答案又变了",
    "{unit}的{item}写好修改稿以后，单位的答案又变了；{now}",
    "请对照新答案核对修改稿；改一下修改稿或审核意见即解除",
)
def revision_outdated(batch: Batch) -> Iterator[Hit]:
    """修改稿代替单位原文上纸；原文变了而修改稿没变，领导看到的就是旧话。"""
    for answer in batch.answers:
        if answer.stale:
            stands = outcome.of_assignment(batch, answer)
            if stands.source is Source.REVISION:
                yield _of(answer, now=_REVISION_NOW[stands.state is State.UNDECIDED])


_REVISION_NOW = {
    False: "打印仍用修改稿，上报前注“待复审”",
    True: "版本选定以前，打印和上报都是“待定”，修改稿与各版本一并列出",
}


# --- S: the text itself --------------------------------------------------------------------

_FILLER = re.compile(
    r"(无|没有|暂无|同上|略|见附件|详见附件|见附表|详见佐证材料|符合要求|已完成|已落实|按要求完成|不涉及)"
    r"[。.！!]?"
)
_FIGURE = re.compile(r"[0-9０-９]|[一二三四五六七八九十百千万两]+(?:[次个件份名人场项期部]|余)")


@rule(
    "S01",
    "B",
    "敷衍的文字",
    "{unit}的{item}只写了“{found}”",
    "请写明具体工作情况；确无此情况的，填报情况选“无此情况”并写明理由",
)
def filler(batch: Batch) -> Iterator[Hit]:
    """“无”“同上”“详见附件”不是情况说明，领导看到的纸上等于空白。"""
    for answer, _ in _written(batch):
        if answer.status == w.ANSWERED and _FILLER.fullmatch(texts.squash(answer.text)):
            yield _of(answer, found=texts.brief(answer.text))


@rule(
    "S02",
    "C",
    "与其他单位雷同",
    "{unit}的{item}有一段与{other}的{other_item}相同：“{found}”",
    "请核对是否互相照抄",
)
def same_paragraph(batch: Batch) -> Iterator[Hit]:
    """不少于 40 字的整段相同才提示；同一单位自己的几项之间不比。"""
    seen: dict[str, Answer] = {}
    for answer, _ in _written(batch):
        for paragraph in answer.text.split("\n"):
            plain = texts.squash(paragraph)
            if len(plain) < 40:
                continue
            first = seen.setdefault(plain, answer)
            if first.unit != answer.unit:
                yield _of(
                    answer,
                    other=batch.master.unit[first.unit].name,
                    other_item=_item(batch.master, first.requirement),
                    found=texts.brief(paragraph),
                )
                break


@rule(
    "S03",
    "D",
    "没有一个数字",
    "{unit}的{item}全文没有一个数字",
    "能用数字说明的请补充时间、次数、人数等",
)
def no_figure(batch: Batch) -> Iterator[Hit]:
    """情况说明要具体；一个数字都没有的提示一下，不强求。"""
    for answer, _ in _written(batch):
        if answer.status == w.ANSWERED and not _FIGURE.search(answer.text):
            yield _of(answer)


# --- N, P: not ours, not allowed -----------------------------------------------------------


@rule(
    "N01",
    "B",
    "非本单位职责",
    "{unit}认为{item}不是本单位职责：“{found}”",
    "请在汇总表“责任单位调整”中写处理意见，需要改派的填写改派单位",
)
def not_our_duty(batch: Batch) -> Iterator[Hit]:
    """写明理由即算答复、不再催报，但一直挂着，直到办公室决定。"""
    for answer in batch.answers:
        if answer.status == w.NOT_OURS and answer.answered:
            key = batch.master.key(answer.unit, answer.requirement)
            if not batch.written(w.REASSIGN_SHEET, key, "处理意见"):
                yield _of(answer, found=texts.brief(answer.text))


CLASSIFIED = re.compile(
    r"(绝密|机密|秘密)\s*[★☆]|密级\s*[:：]\s*(绝密|机密|秘密)|[（(【\[](绝密|机密|秘密)(级)?[）)】\]]"
)
"""A classification mark as GB/T 9704 prints it, or as people type it into names and headings."""


@rule(
    "P01",
    "A",
    "有涉密标志",
    "“{file}”里有涉密标志（{found}），文件原地暂扣，没有采用、归档或打印",
    "请按保密规定处理；确认不涉密的，在任务分解表的“同意不改”中写明单位、规则代码 P01、理由和日期",
)
def classified(batch: Batch) -> Iterator[Hit]:
    """涉密信息不得进入本系统：见到标志就停手，由人决定。"""
    for file in batch.received:
        if file.verdict == Verdict.HELD:
            yield Hit(Where(file.path), file.unit, "", {"found": file.message})


_MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
_LONG = re.compile(r"(?<![0-9A-Za-z])[0-9]{15,19}[0-9Xx]?(?![0-9A-Za-z])")


@rule(
    "P02",
    "B",
    "有个人信息",
    "{unit}的{item}里有{found}",
    "请删去身份证号、手机号、银行卡号等个人信息",
)
def personal_data(batch: Batch) -> Iterator[Hit]:
    """身份证号验校验位，银行卡号验 Luhn，避免把普通长数字当作个人信息。"""
    for answer, _ in _written(batch):
        found = ["手机号码"] if _MOBILE.search(answer.text) else []
        for number in _LONG.findall(answer.text):
            kind = "身份证号码" if _is_identity(number) else "银行卡号" if _is_card(number) else ""
            if kind and kind not in found:
                found.append(kind)
        if found:
            yield _of(answer, found="、".join(found))


def _is_identity(number: str) -> bool:
    """GB 11643: the 18th character is ISO 7064 mod 11-2 over the first 17."""
    if not re.fullmatch(r"\d{6}(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dXx]", number):
        return False
    total = sum(int(d) * (2 ** (17 - i) % 11) for i, d in enumerate(number[:17]))
    return "10X98765432"[total % 11] == number[17].upper()


def _is_card(number: str) -> bool:
    """ISO/IEC 7812 Luhn check over 16 to 19 digits."""
    if not number.isdecimal() or len(number) < 16:
        return False
    digits = [int(d) for d in reversed(number)]
    doubled = (sum(divmod(2 * d, 10)) for d in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


# --- M: the master (found by `master` and `lint`) ------------------------------------------

declare(
    "M01",
    "A",
    "缺工作表或列",
    "缺少{what}",
    "请补上，或用 init --force 重新生成后对照",
    "表和列按名字找；找不到就无从读起。",
)
declare(
    "M02",
    "A",
    "没有责任单位",
    "{item}没有责任单位",
    "请在“责任单位”列填写单位名称",
    "没有人负责的填报项发不出去。",
)
declare(
    "M03",
    "A",
    "单位不认识",
    "“{name}”不在责任单位表里{nearest}",
    "请改正名称，或在责任单位表增加该单位或别名",
    "只认单位名称、别名和分组名，从不猜测。",
)
declare(
    "M04",
    "B",
    "单位没有填报项",
    "{unit}没有任何填报项，按“无需报送”处理",
    "如有遗漏，请在任务分解表中补上",
    "无需报送的单位不下发、不催报，但说出来。",
)
declare(
    "M05",
    "A",
    "序号重复",
    "序号 {number} 出现了两次",
    "请改正其中一个",
    "序号是人找行的依据，重复会找错。",
)
declare(
    "M06",
    "B",
    "序号不连续",
    "序号从 {before} 跳到了 {number}",
    "请核对是否漏了指标",
    "漏一行就少一项材料。",
)
declare(
    "M07",
    "A",
    "字数设置矛盾",
    "建议字数 {advised} 大于字数上限 {limit}",
    "请改正其中一个",
    "建议不能高于上限。",
)
declare(
    "M08",
    "A",
    "日期设置矛盾",
    "{earlier} {start} 晚于 {later} {end}",
    "请改正其中一个",
    "起始不能晚于截止。",
)
declare(
    "M09",
    "A",
    "读不出来",
    "“{found}”不是{expected}",
    "请改成{example}",
    "日期和数字按样子读，读不出就问，不猜。",
)
declare(
    "M10",
    "A",
    "类型不认识",
    "填报类型“{found}”不在选项内",
    "请从下拉列表中选择",
    "类型决定要不要数量、怎么写填报要求。",
)
declare(
    "M11",
    "B",
    "占位符不存在",
    "通知模板里的“{found}”不是可用的占位符",
    "可用的有：{known}",
    "写错的占位符会原样寄给四十个单位。",
)
declare(
    "M12",
    "A",
    "文字太长",
    "{what}有 {length} 个字符，超过了 {limit} 个，放不进填报表",
    "请缩短",
    "Excel 的单元格、工作表名和提示都有长度上限。",
)
declare(
    "M13",
    "A",
    "编码重复",
    "编码 {key} 出现了两次",
    "请改正其中一个",
    "编码是填报项的钥匙，重复会把两项合成一项。",
)
declare(
    "M14",
    "A",
    "编码不合规",
    "编码“{found}”不合规",
    "{rule}",
    "编码要写进每一行的编号，格式固定才认得出来。",
)
declare(
    "M15",
    "A",
    "缺编码",
    "这一行要求材料，但没有编码",
    "请运行 pdsfz-xl lint --fix 补写编码；不需材料的请把填报类型选为“不需填报”",
    "有编码的行才是填报项；插入的行要补一个。",
)
declare(
    "M16",
    "B",
    "设置是空的",
    "任务设置的“{key}”是空的",
    "请补填；确实没有的可以不管",
    "截止日期、时间范围和联系人空着也能下发，但填报单位会来问。",
)
declare(
    "M17",
    "A",
    "单位重复",
    "“{name}”同时指{units}",
    "请保证每个代码、名称和别名只属于一个单位",
    "一个名字只能指一个单位。",
)
declare(
    "M18",
    "B",
    "同意不改对不上",
    "同意不改里的“{found}”对不上任何{what}",
    "请改正或删去该行",
    "写错的豁免不会生效，必须说出来。",
)
declare(
    "M20",
    "B",
    "同意不改不完整",
    "同意不改的一行没有写{what}，没有起作用",
    "请补上{what}；谁在哪天因为什么同意不改，要写全",
    "豁免要有理由和日期才算数，事后查得到。",
)
declare(
    "M21",
    "D",
    "同意不改没有用到",
    "同意不改里的 {found} 没有对上任何问题",
    "问题已经没有了的可以删去该行；写错了的请改正",
    "写了却没有对上的豁免要说出来：可能单位或编码写错了，也可能问题已经改好。",
)
declare(
    "M22",
    "B",
    "邮件设置不合用",
    "{what}“{found}”不合用",
    "{rule}",
    "发信收信的设置写错了，到发信时才发现就晚了。",
)
declare(
    "M23",
    "B",
    "邮箱写得不对",
    "“{found}”不是能发信的邮箱地址",
    "{rule}",
    "地址写错的单位收不到邮件；不改的请改用其他方式下发。",
)
declare(
    "M19",
    "A",
    "没有填报项",
    "任务分解表里没有任何填报项",
    "请核对表格内容和编码列",
    "没有填报项就没有可下发的表。",
)


@rule(
    "V06",
    "B",
    "汇总表里填的读不出来",
    "汇总表“{sheet}”里{whose}的“{caption}”写的是“{found}”，{why}，没有起作用",
    "请改成{example}",
)
def unreadable_review(batch: Batch) -> Iterator[Hit]:
    """经办人在汇总表里填的时间、单位、版本号、审核结论读不出来或自相矛盾就说出来，不能悄悄不算。"""
    names = Names(batch.master.units)
    files = {file.sha256: file for file in batch.received if file.verdict == Verdict.ACCEPTED}
    for key, cells in batch.clerk.get(w.REGISTER_SHEET, {}).items():
        at = (w.REGISTER_SHEET, key)
        assigned = names.unit(cells.get("归属单位", ""))
        for caption, good, why, example in (
            ("实际收到时间", texts.parse_moment, "不是时间", "2019-10-24 16:05 这样的时间"),
            ("归属单位", lambda _, unit=assigned: unit, "没有这个单位", "责任单位表里的名称"),
            ("作废", is_yes, "只认“是”", "“是”，不作废的空着"),
        ):
            found = cells.get(caption, "")
            if found and not good(found):
                yield _review(batch, at, caption, found, why, example)
        file = files.get(key)
        if file and assigned and file.unit not in ("", assigned):
            why = f"表里的编号是{batch.master.unit[file.unit].name}的，以编号为准"
            yield _review(batch, at, "归属单位", cells["归属单位"], why, "编号所写的单位")
    yield from _kept_apart(batch)
    for answer in batch.answers:
        key = batch.master.key(answer.unit, answer.requirement)
        found = batch.written(w.MERGED_SHEET, key, w.VERDICT)
        if texts.squash(found) and not review_verdict(found) and w.ALSO_SAID not in found:
            why, example = "不在选项里", "、".join(w.REVIEW_VERDICTS) + " 之一"
            yield _review(batch, (w.MERGED_SHEET, key), w.VERDICT, found, why, example)
        at = (w.CONFLICT_SHEET, key)
        found = batch.written(*at, "采用")
        several = answer.chosen or answer.replaced or len(answer.versions) > 1
        if found and several and answer.picked is None:
            both = w.ALSO_SAID in found or found == w.YES
            why = "选了不止一个" if both else "没有这个版本"
            if answer.chosen:
                found, why = w.CHOICE_GONE, "选定的版本已经不在"
            yield _review(batch, at, "采用", found, why, "“版本”栏里的一个数字")
    for key, cells in batch.clerk.get(w.REASSIGN_SHEET, {}).items():
        found = cells.get("改派单位", "")
        if found and not names.unit(found):
            at, why = (w.REASSIGN_SHEET, key), "没有这个单位"
            yield _review(batch, at, "改派单位", found, why, "责任单位表里的名称")
    explained = {e.code for e in batch.explanations}
    for key, cells in batch.clerk.get(w.FINDINGS_SHEET, {}).items():
        found = cells.get(w.REPLY, "")
        if found and not w.is_old_reply(found) and not (key in explained and reply(found)):
            why = "只认“是”和“退回”" if key in explained else "单位对这个问题没有写核实说明"
            at = (w.FINDINGS_SHEET, "-".join(key.split("-")[:3]))
            yield _review(batch, at, w.REPLY, found, why, "“是”或“退回”，没有说明的空着")
    for sheet in (w.MERGED_SHEET, w.FINAL_SHEET, w.REASSIGN_SHEET):
        for key, cells in batch.clerk.get(sheet, {}).items():
            for caption, found in cells.items():
                if w.ALSO_SAID in found and caption != w.PROPOSAL:
                    why = "同一格有两种写法，两种都留着"
                    yield _review(batch, (sheet, key), caption, found, why, "其中一种")


def _kept_apart(batch: Batch) -> Iterator[Hit]:
    """What another copy of the merged workbook says where ours says something else."""
    for sheet, rows in batch.clerk.items():
        for key, cells in rows.items():
            for caption, found in cells.items():
                if caption.startswith(w.IN_OTHER_COPY):
                    own = caption.removeprefix(w.IN_OTHER_COPY)
                    why = f"与“{own}”栏不同，以“{own}”栏为准"
                    example = f"两种写法中要用的那一种（写在“{own}”栏），再清空“{caption}”栏"
                    at = (sheet, key.partition(" ")[0] if sheet == w.CONFLICT_SHEET else key)
                    yield _review(batch, at, caption, found, why, example)


def _review(
    batch: Batch, at: tuple[str, str], caption: str, found: str, why: str, example: str
) -> Hit:
    """`at` is a sheet of the merged workbook and the key of a row there."""
    sheet, key = at
    whose, unit, requirement = _whose(batch.master, key)
    file = next((file.path for file in batch.received if file.sha256 == key), "")
    whose = f"“{file}”" if file else whose
    said = {"sheet": sheet, "whose": whose, "caption": caption, "found": texts.brief(found)}
    where = Where(file) if file else Where(batch.merged_path, sheet)
    return Hit(where, unit, requirement, {**said, "why": why, "example": example})


def _whose(master: Master, key: str) -> tuple[str, str, str]:
    """A row of the merged workbook in words, and its unit and requirement if it has any."""
    unit, _, requirement = key.partition("-")[2].partition("-")
    if unit not in master.unit:
        unit, requirement = (key, "") if key in master.unit else ("", key)
    if asked := master.requirement.get(requirement):
        name = master.unit[unit].name if unit else ""
        return f"{name}{w.item(asked.numbers, asked.key)}", unit, asked.key
    return master.unit[unit].name if unit else f"“{key}”", unit, ""


def review_verdict(said: str) -> ReviewVerdict | None:
    """What the clerk chose under 审核结论; anything else decides nothing."""
    plain = texts.squash(said)
    return ReviewVerdict(plain) if plain in w.REVIEW_VERDICTS else None


def reply(written: str) -> Reply | None:
    """What the clerk chose under 采纳说明; anything else decides nothing."""
    if texts.squash(written) == Reply.SENT_BACK:
        return Reply.SENT_BACK
    return Reply.ACCEPTED if is_yes(written) else None


# --- running -------------------------------------------------------------------------------

CATALOGUE: tuple[Rule, ...] = tuple(_catalogue[code] for code in sorted(_catalogue))
"""Every rule by code; frozen, so that nobody can add to it at run time."""

RULES = {rule.code: rule for rule in CATALOGUE}


def finding(
    code: str, where: Where, *, unit: str = "", requirement: str = "", **context: object
) -> Finding:
    """One finding in the catalogue's words. Raises KeyError for a placeholder without a value."""
    rule = RULES[code]
    context = {"unit": unit, "item": f"第{requirement}项", "file": where.file, **context}
    return Finding(
        code,
        rule.grade,
        unit,
        requirement,
        where,
        texts.visible(rule.message.format(**context)),
        rule.fix.format(**context),
    )


def file_sentence(file: Received) -> str:
    """What became of a file, as one sentence: the rule's words where there is one."""
    if not file.rule:
        return file.message
    said = {"detail": file.message, "found": file.message}
    return finding(file.rule, Where(file.path), **said).message


def run(batch: Batch) -> tuple[Finding, ...]:
    """All findings of a batch, worst first, waived ones marked."""
    used: set[int] = set()
    trial = trials(batch.master)
    found = [
        _name(batch, rule.code, hit, trial, used)
        for rule in CATALOGUE
        if rule.check
        for hit in rule.check(batch)
    ]
    found += _unused_waivers(batch.master, used)
    return tuple(sorted(found, key=_order))


def trials(master: Master) -> set[str]:
    """The codes of rules that only hint in this campaign."""
    return set(re.findall(r"[A-Z0-9]+", texts.squash(master.settings.trial).upper()))


def _unused_waivers(master: Master, used: set[int]) -> Iterator[Finding]:
    for waiver in master.waivers:
        # One of P01 lets a file in, so that there is nothing left to speak of.
        known = waiver.rule in RULES and waiver.rule != "P01"
        if waiver.row not in used and known and waiver.complete:
            parts = (master.unit[waiver.unit].name if waiver.unit in master.unit else "",
                     waiver.requirement, waiver.rule)  # fmt: skip
            where = master.where(w.WAIVERS_SHEET, "规则代码", waiver.row)
            yield finding("M21", where, found=" ".join(part for part in parts if part))


def _order(finding: Finding) -> tuple[object, ...]:
    where = finding.where.order
    return (finding.grade, finding.rule, finding.unit, finding.requirement, where, finding.message)


def _name(batch: Batch, code: str, hit: Hit, trial: set[str], used: set[int]) -> Finding:
    master = batch.master
    unit = master.unit[hit.unit].name if hit.unit in master.unit else ""
    context = {"item": _item(master, hit.requirement), **hit.context}
    said = finding(code, hit.where, unit=unit, requirement=hit.requirement, **context)
    waivers = list(master.waivers_for(code, hit.unit, hit.requirement))
    used.update(waiver.row for waiver in waivers)
    if code in trial:
        said = said._replace(grade=Grade.HINT, message=w.on_trial(said.message))
    return said._replace(waived=bool(waivers), subject=hit.subject)


def _item(master: Master, key: str) -> str:
    requirement = master.requirement.get(key)
    return f"第{w.number_label(requirement.numbers)}项（{key}）" if requirement else f"第{key}项"


def _at(row: Row, cell: str = "", **context: object) -> Hit:
    where = row.where._replace(cell=cell) if cell else row.where
    return Hit(where, row.unit, row.requirement, context)


def _of(answer: Answer, **context: object) -> Hit:
    return Hit(answer.source or Where(), answer.unit, answer.requirement, context)


def tally(findings: Iterable[Finding], *, waived: bool = False) -> defaultdict[str, Counter[str]]:
    """How many findings of each class, by the unit's name, empty for those of no unit.

    Everybody who says a number of findings says this one.
    """
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for f in findings:
        if f.waived == waived:
            found[f.unit][f.grade] += 1
    return found


def total(tallied: Mapping[str, Counter[str]]) -> Counter[str]:
    """Of all units and of none."""
    return sum(tallied.values(), Counter())


def _written(batch: Batch) -> Iterator[tuple[Answer, Requirement]]:
    """Answers with a text, each with its requirement."""
    for answer in batch.answers:
        if answer.text:
            yield answer, batch.master.requirement[answer.requirement]


def _unanswered(batch: Batch) -> Iterator[Answer]:
    """Unanswered assignments of units that sent a form with something in it."""
    came = {s.unit for s in batch.standings if s.status == UnitStatus.PARTIAL} & _spoke(batch)
    for answer in batch.answers:
        if not answer.answered and answer.unit in came:
            yield answer


def _choice(answer: Answer) -> str:
    """填报情况 as it stands in the version that counts."""
    return answer.versions[-1].choice if answer.versions else ""


def _cell_kind(answer: Answer) -> CellKind:
    """What the cell holds that counts; what the office typed in is text."""
    typed = answer.versions and not answer.keyed
    return answer.versions[-1].kind if typed else CellKind.TEXT


def _spoke(batch: Batch) -> set[str]:
    """The units of which anything at all is there."""
    spoke = {answer.unit for answer in batch.answers if answer.versions or answer.keyed}
    return spoke | {row.unit for row in batch.rows if row.said} | {e.unit for e in batch.evidence}


def _identity_altered(row: Row) -> bool:
    return any(caption in (w.INDICATOR, w.MATERIAL) for caption, _, _ in row.altered)


def _period(master: Master, requirement: Requirement) -> tuple[str, str]:
    start, end = master.period(requirement)
    return (start.isoformat() if start else "", end.isoformat() if end else "")


def _unit_row(master: Master, unit: str) -> Where:
    return master.where(w.UNITS_SHEET, "单位名称", master.unit[unit].row)


def _requirement_row(master: Master, key: str) -> Where:
    return master.where(w.TABLE_SHEET, w.MATERIAL, master.requirement[key].row)
