"""A foreign file in, sparse typed cells out: bounded, and nothing typed is lost.

Which reader is for it is told by its content alone.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pdsfz_xl import delimited, html_table, locked, odf, word, xls, xlsb, xlsx, xml2003
from pdsfz_xl import wording as w
from pdsfz_xl.book import Book, Cell, Sheet
from pdsfz_xl.compound import Compound
from pdsfz_xl.package import FORM_LIMITS, InMemory, Limits, Package, Refused, Whole, opened

__all__ = ["FORM_LIMITS", "Book", "Cell", "InMemory", "Limits", "Refused", "Sheet", "read"]

_PACKAGES: Mapping[str, Callable[[Package], Book]] = {
    "ooxml": xlsx.read,
    "xlsb": xlsb.read,
    "ods": odf.read,
    "word": word.read,
}
_WHOLE: Mapping[str, Callable[[bytes, Limits], Book]] = {
    "xls": xls.read,
    "table": delimited.read,
    "xml2003": xml2003.read,
    "html": html_table.read,
    "mht": html_table.read_mht,
}


def read(
    path: Path | InMemory, *, limits: Limits = FORM_LIMITS, passwords: Sequence[str] = ()
) -> Book:
    """Read a workbook, or the tables of a document. Raises Refused for anything else.

    `passwords` are tried on a file that needs one. Raises OSError when the file cannot be opened,
    MemoryError when the process is bounded.
    """
    try:
        with opened(path, limits) as found:
            if isinstance(found, Package):
                return _package(found)
            return _whole(found, limits, passwords)
    except (Refused, OSError, MemoryError):
        raise
    except Exception as error:  # Foreign bytes found a gap: that is one verdict, not the run.
        raise Refused("F03", "内部结构异常") from error


def _package(package: Package) -> Book:
    if package.kind not in _PACKAGES:
        raise Refused(*w.FILE_KINDS[package.kind])
    return _PACKAGES[package.kind](package)


def _whole(found: Whole, limits: Limits, passwords: Sequence[str]) -> Book:
    """What is inside a compound file is a zip, or it is nothing we read."""
    if found.kind == "password":
        return _package(_inside(locked.unlocked(found.data, passwords), limits))
    if found.kind == "wrapped":
        return _package(_inside(Compound(found.data).stream("Package") or b"", limits))
    if found.kind not in _WHOLE:
        raise Refused(*w.FILE_KINDS[found.kind])
    try:
        return _WHOLE[found.kind](found.data, limits)
    except Refused as refused:
        if found.kind != "xls" or refused.rule != "F02":
            raise
    return xls.read(locked.unlocked(found.data, passwords), limits)


def _inside(data: bytes, limits: Limits) -> Package:
    return Package(io.BytesIO(data), len(data), limits)
