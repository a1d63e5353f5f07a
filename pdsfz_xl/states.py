"""The closed sets that code branches on; JSON, ledger and cache hold their values."""

from enum import StrEnum


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
