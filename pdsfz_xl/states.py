"""The closed sets that code branches on; JSON, ledger and cache hold their values."""

from enum import StrEnum


class Grade(StrEnum):
    """How much a finding weighs."""

    ERROR = "A"
    EXPLAIN = "B"
    VERIFY = "C"
    HINT = "D"


URGENT = frozenset({Grade.ERROR, Grade.EXPLAIN})
"""What has to be changed or explained; the rest is to be verified."""


class Verdict(StrEnum):
    """What became of a file of the drop zone."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    OPENED = "opened"
    EVIDENCE = "evidence"
    HELD = "held"
    IGNORED = "ignored"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why a file has its verdict, or was not read, where one sentence always says it."""

    CLUTTER = "clutter"
    MAIL_FACTS = "mail-facts"
    VOID = "void"
    REVIEW_COPY = "review-copy"
    REVIEW_COPY_INSIDE = "review-copy-inside"
    PAPER_COPY = "paper-copy"
    TWIN = "twin"
    IN_USE = "in-use"
    STILL_CHANGING = "still-changing"
    TIME = "time"
    MEMORY = "memory"
    DIED = "died"
    ERROR = "error"


NOT_YET = frozenset({Reason.IN_USE, Reason.STILL_CHANGING})
"""Why a file is left for the next run: that is no fault of the file."""


class AnswerStatus(StrEnum):
    """填报情况, as people choose and read it."""

    ANSWERED = "已填报"
    NOTHING = "无此情况"
    NOT_OURS = "非本单位职责"
    UNANSWERED = "未报"


class ReviewVerdict(StrEnum):
    """审核结论."""

    PASSED = "通过"
    SENT_BACK = "退回修改"
    WAIVED = "同意不改"


class Reply(StrEnum):
    """采纳说明: what the office says to a unit's explanation of a finding."""

    ACCEPTED = "是"
    SENT_BACK = "退回"


class UnitStatus(StrEnum):
    """How a unit stands; what is `received` must be typed in by the office."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    MISSING = "missing"
    RECEIVED = "received"
    NOTHING_DUE = "nothing_due"


OWING = frozenset({UnitStatus.MISSING, UnitStatus.PARTIAL})


class CellState(StrEnum):
    """A cell of the notice's table: merged with the one above, or perhaps continuing it."""

    GIVEN = "given"
    MERGED = "merged"
    BLANK = "blank"


class MaterialKind(StrEnum):
    """填报类型."""

    STATEMENT = "情况说明"
    FIGURES = "数据"
    CASE = "案例"
    DOCUMENT = "文件"
    REPORT = "信息报道"
    DOSSIER = "案卷"
    NOT_ASKED = "不需填报"


class Role(StrEnum):
    """Among the units that answer a requirement together."""

    ALONE = ""
    LEAD = "牵头"
    SUPPORT = "配合"
