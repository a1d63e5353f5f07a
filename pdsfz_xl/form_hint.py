"""What a form's counters say, each twice: as a value now, and as the formula that goes on."""

from pdsfz_xl import layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.form_plan import EVIDENCE_COLUMN, FIRST, Plan, cell, is_filled
from pdsfz_xl.model import Requirement


def hint(
    requirement: Requirement, count: int, choice: str, number: float | None, pieces: int = 0
) -> str:
    """What 提示 says; `hint_formula` is the same in the worksheet's words."""
    refused = choice in (w.NOTHING, w.NOT_OURS)
    if not count:
        return w.REASON_HINT if refused else w.BLANK_HINT
    if choice.startswith(w.PREVIOUS):
        return w.PREVIOUS_HINT
    before, after = w.OVER_HINT
    if count > requirement.limit:
        return f"{before}{count - requirement.limit}{after}"
    if requirement.kind == w.FIGURES and number is None and not refused:
        return w.FIGURE_HINT
    if count > requirement.advised:
        said = f"{w.ADVISED_HINT}{requirement.limit - count}"
    else:
        said = f"{w.LEFT_HINT}{requirement.advised - count}"
    listed = ""
    if pieces < requirement.pieces and not refused:
        evidence, of, end = w.EVIDENCE_HINT
        listed = f"\n{evidence}{pieces}{of}{requirement.pieces}{end}"
    return f"{count}/{requirement.advised}{said}{listed}"


def hint_formula(requirement: Requirement, row: int) -> str:
    status, figure, count = (cell(row, c) for c in (w.STATUS, w.QUANTITY, w.COUNT))
    before, after = w.OVER_HINT
    advised, limit = requirement.advised, requirement.limit
    refused = f'OR({status}="{w.NOTHING}",{status}="{w.NOT_OURS}")'
    said = (
        f'IF({count}>{advised},{count}&"/{advised}{w.ADVISED_HINT}"&({limit}-{count}),'
        f'{count}&"/{advised}{w.LEFT_HINT}"&({advised}-{count}))'
    )
    if requirement.pieces:
        evidence, of, end = w.EVIDENCE_HINT
        listed = _listed_formula(cell(row, w.CODE))
        lacking = f'CHAR(10)&"{evidence}"&{listed}&"{of}{requirement.pieces}{end}"'
        said += f'&IF(OR({refused},{listed}>={requirement.pieces}),"",{lacking})'
    if requirement.kind == w.FIGURES:
        said = f'IF(AND({figure}="",NOT({refused})),"{w.FIGURE_HINT}",{said})'
    return (
        f'=IF({count}=0,IF({refused},"{w.REASON_HINT}","{w.BLANK_HINT}"),'
        f'IF({is_previous(status)},"{w.PREVIOUS_HINT}",'
        f'IF({count}>{limit},"{before}"&({count}-{limit})&"{after}",{said})))'
    )


def is_previous(status: str) -> str:
    """A formula: whether nobody has chosen since the form came with an answer."""
    return f'LEFT({status},{len(w.PREVIOUS)})="{w.PREVIOUS}"'


def _listed_formula(code: str) -> str:
    """How many pieces 佐证材料 lists under a code: 件数, or one for a row that does not say."""
    first, last = 2, layout.EVIDENCE_ROWS + 1
    codes, names, pieces = (
        f"{w.EVIDENCE_SHEET}!${column}${first}:${column}${last}"
        for column in (
            layout.column_name(EVIDENCE_COLUMN[c]) for c in (w.CODE, w.FILE_NAME, w.PIECES)
        )
    )
    alone = f'COUNTIFS({codes},{code},{names},"<>",{pieces},"")'
    return f"(SUMIF({codes},{code},{pieces})+{alone})"


def progress(plan: Plan) -> str:
    """The status line as it is now."""
    total = len(plan.due)
    given = [plan.given(requirement) for requirement in plan.due]
    filled = sum(map(is_filled, given))
    over = sum(
        is_filled(g) and texts.count(g.text) > r.limit for g, r in zip(given, plan.due, strict=True)
    )
    return w.progress(total, filled, total - filled, over)


def progress_formula(plan: Plan) -> str:
    counts, hints, choices = (
        f"{cell(FIRST, c)}:{cell(plan.last, c)}" for c in (w.COUNT, w.HINT, w.STATUS)
    )
    total = len(plan.due)
    before, middle, between, after = w.PROGRESS
    done = f'COUNTIFS({counts},">0",{choices},"<>{w.PREVIOUS}*")'
    return (
        f'="{before}{total}{middle}"&{done}&"{between}"'
        f'&({total}-{done})&"{after}"&COUNTIF({hints},"{w.OVER_HINT[0]}*")'
    )
