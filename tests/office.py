"""A person at LibreOffice: opens a workbook, types through the view, saves.

Run by a Python that has `uno`: office.py FORM JOBS.json OUT.xlsx, where JOBS is a list of
[cell, text]. Prints JSON: for every job what the cell showed before and after, and whether it was
locked. `setString` of the API ignores locks and validations, so everything goes through the
dispatcher; in headless mode a stop dialog is cancelled, as a person would cancel it.
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
from com.sun.star.beans import PropertyValue


def properties(**values):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


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
                context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                break
            except Exception:
                time.sleep(0.25)
        else:
            raise SystemExit("LibreOffice did not start")
        manager = context.ServiceManager
        self.desktop = manager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        self.helper = manager.createInstanceWithContext(
            "com.sun.star.frame.DispatchHelper", context
        )
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self.desktop.terminate()
        self.process.wait(20)
        self.profile.cleanup()

    def open(self, path):
        # Hidden=True crashes LibreOffice 7.4 on a refused edit.
        url = Path(path).absolute().as_uri()
        self.document = self.desktop.loadComponentFromURL(url, "_blank", 0, properties())
        return self.document

    def dispatch(self, command, **values):
        frame = self.document.CurrentController.Frame
        self.helper.executeDispatch(frame, command, "", 0, properties(**values))

    def type(self, address, text, away):
        """Type into a cell and leave it. A formula would turn leaving into a reference."""
        self.dispatch(".uno:GoToCell", ToPoint=address)
        values = {"StringName": text}
        if not text.startswith(("=", "--")):
            values["DontCommit"] = True
        self.dispatch(".uno:EnterString", **values)
        self.dispatch(".uno:GoToCell", ToPoint=away)
        self.dispatch(".uno:Cancel")

    def save(self, path):
        self.document.calculateAll()
        url = Path(path).absolute().as_uri()
        self.document.storeToURL(url, properties(FilterName="Calc MS Excel 2007 XML"))


def main(form, jobs, out):
    report = []
    with Office() as office:
        document = office.open(form)
        sheet = document.Sheets.getByIndex(0)
        document.CurrentController.setActiveSheet(sheet)
        for address, text in json.loads(Path(jobs).read_text("utf-8")):
            cell = sheet.getCellRangeByName(address)
            before = cell.String
            office.type(address, text, "$AZ$200")
            report.append(
                {"cell": address, "before": before, "after": cell.String,
                 "locked": bool(cell.CellProtection.IsLocked)}
            )  # fmt: skip
        office.save(out)
        used = sheet.createCursor()
        used.gotoEndOfUsedArea(False)
        shown = {}
        for row in range(used.RangeAddress.EndRow + 1):
            for column in range(used.RangeAddress.EndColumn + 1):
                cell = sheet.getCellByPosition(column, row)
                if cell.String:
                    shown[f"{chr(65 + column)}{row + 1}"] = cell.String
        document.close(True)
    print(json.dumps({"typed": report, "shown": shown}, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
