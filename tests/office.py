"""A person at LibreOffice: opens a workbook, types through the view, copies, pastes, saves.

Run by a Python that has `uno`. Every line it reads is a sitting, [folder, steps] in JSON, where the
steps are a list of [verb, argument, ...] and every verb is a method of `Person`. It answers with a
line each, the list of what the steps gave, and ends with the first that fails. `setString` of the
API ignores locks and validations, so whatever a person does goes through the dispatcher; in
headless mode a dialog is cancelled, as a person would cancel it.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uno
import unohelper
from com.sun.star.awt.FontStrikeout import SINGLE
from com.sun.star.awt.PosSize import POSSIZE
from com.sun.star.beans import PropertyValue
from com.sun.star.datatransfer import DataFlavor, XTransferable
from com.sun.star.sheet import TableFilterField
from com.sun.star.sheet.FilterOperator import NOT_EMPTY

AREA = "A1:Z260"
"""More than any sheet of a form uses."""

AWAY = "$AZ$300"
"""An empty cell to go to when a cell is left."""

TEXT = {"FilterName": "Text - txt - csv (StarCalc)", "FilterOptions": "44,34,76,1"}
"""Commas, double quotes, UTF-8: what the dialog offers."""

SHEETS = {
    ".csv": TEXT,
    ".fods": {"FilterName": "OpenDocument Spreadsheet Flat XML"},
    ".html": {"FilterName": "HTML (StarCalc)"},
    ".ods": {"FilterName": "calc8"},
    ".pdf": {"FilterName": "calc_pdf_Export"},
    ".txt": {**TEXT, "FilterOptions": "9,34,65535,1"},  # tabs, UTF-16
    ".xls": {"FilterName": "MS Excel 97"},
    ".xlsm": {"FilterName": "Calc MS Excel 2007 VBA XML"},
    ".xlsx": {"FilterName": "Calc MS Excel 2007 XML"},
    ".xltx": {"FilterName": "Calc MS Excel 2007 XML Template"},
}
DOCUMENTS = {
    ".docx": {"FilterName": "MS Word 2007 XML"},
    ".odt": {"FilterName": "writer8"},
    ".pdf": {"FilterName": "writer_pdf_Export"},
    ".txt": {"FilterName": "Text (encoded)", "FilterOptions": "UTF8"},
}
"""By the suffix of what is saved."""


def properties(**values):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


def url(path):
    return Path(path).absolute().as_uri()


class Clipping(unohelper.Base, XTransferable):
    """What another program offers on the clipboard, in one format."""

    def __init__(self, mime, data):
        self.flavor = DataFlavor(mime, mime, uno.getTypeByName("[]byte"))
        self.data = uno.ByteSequence(data)

    def getTransferDataFlavors(self):  # noqa: N802
        return (self.flavor,)

    def isDataFlavorSupported(self, flavor):  # noqa: N802
        return flavor.MimeType == self.flavor.MimeType

    def getTransferData(self, _flavor):  # noqa: N802
        return self.data


class Office:
    """A private headless LibreOffice on a pipe of its own."""

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        pipe = f"pdsfz{os.getpid()}"
        self.process = subprocess.Popen(
            ["soffice", f"-env:UserInstallation=file://{self.profile.name}", "--headless",
             "--invisible", "--norestore", "--nologo", "--nodefault",
             f"--accept=pipe,name={pipe};urp;"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext(
            "com.sun.star.bridge.UnoUrlResolver", local
        )
        for _ in range(240):
            try:
                self.context = resolver.resolve(
                    f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext"
                )
                break
            except Exception:
                time.sleep(0.25)
        else:
            raise SystemExit("LibreOffice did not start")
        self.desktop = self.service("com.sun.star.frame.Desktop")
        self.helper = self.service("com.sun.star.frame.DispatchHelper")
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self.desktop.terminate()
        self.process.wait(20)
        self.profile.cleanup()

    def service(self, name):
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def load(self, path, *, hidden):
        how = properties(Hidden=hidden, **(TEXT if path.endswith(".csv") else {}))
        return self.desktop.loadComponentFromURL(url(path), "_blank", 0, how)

    def dispatch(self, document, command, **values):
        frame = document.CurrentController.Frame
        self.helper.executeDispatch(frame, command, "", 0, properties(**values))


class Person:
    """The verbs. A sheet is its name, a cell its address."""

    def __init__(self, office):
        self.office = office

    def open(self, path):
        # Hidden=True crashes LibreOffice 7.4 on a refused edit.
        self.document = self.office.load(path, hidden=False)
        window = self.document.CurrentController.Frame.ContainerWindow
        window.setPosSize(0, 0, 300, 200, POSSIZE)  # there is less to draw

    def new(self, sheet):
        """A workbook with one empty sheet of that name."""
        load = self.office.desktop.loadComponentFromURL
        self.document = load("private:factory/scalc", "_blank", 0, ())
        first, *others = self._sheets()
        first.Name = sheet
        self.remove(*(other.Name for other in others))

    def save(self, path):
        self.document.calculateAll()
        self.store(path)

    def store(self, path):
        """Save in the format of a suffix, not calculated anew."""
        sheets = self.document.supportsService("com.sun.star.sheet.SpreadsheetDocument")
        how = (SHEETS if sheets else DOCUMENTS)[Path(path).suffix]
        self.document.storeToURL(url(path), properties(**how))

    def convert(self, path, saved):
        """Store a file in another format, unseen."""
        self.document = self.office.load(path, hidden=True)
        self.store(saved)
        self.close()

    def replace(self, said, by):
        """Replace words wherever they stand in a text document; how often that was."""
        wanted = self.document.createReplaceDescriptor()
        wanted.SearchString, wanted.ReplaceString = said, by
        return self.document.replaceAll(wanted)

    def write_at_end(self, said):
        """A paragraph below everything in a text document, as a tracked change."""
        self.document.RecordChanges = True
        text = self.document.Text
        text.insertString(text.End, said, False)

    def close(self):
        self.document.close(True)

    def leave(self):
        """Nothing open, nothing on the clipboard, as whoever sits down next expects it."""
        for document in list(self.office.desktop.Components):
            document.close(True)
        self.offer("text/plain;charset=utf-16", "")

    # --- looking

    def look(self, sheet, cells):
        """Text, lock and validation of every cell."""
        return [self._seen(self._sheet(sheet).getCellRangeByName(cell)) for cell in cells]

    def shown(self, sheet):
        """What every cell of a sheet shows, by address, where it shows anything."""
        found = _by_address(self._sheet(sheet).getCellRangeByName(AREA).DataArray).items()
        return {a: v if isinstance(v, str) else f"{v:g}" for a, v in found if v != ""}

    def size(self, sheet, cell):
        """The height of a cell's row and the width of its column, in hundredths of a mm."""
        found = self._sheet(sheet).getCellRangeByName(cell)
        return [found.Rows.getByIndex(0).Height, found.Columns.getByIndex(0).Width]

    # --- writing

    def type(self, sheet, jobs):
        """Type [cell, text] after [cell, text]; what each cell showed before and after."""
        sheet = self._on(sheet)
        report = []
        for address, text in jobs:
            cell = sheet.getCellRangeByName(address)
            before = cell.String
            self._enter(address, text)
            report.append({"before": before, "after": cell.String})
        return report

    def sweep(self, sheet, jobs):
        """Type [cell, text] after [cell, text], past the validations; the cells that took it."""
        area = self._on(sheet).getCellRangeByName(AREA)
        before = _by_address(area.FormulaArray)
        for address, text in jobs:
            self._dispatch(".uno:GoToCell", ToPoint=address)
            self._dispatch(".uno:EnterString", StringName=text)
        after = _by_address(area.FormulaArray)
        return [address for address, said in after.items() if said != before[address]]

    def set(self, sheet, jobs):
        """Put texts into cells past the input line, as a program would."""
        for address, text in jobs:
            self._sheet(sheet).getCellRangeByName(address).setString(text)

    def attempt(self, sheet, cell, command, values):
        """Whether a command given at a cell changed any cell or any sheet of the workbook."""
        self._on(sheet)
        before = self._everything()
        self._dispatch(".uno:GoToCell", ToPoint=cell)
        self._dispatch(command, **values)
        self._dispatch(".uno:Cancel")
        return self._everything() != before

    # --- what the locks of a form do not allow

    def unlock(self):
        """Take the locks off the workbook and off every sheet."""
        self.document.unprotect("")
        for sheet in self._sheets():
            sheet.unprotect("")

    def do(self, sheet, cells, command, values):
        """Give a command at some cells."""
        self._on(sheet)
        self._dispatch(".uno:GoToCell", ToPoint=cells)
        self._dispatch(command, **values)

    def rename(self, sheet, name):
        self._sheet(sheet).Name = name

    def remove(self, *sheets):
        for sheet in sheets:
            self.document.Sheets.removeByName(sheet)

    def bring(self, path, sheet, position):
        """Copy a sheet of another workbook into this one, as its nth from 1."""
        source = self.office.load(path, hidden=True)
        source.unprotect("")
        source.CurrentController.setActiveSheet(source.Sheets.getByName(sheet))
        # The command knows this workbook by its title, on some systems without the suffix; and by
        # a number of its own where it was never saved.
        for title in {self.document.Title, Path(self.document.Title).stem, "Untitled 1"}:
            target = {"DocName": title, "Index": position, "Copy": True}
            self.office.dispatch(source, ".uno:Move", **target)
        source.close(True)

    def duplicate(self, sheet):
        """Copy a sheet, under the name this client gives a copy."""
        self.document.Sheets.copyByName(sheet, f"{sheet}_2", self.document.Sheets.Count)

    def filter(self, sheet, cells, column):
        """Show only the rows with something in a column, counted from 0."""
        found = self._sheet(sheet).getCellRangeByName(cells)
        wanted = found.createFilterDescriptor(True)
        wanted.ContainsHeader = True
        field = TableFilterField()
        field.Field, field.Operator = column, NOT_EMPTY
        wanted.setFilterFields((field,))
        found.filter(wanted)

    def comment(self, sheet, cell, said):
        sheet = self._sheet(sheet)
        sheet.Annotations.insertNew(sheet.getCellRangeByName(cell).CellAddress, said)

    def strike(self, sheet, cell, many):
        """Strike the first characters of a cell's text through."""
        cursor = self._sheet(sheet).getCellRangeByName(cell).createTextCursor()
        cursor.gotoStart(False)
        cursor.goRight(many, True)
        cursor.CharStrikeout = SINGLE

    # --- the clipboard

    def copy(self, path, cells=""):
        """Copy cells of another workbook, or the first table of a text document."""
        source = self.office.load(path, hidden=True)
        if cells:
            self.office.dispatch(source, ".uno:GoToCell", ToPoint=cells)
        else:
            self.office.dispatch(source, ".uno:GoToStartOfDoc")
            self.office.dispatch(source, ".uno:SelectTable")
        self.office.dispatch(source, ".uno:Copy")
        source.close(True)

    def offer(self, mime, text):
        """Put onto the clipboard what another program would."""
        board = self.office.service("com.sun.star.datatransfer.clipboard.SystemClipboard")
        board.setContents(Clipping(mime, text.encode()), None)

    def paste(self, sheet, cell, command=".uno:Paste"):
        self._on(sheet)
        self._dispatch(".uno:GoToCell", ToPoint=cell)
        self._dispatch(command)

    # --- how

    def _sheet(self, name):
        return self.document.Sheets.getByName(name)

    def _sheets(self):
        return [self.document.Sheets.getByIndex(i) for i in range(self.document.Sheets.Count)]

    def _on(self, name):
        self.document.CurrentController.setActiveSheet(self._sheet(name))
        return self._sheet(name)

    def _dispatch(self, command, **values):
        self.office.dispatch(self.document, command, **values)

    def _enter(self, address, text):
        """Type and leave the cell."""
        self._dispatch(".uno:GoToCell", ToPoint=address)
        # Only what is not yet committed passes the validation when the cell is left; but leaving
        # a formula that is being typed puts a reference into it.
        pending = {} if text.startswith(("=", "--")) else {"DontCommit": True}
        self._dispatch(".uno:EnterString", StringName=text, **pending)
        self._dispatch(".uno:GoToCell", ToPoint=AWAY)
        self._dispatch(".uno:Cancel")

    def _everything(self):
        return [
            (s.Name, s.IsVisible, s.getCellRangeByName(AREA).FormulaArray) for s in self._sheets()
        ]

    def _seen(self, cell):
        return {
            "text": cell.String,
            "locked": cell.CellProtection.IsLocked,
            "validation": cell.Validation.Type.value,
        }


def _by_address(rows):
    cells = ((c, r, said) for r, row in enumerate(rows) for c, said in enumerate(row))
    return {f"{chr(65 + c)}{r + 1}": said for c, r, said in cells}


def main():
    with Office() as office:
        for line in sys.stdin:
            folder, steps = json.loads(line)
            os.chdir(folder)
            person, gave = Person(office), []
            for verb, *rest in steps:
                print(verb, str(rest)[:300], file=sys.stderr)
                gave.append(getattr(person, verb)(*rest))
            person.leave()
            print(json.dumps(gave), flush=True)


if __name__ == "__main__":
    main()
