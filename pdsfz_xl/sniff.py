"""The first bytes of a file in, what kind of file it is out; its name is never looked at."""

import re

LOCAL_HEADER = b"PK\3\4"
_MAGIC = (
    (LOCAL_HEADER, "zip"),
    (b"PK\5\6", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "cfb"),
    (b"Rar!\x1a\x07", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ\0", "archive"),
    (b"\xff\xd8\xff", "image"),
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"GIF8", "image"),
    (b"{\\rtf", "word"),
    (b"L\0\0\0\1\x14\2\0", "shortcut"),
)
# BOF of a workbook without a compound file around it: version, then the length of the record.
_BIFF = re.compile(rb"\x09[\0\2\4\x08][\4\6\x08\x10]\0")
_MAIL = re.compile(
    r"(return-path|received|from|to|message-id|delivered-to|mime-version|subject|date|x-[\w-]+):"
)


def sniff(head: bytes) -> str:
    """What a file is by its first 8 KiB, never by its name: zip, cfb or a key of FILE_KINDS."""
    if not head:
        return "empty"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if not head.strip(b"\0"):
        return "zeros"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head[4:8] == b"ftyp" or (head.startswith((b"BM", b"II*\0", b"MM\0*")) and b"\0" in head):
        return "image"
    if _BIFF.match(head):
        return "biff"
    return _sniff_text(head)


def _sniff_text(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    elif b"\0" in head[:512]:
        return "unknown"
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    text = text.lstrip().lower()
    if text.startswith("<"):
        return _sniff_markup(text)
    if text.startswith("[internetshortcut]"):
        return "shortcut"
    if text.startswith("mime-version:") and _is_page(text):
        return "mht"
    if _MAIL.match(text):
        return "mail"
    return "csv" if _is_table(text) else "text"


def _sniff_markup(text: str) -> str:
    is_page = re.match("<!doctype html|<html|<head", text) or "<html" in text
    if "urn:schemas-microsoft-com:office:spreadsheet" in text and not is_page:
        return "xml2003"
    if "opendocument.spreadsheet" in text or "<office:spreadsheet" in text:
        return "ods"
    if re.search(r"<table[\s>]", text):
        return "html"
    return "web" if is_page else "xml"


def _is_page(text: str) -> bool:
    """Whether it is a "single file web page" of Excel's or Word's; a mail says who sent it."""
    headers = text.replace("\r", "").partition("\n\n")[0]
    if re.search("^x-document-type:", headers, re.MULTILINE):
        return True
    return "multipart/related" in headers and not re.search(
        "^(from|to|received|subject):", headers, re.MULTILINE
    )


def _is_table(text: str) -> bool:
    """Whether every line has the same number of tabs or of commas, at least one."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(text) > 8000:
        lines = lines[:-1]  # cut off by the end of what we look at
    counts = [{line.count(delimiter) for line in lines} for delimiter in "\t,;"]
    return any(len(count) == 1 and 0 not in count for count in counts)
