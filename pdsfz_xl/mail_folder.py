"""The folder of a mail in the drop zone: `2019-10-24_市司法局 sfj@example.cn`.

Its name says who sent what lies in it, so that it may be moved, and nothing else need be kept.
"""

import re

from pdsfz_xl import mail_wording as mw
from pdsfz_xl import text as texts

_NAME = re.compile(
    rf"\d{{4}}-\d\d-\d\d_(?:([^@]*) )?([^\s@]+@[^\s@]+?|{mw.NO_SENDER})(?: \(\d+\))?"
)


def name(day: str, unit: str, sender: str, number: int = 1) -> str:
    """For a mail of that day (ISO); unit and sender may be empty. `number` tells two apart."""
    plain = texts.file_name(f"{day}_{mw.from_whom(unit, sender)}", 120)
    return plain if number == 1 else f"{plain} ({number})"


def sender_of(folder: str) -> tuple[str, str] | None:
    """Unit and address as the name of a folder gives them; None for any other folder."""
    found = _NAME.fullmatch(folder)
    return (found[1] or "", found[2]) if found else None


def is_facts(path: str) -> bool:
    """Whether a file is what was written beside the files of a mail."""
    *folders, file = path.split("/")
    return file == mw.MAIL_FACTS and bool(folders) and sender_of(folders[-1]) is not None
