"""A workbook as text, so that a change to it is reviewed as a diff. openpyxl is the oracle."""

import io
import warnings

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet


def dump(data: bytes, *, rows: int = 60) -> str:
    """Properties, then every sheet: page, protection, validations, formats, cells."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(data))
    lines = [f"title: {book.properties.title}", f"created: {book.properties.created}"]
    lines += [f"property {p.name}: {p.value}" for p in book.custom_doc_props.props]
    if book.security and book.security.lockStructure:
        lines.append("structure locked")
    lines += [f"name {name}: {value.attr_text}" for name, value in book.defined_names.items()]
    for sheet in book.worksheets:
        lines += _sheet(sheet, rows)
    return "\n".join(lines) + "\n"


def _sheet(sheet: Worksheet, rows: int) -> list[str]:
    page = sheet.page_setup
    lines = [
        "",
        f"=== {sheet.title} ({sheet.sheet_state}) {sheet.dimensions}",
        f"page: {page.orientation} paper {page.paperSize} fit {page.fitToWidth}x{page.fitToHeight}"
        f" titles {sheet.print_title_rows} area {sheet.print_area}",
        f"footer: {sheet.oddFooter.left.text} | {sheet.oddFooter.center.text}"
        f" | {sheet.oddFooter.right.text}",
        f"freeze: {sheet.freeze_panes} selection: {sheet.sheet_view.selection[-1].sqref}",
    ]
    if sheet.protection.sheet:
        allowed = [
            k
            for k in ("formatRows", "formatColumns", "insertRows", "sort", "autoFilter")
            if not getattr(sheet.protection, k)
        ]
        lines.append(f"protected, allowed: {' '.join(allowed)}")
    lines.append("merged: " + " ".join(sorted(str(m) for m in sheet.merged_cells.ranges)))
    for rule in sorted(sheet.data_validations.dataValidation, key=lambda v: str(v.sqref)):
        lines.append(
            f"validation {rule.sqref}: {rule.type} {rule.operator or ''}"
            f" {rule.errorStyle or 'stop'} [{rule.formula1}] [{rule.formula2}]"
            f" {rule.promptTitle or ''}|{rule.prompt or ''}"
            f"|{rule.errorTitle or ''}|{rule.error or ''}"
        )
    for area in sheet.conditional_formatting:
        for rule in area.rules:
            lines.append(f"conditional {area.sqref}: {rule.type} {rule.formula}")
    widths = {k: round(d.width, 2) for k, d in sorted(sheet.column_dimensions.items())}
    lines.append(f"widths: {widths}")
    for row in sheet.iter_rows(max_row=min(sheet.max_row, rows)):
        shown = [
            f"  {c.coordinate}{'' if c.protection.locked else ' open'}"
            f"{' ' + c.number_format if c.number_format != 'General' else ''}"
            f"{' bold' if c.font.b else ''} {c.value!r}"
            f"{f' comment {c.comment.text!r}' if c.comment else ''}"
            for c in row
            if c.value is not None or not c.protection.locked
        ]
        if shown:
            height = sheet.row_dimensions[row[0].row].height
            lines += [f"row {row[0].row} height {height}", *shown]
    return lines
