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


class CellKind(StrEnum):
    """What a cell of a foreign table holds: a FORMULA has no value there, a COMMENT is no cell."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOL = "bool"
    ERROR = "error"
    FORMULA = "formula"
    COMMENT = "comment"


class Flag(StrEnum):
    """What was odd in a file; of a sheet that is MISSING or has no cells the name follows a colon.

    DISPIMG is a picture in a cell; the copies are of our own documents.
    """

    STRICT = "strict"
    VBA = "vba"
    XLM = "xlm"
    EXTLINK = "extlink"
    CONNECTIONS = "connections"
    EMBEDDED = "embedded"
    DRAWING = "drawing"
    DISPIMG = "dispimg"
    FOOTNOTES = "footnotes"
    DUP_CELL = "dup-cell"
    DUP_SHEET = "dup-sheet"
    BAD_CELL = "bad-cell"
    STRINGS_MISSING = "strings-missing"
    STYLES_DAMAGED = "styles-damaged"
    PROPERTIES_DAMAGED = "properties-damaged"
    COMMENTS_DAMAGED = "comments-damaged"
    LOOSE_CUT = "loose-cut"
    SHEET_MISSING = "sheet-missing"
    NOT_CELLS = "not-cells"
    PAPER_COPY = "paper-copy"
    REVIEW_COPY = "review-copy"


class FoundBy(StrEnum):
    """By what a row is known."""

    CODE = "code"
    TEXT = "text"
    NUMBER = "number"


class CodeCheck(StrEnum):
    """Whether a row's code fits its texts; OLDER does not fit the master's, but the form's own."""

    NONE = ""
    OK = "ok"
    OLDER = "older"
    WRONG = "wrong"


class MergedState(StrEnum):
    """How what lies in the place of 汇总表.xlsx relates to the one we wrote last."""

    FIRST = "first"
    """We never wrote one."""
    STANDS = "stands"
    GONE = "gone"
    OLDER = "older"
    STRANGE = "strange"
    """The ledger does not know its mark."""
    FOREIGN = "foreign"
    """It is another campaign's."""


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


class Channel(StrEnum):
    """How a unit is reached; 报送方式 may say something else."""

    MAIL = "邮件"
    CHAT = "微信/QQ"
    INTRANET = "内网"
    STICK = "U盘"
    PAPER = "纸质"


class NoticeKind(StrEnum):
    """What a unit is told; the kinds of 通知模板."""

    ISSUE = "下发"
    REMIND = "催报"
    SENT_BACK = "退回修改"
    RECEIPT = "回执"
    AMEND = "更正"


class NotGiven(StrEnum):
    """Why a unit is given nothing by hand."""

    GOES_BY_MAIL = "goes-by-mail"
    ALREADY_ISSUED = "already-issued"
    ALREADY_GIVEN = "already-given"
    NEVER_ISSUED = "never-issued"
    NOT_CHANGED = "not-changed"
    CHANGED_FORM = "changed-form"
    NO_FORM = "no-form"
    NOTHING_DUE = "nothing-due"
    NOTHING_BACK = "nothing-back"


class MailState(StrEnum):
    """How far a mail is. SENDING is on the disk before its text leaves us; found there by a later
    run, that run died on it, and it is UNKNOWN: perhaps it arrived, so nobody sends it again
    unasked.
    """

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED_TEMP = "failed_temp"
    FAILED_PERM = "failed_perm"
    UNKNOWN = "unknown"


class LetterKind(StrEnum):
    """What became of a mail of the office's mailbox; UNSORTED was not judged yet."""

    UNSORTED = ""
    TAKING = "taking"
    TAKEN = "taken"
    LETTER = "letter"
    MANUAL = "manual"
    BOUNCE = "bounce"
    AUTOMATIC = "automatic"
    OWN = "own"
    OTHER = "other"
    OLD = "old"
    UNREAD = "unread"
    AGAIN = "again"


class Security(StrEnum):
    """加密方式; UNKNOWN is what somebody wrote that is none of the others."""

    UNSAID = ""
    SSL = "SSL"
    STARTTLS = "STARTTLS"
    PLAIN = "无"
    UNKNOWN = "?"


class Protocol(StrEnum):
    """How a mail server is spoken to."""

    SMTP = "SMTP"
    IMAP = "IMAP"
    POP3 = "POP3"


class Companion(StrEnum):
    """What can be printed besides the merged sheet."""

    BULLETIN = "bulletin"
    CALLS = "calls"
    UNITS = "units"
    EVIDENCE = "evidence"
