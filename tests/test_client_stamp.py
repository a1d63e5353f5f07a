"""The very hidden sheet is locked like the others: LibreOffice drops the lock of the structure."""

from client import needs_office, session
from test_client_locks import form_of

from pdsfz_xl import wording as w

pytestmark = needs_office


def test_the_hidden_sheet_can_be_shown_but_neither_changed_nor_removed(tmp_path):
    (tmp_path / "form.xlsx").write_bytes(form_of("sample", tmp_path))
    _, shown, changed, removed = session(
        tmp_path,
        ["open", "form.xlsx"],
        ["attempt", w.FORM_SHEET, "A1", ".uno:Show", {"aTableName": w.STAMP_SHEET}],
        ["sweep", w.STAMP_SHEET, [(f"{c}{r}", "改动") for r in range(1, 31) for c in "ABCD"]],
        ["attempt", w.STAMP_SHEET, "A1", ".uno:Remove", {"Index": 4}],
    )
    assert shown
    assert (changed, removed) == ([], False)
