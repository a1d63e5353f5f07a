"""数量 beside a requirement that asks for none is grey and locked: it must refuse a text."""

import pytest
from client import needs_office, session
from test_client_locks import FIRST, form_of, to_fill

from pdsfz_xl import wording as w

pytestmark = needs_office


@pytest.mark.parametrize("name", ["sample", "notice"])
def test_figures_nobody_asks_for_refuse(tmp_path, name):
    data = form_of(name, tmp_path)
    (tmp_path / "form.xlsx").write_bytes(data)
    mine = to_fill(data)[w.FORM_SHEET]
    rows = [int(cell[1:]) for cell in mine if cell[0] == "J" and int(cell[1:]) >= FIRST]
    asked = [cell for cell in mine if cell[0] == "K"]
    jobs = [(f"K{row}", "12") for row in rows if f"J{row}" in mine and f"I{row}" in mine]
    _, changed = session(tmp_path, ["open", "form.xlsx"], ["sweep", w.FORM_SHEET, jobs])
    took = [cell for cell, _ in jobs if cell in changed]
    assert took == asked
