"""A batch and its findings in, the lines of every sheet of 汇总表.xlsx out: what they say.

How they look is for `report`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pdsfz_xl import explaining, form, identity, layout, outcome, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Answer, Batch, Finding, Version
from pdsfz_xl.outcome import Outcome, State
from pdsfz_xl.states import OWING, Grade, UnitStatus, Verdict

MACHINE = frozenset({w.CHOSEN_DIGEST, w.ANSWER_DIGEST, w.REVIEW_DIGEST, w.EXPLAINED_DIGEST})
"""Columns that are neither the clerk's nor anybody's to read."""


class Counted(NamedTuple):
    """The live count of a cell, and the value it has now for viewers that do not calculate."""

    cell: str
    value: int
    blanks: bool = False


class Line(NamedTuple):
    """A row to be written: its key for the clerk's columns, its values by caption, where it leads.

    `links` are captions that become links to a sheet and cell of this workbook.
    """

    key: str
    values: Mapping[str, object]
    alarm: frozenset[str] = frozenset()
    links: Mapping[str, str] = {}


def lines(batch: Batch, findings: tuple[Finding, ...]) -> dict[str, list[Line]]:
    """The lines of every sheet, by sheet name."""
    tables = _Tables(batch, findings)
    written: dict[str, list[Line]] = {
        w.OVERVIEW_SHEET: list(tables.overview()),
        w.MERGED_SHEET: list(tables.merged()),
        w.FINAL_SHEET: list(tables.final()),
        w.CONFLICT_SHEET: list(tables.conflicts()),
        w.LEFTOVER_SHEET: list(tables.leftover()),
        w.REGISTER_SHEET: list(tables.register()),
        w.REASSIGN_SHEET: list(tables.reassign()),
    }
    if batch.changed:
        written[w.CHANGED_SHEET] = list(tables.changed())
    written[w.FINDINGS_SHEET] = list(tables.problems(_rows(written)))
    written = {sheet: list(_once(rows)) for sheet, rows in written.items()}
    return {**written, w.ORPHAN_SHEET: list(tables.orphans(written))}


Rows = Mapping[tuple[str, str], int]
"""The row in the workbook by sheet and what tells it apart; of several the first."""


def _rows(written: Mapping[str, list[Line]]) -> Rows:
    found: dict[tuple[str, str], int] = {}
    for sheet, lines in written.items():
        for row, line in enumerate(lines, layout.MERGED_HEADER + 2):
            # Of a conflict's versions each has a key of its own; a file is known by its path too.
            names = (line.key, line.values.get(w.CODE, ""), line.values.get("文件或单位", ""))
            for name in names:
                found.setdefault((sheet, str(name)), row)
    return found


def _once(lines: list[Line]) -> Iterator[Line]:
    """Of rows with one key, as the versions of a conflict, the first holds the clerk's words."""
    seen = {""}
    for line in lines:
        yield line._replace(key="") if line.key in seen else line
        seen.add(line.key)


class _Tables:
    def __init__(self, batch: Batch, findings: tuple[Finding, ...]) -> None:
        self.batch = batch
        self.master = batch.master
        self.findings = findings
        self.waiting = {(self.master.unit_code[f.unit], f.requirement) for f in findings if f.waits}
        self.row_of = {
            (a.unit, a.requirement): i
            for i, a in enumerate(batch.answers, layout.MERGED_HEADER + 1)
        }

    def overview(self) -> Iterator[Line]:
        tallies = outcome.tallies(self.batch)
        problems, waiting = rules.tally(self.findings), explaining.waiting(self.findings)
        for s in self.batch.standings:
            name = self.master.unit[s.unit].name
            yield Line(
                s.unit,
                {
                    "代码": s.unit,
                    w.UNIT: name,
                    **_figures(tallies[s.unit]),
                    **_problems(problems[name]),
                    w.WAITS: waiting[name],
                    "状态": w.STANDING[s.status],
                    "收到时间": f"{s.received:%Y-%m-%d %H:%M}" if s.received else "",
                    "迟报": w.LATE if s.late else "",
                    "纸质版收到日期": s.paper,
                },
                frozenset({"状态"} if s.status in (*OWING, UnitStatus.RECEIVED) else ()),
            )
        if nobodys := problems.get(""):
            yield Line(w.OTHER, {"代码": w.OTHER, w.UNIT: w.NOBODYS, **_problems(nobodys)})
        figures, graded = (
            _figures(outcome.total(tallies.values())),
            _problems(rules.total(problems)),
        )
        yield Line(w.TOTAL, {"代码": w.TOTAL, **figures, **graded, w.WAITS: waiting.total()})

    def merged(self) -> Iterator[Line]:
        for assignment, answer in zip(self.master.assignments, self.batch.answers, strict=True):
            unit, requirement, role = assignment
            key = self.key(answer)
            stands = outcome.of_assignment(self.batch, answer)
            revised = self.revision(answer)
            column = layout.column_name(index(layout.MERGED, w.REVISION))
            cell = f"{column}{self.row_of[answer.unit, answer.requirement] + 1}"
            code = form.row_code(self.master, unit.code, requirement)
            source = answer.source
            yield Line(
                key,
                {
                    w.CODE: code,
                    w.LEVEL1: requirement.level1,
                    w.LEVEL2: requirement.level2,
                    w.NUMBER: w.number_label(requirement.numbers),
                    w.INDICATOR: requirement.text,
                    w.METHOD: requirement.method,
                    w.MATERIAL: requirement.material,
                    w.UNIT: w.with_role(unit.name, role),
                    w.STATUS: answer.status,
                    w.ANSWER: answer.text,
                    w.COUNT: answer.count,
                    w.QUANTITY: "" if answer.number is None else answer.number,
                    "计量单位": requirement.measure,
                    w.EVIDENCE_SHEET: self.evidence(answer),
                    "来源文件": source.file if source else "",
                    "来源位置": f"{source.sheet} {source.cell}" if source else "",
                    "提醒": "、".join([*_reminders(answer, stands), *self.waits(answer)]),
                    w.UNITS_WORD: "\n".join(self.explanations(answer)),
                    w.ANSWER_DIGEST: _seen(answer),
                    w.REVIEW_DIGEST: answer.reviewed,
                    "修改稿字数": Counted(cell, texts.count(revised)),
                },
                frozenset({"提醒"} if answer.answered else {w.STATUS, "提醒"}),
            )

    def waits(self, answer: Answer) -> list[str]:
        return [w.WAITS] if (answer.unit, answer.requirement) in self.waiting else []

    def explanations(self, answer: Answer) -> Iterator[str]:
        """What the unit explained, also of findings that are no more."""
        for given in self.batch.explained.get((answer.unit, answer.requirement), ()):
            known = rules.RULES.get(given.rule)
            about = f"{given.rule} {known.title}" if known else given.rule
            yield w.explanation_of(about, w.explanation(given.text, given.where.file))

    def evidence(self, answer: Answer) -> str:
        listed = self.batch.listed.get((answer.unit, answer.requirement), ())
        said = (w.listed(e.name, e.kind, e.date, w.pieces(e.pieces), e.note) for e in listed)
        return "\n".join(dict.fromkeys(said))

    def final(self) -> Iterator[Line]:
        for row, requirement in enumerate(self.master.requirements, layout.MERGED_HEADER + 2):
            duties = sorted(requirement.duties, key=lambda duty: duty.role != w.LEAD)
            answers = [self.batch.answer[duty.unit, requirement.key] for duty in duties]
            stands = outcome.of_requirement(self.batch, requirement)
            settled = self.batch.written(w.FINAL_SHEET, requirement.key, w.FINAL_TEXT)
            cell = f"{layout.column_name(index(layout.FINAL, w.FINAL_TEXT))}{row}"
            yield Line(
                requirement.key,
                {
                    w.CODE: requirement.key,
                    w.NUMBER: w.number_label(requirement.numbers),
                    w.INDICATOR: requirement.text,
                    w.MATERIAL: requirement.material,
                    "各单位填报内容": "\n".join(p for a in answers for p in self.side_by_side(a)),
                    "状态": stands.state,
                    "字数（不计空格）": Counted(cell, texts.count(settled)),
                    "字数（计空格）": Counted(cell, texts.count_with_blanks(settled), blanks=True),
                    "字数上限": requirement.limit,
                },
                frozenset({"状态"} if stands.state is State.UNANSWERED else ()),
            )

    def side_by_side(self, answer: Answer) -> Iterator[str]:
        """What the unit wrote and what the clerk made of it, each with its name."""
        name = self.master.unit[answer.unit].name
        yield f"【{name}】{answer.text or w.UNANSWERED}"
        if revised := self.revision(answer):
            yield f"【{w.revision(name)}】{revised}"

    def revision(self, answer: Answer) -> str:
        return self.batch.written(w.MERGED_SHEET, self.key(answer), w.REVISION)

    def problems(self, rows: "Rows") -> Iterator[Line]:
        for f in self.findings:
            target = self.target(f, self.master.unit_code.get(f.unit, ""), rows)
            links = {"到汇总": target} if target else {}
            place = (f.rule, f.unit, f.requirement, *f.where)
            yield Line(
                layout.row_key(*map(texts.tidy, place)),
                {
                    "类别": f"{f.grade} {w.GRADES[f.grade]}",
                    "规则代码": f.rule,
                    w.PROBLEM: rules.RULES[f.rule].title,
                    w.UNIT: f.unit,
                    "编码": f.requirement,
                    "说明": f.message,
                    w.WHAT_TO_DO: f.fix,
                    "文件": f.where.file,
                    "工作表": f.where.sheet,
                    "单元格": f.where.cell,
                    "同意不改": w.YES if f.waived else "",
                    "到汇总": w.SEE if links else "",
                    **self.replied(f),
                },
                frozenset({"类别"} if f.grade == Grade.ERROR and not f.waived else ()),
                links,
            )

    def replied(self, f: Finding) -> dict[str, str]:
        """What the unit explained, and what the clerk said to it, wherever the row stood."""
        code = explaining.code(self.master, f)
        if not code:
            return {}
        about, reply, remark = (
            self.batch.written(w.FINDINGS_SHEET, code, caption)
            for caption in (w.EXPLAINED_DIGEST, w.REPLY, w.REMARK)
        )
        now = explaining.digest(self.batch, f)
        if rules.reply(reply) and now and about != now:
            reply = w.old_reply(reply)
        return {
            w.UNITS_WORD: "\n".join(w.explanation(e.text, e.where.file) for e in f.explanations),
            w.REPLY: reply,
            w.REMARK: remark,
            w.CODE: code,
            w.EXPLAINED_DIGEST: now,
        }

    def target(self, f: Finding, unit: str, rows: "Rows") -> str:
        """Where a finding leads: the clerk's cell, else the answer, the unit, the file, the master.

        What is neither here nor there, as a file that was withdrawn, leads nowhere.
        """
        key = self.master.key(unit, f.requirement) if unit and f.requirement else ""
        own = f.where.sheet if f.where.file == self.batch.merged_path else ""
        places = [
            *((own, k) for k in (key, f.requirement, unit)),
            (w.MERGED_SHEET, key),
            (w.OVERVIEW_SHEET, unit),
            (w.REGISTER_SHEET, f.where.file),
        ]
        for sheet, k in places:
            if k and (sheet, k) in rows:
                return f"internal:'{sheet}'!{_COLUMN.get(sheet, 'A')}{rows[sheet, k]}"
        if own:
            return f"internal:'{own}'!A{layout.MERGED_HEADER + 1}"
        if f.where.file == self.master.path and f.where.sheet:
            return f"external:../../{f.where.file}#'{f.where.sheet}'!{f.where.cell or 'A1'}"
        return ""

    def conflicts(self) -> Iterator[Line]:
        for answer in self.batch.answers:
            if len(answer.versions) < 2 and not answer.replaced:
                continue
            requirement = self.master.requirement[answer.requirement]
            picked, pick = self.pick(answer)
            for number, version in answer.numbered:
                here = number == picked
                yield Line(
                    layout.row_key(self.key(answer), version.digest),
                    {
                        w.CODE: self.key(answer),
                        w.UNIT: self.master.unit[answer.unit].name,
                        w.INDICATOR: requirement.text,
                        "版本": number,
                        w.STATUS: version.choice,
                        w.ANSWER: version.text,
                        w.COUNT: texts.count(version.text),
                        w.QUANTITY: version.number_text
                        or ("" if version.number is None else version.number),
                        "文件": version.where.file,
                        "位置": f"{version.where.sheet} {version.where.cell}",
                        "文件保存时间": version.saved.replace("T", " ").removesuffix("Z"),
                        "收到时间": f"{version.received:%Y-%m-%d %H:%M}",
                        "目前采用": _in_use(answer, version),
                        "采用": pick if here else "",
                        w.CHOSEN_DIGEST: ".".join(
                            [version.digest, pick, answer.chosen]
                            if here and (pick or answer.chosen)
                            else [version.digest]
                        ),
                    },
                    frozenset({"版本"} if answer.open_conflict and answer.stands(version) else ()),
                )

    def pick(self, answer: Answer) -> tuple[int, str]:
        """Beside which version 采用 stands, and what: the chosen one's number, as it is now.

        A pick that decides nothing stands beside the first, as the clerk typed it. One that has to
        be made anew, since another version came, is blank.
        """
        written = self.batch.written(w.CONFLICT_SHEET, self.key(answer), "采用")
        for number, version in answer.numbered:
            if version is answer.picked:
                return number, "" if answer.open_conflict else str(number)
        return 1, w.CHOICE_GONE if answer.chosen else written

    def leftover(self) -> Iterator[Line]:
        for left in self.batch.leftover:
            where = left.where
            values = (*where, left.text)
            captions = (column.caption for column in layout.LEFTOVER)
            key = layout.row_key(*map(texts.tidy, where))
            yield Line(key, dict(zip(captions, values, strict=True)))

    def register(self) -> Iterator[Line]:
        for s in self.batch.standings:
            yield Line(
                s.unit,
                {
                    "登记号": s.unit,
                    "类别": w.UNIT,
                    "文件或单位": self.master.unit[s.unit].name,
                    w.UNIT: self.master.unit[s.unit].name,
                    "结果": w.STANDING[s.status],
                    "说明": w.standing(s.assigned, s.answered, len(s.files)),
                    "首次收到": f"{s.received:%Y-%m-%d %H:%M}" if s.received else "",
                },
            )
        for file in self.batch.received:
            unit = self.master.unit.get(file.unit)
            yield Line(
                file.sha256,
                {
                    "登记号": file.sha256,
                    "类别": w.FILE_CATEGORIES.get(file.verdict, w.FILE),
                    "文件或单位": file.path,
                    w.UNIT: unit.name if unit else "",
                    "结果": w.VERDICTS[file.verdict],
                    "说明": "：".join(p for p in (_title(file.rule), file.message) if p),
                    "首次收到": f"{file.first_seen:%Y-%m-%d %H:%M}",
                    "文件保存时间": file.saved.replace("T", " ").removesuffix("Z"),
                    "采用条数": file.taken,
                },
                frozenset({"结果"} if file.verdict in (Verdict.REJECTED, Verdict.HELD) else ()),
            )

    def reassign(self) -> Iterator[Line]:
        for answer in self.batch.answers:
            if answer.status != w.NOT_OURS:
                continue
            requirement = self.master.requirement[answer.requirement]
            yield Line(
                self.key(answer),
                {
                    w.CODE: self.key(answer),
                    w.UNIT: self.master.unit[answer.unit].name,
                    w.NUMBER: w.number_label(requirement.numbers),
                    w.INDICATOR: requirement.text,
                    "单位的说明": answer.text,
                    "来源文件": answer.source.file if answer.source else "",
                },
            )

    def changed(self) -> Iterator[Line]:
        for change in self.batch.changed:
            requirement = self.master.requirement[change.requirement]
            key = self.master.key(change.unit, change.requirement)
            yield Line(
                key,
                {
                    w.CODE: key,
                    w.UNIT: self.master.unit[change.unit].name,
                    w.NUMBER: w.number_label(requirement.numbers),
                    w.INDICATOR: requirement.text,
                    "改前": change.before,
                    "改后": change.after,
                },
            )

    def orphans(self, lines: Mapping[str, list[Line]]) -> Iterator[Line]:
        """What the clerk wrote in rows that are gone: kept here, and carried on from here."""
        captions = [column.caption for column in layout.ORPHAN]
        lost = [
            (sheet, key, caption, text, _digests(rows[key]))
            for sheet, rows in self.batch.clerk.items()
            for key in rows.keys() - _keys(lines.get(sheet, []))
            for caption, text in rows[key].items()
            if caption not in MACHINE
        ]
        for values in sorted(lost):
            yield Line("", dict(zip(captions, values, strict=True)))

    def key(self, answer: Answer) -> str:
        return self.master.key(answer.unit, answer.requirement)


def _keys(lines: list[Line]) -> set[str]:
    """Of a conflict the assignment's key too: 采用 hangs on it, the rest on a version."""
    return {line.key for line in lines} | {str(line.values.get(w.CODE, "")) for line in lines}


def _digests(cells: Mapping[str, str]) -> str:
    """The fingerprints of a row, without which its words would lose their meaning."""
    return " ".join(f"{c}={cells[c]}" for c in sorted(MACHINE) if cells.get(c))


def index(columns: Sequence[layout.Column], caption: str) -> int:
    """Which column a caption stands over."""
    return next(i for i, column in enumerate(columns) if column.caption == caption)


def _cell_column(columns: Sequence[layout.Column], caption: str) -> str:
    return layout.column_name(index(columns, caption))


_COLUMN = {
    w.MERGED_SHEET: _cell_column(layout.MERGED, w.ANSWER),
    w.FINAL_SHEET: _cell_column(layout.FINAL, "定稿文本"),
    w.CONFLICT_SHEET: _cell_column(layout.CONFLICT, "采用"),
    w.REASSIGN_SHEET: _cell_column(layout.REASSIGN, "改派单位"),
}
"""The cell a finding is about in a row of these sheets."""


def _seen(answer: Answer) -> str:
    return identity.answer_digest(answer.text, answer.status, answer.number)


def _in_use(answer: Answer, version: Version) -> str:
    if not answer.stands(version):
        return w.REPLACED
    return w.YES if version is answer.versions[-1] else ""


def _title(rule: str) -> str:
    return rules.RULES[rule].title if rule else ""


def _figures(tally: outcome.Tally) -> dict[str, int]:
    return {
        "应报": tally.assigned,
        "已报": tally.answered,
        w.UNANSWERED: tally.unanswered,
        w.OVER: tally.over,
    }


def _problems(by_grade: Counter[str]) -> dict[str, int]:
    return {title: by_grade[grade] for grade, title in w.GRADES.items()}


def _reminders(answer: Answer, stands: Outcome) -> Iterator[str]:
    """What the clerk should see beside an answer, whatever else is to be seen."""
    if stands.state is State.UNDECIDED:
        yield stands.state
    if answer.stale:
        yield w.REVIEW_AGAIN
    if stands.over:
        yield w.OVER
    if answer.late:
        yield w.LATE
    if answer.keyed:
        yield w.KEYED
