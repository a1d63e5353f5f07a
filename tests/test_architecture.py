"""The shape of the code, kept true by tests."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pdsfz_xl"
MODULES = {path.stem: ast.parse(path.read_text("utf-8")) for path in PACKAGE.glob("*.py")}

LADDER = (
    {"states"},
    {"model", "errors"},
    {"text", "wording", "job", "redline", "wrapping"},
    {
        "paper_wording", "companion_wording", "handing_wording", "mail_wording", "master_wording",
        "archive_wording", "entry_wording", "outcome",
    },
    {
        "rules", "identity", "letter", "template", "typeset", "owed", "pagination", "layout",
        "mailbox", "secret", "mail_folder",
    },
    {"sniff", "shown", "headers", "markup", "compose", "explaining"},
    {"package"},
    {"book", "compound", "zip_archive", "seven_zip", "docx_pen"},
    {"grid", "odf", "xls", "delimited", "page", "locked", "mapi"},
    {"parts", "html_table", "message"},
    {"drawing", "envelope"},
    {"xlsx", "xlsb", "word", "xml2003"},
    {"excel", "reader", "container", "covering"},
    {"form_plan"},
    {"form_hint", "form_pen"},
    {"form_table", "form_sheets"},
    {"form", "workspace", "ledger", "engine", "captions", "inbox"},
    {"outgoing", "incoming"},
    {"match", "tables", "evidence", "versions", "entries", "paper", "bulletin", "contacts"},
    {"paper_text", "changes"},
    {"edited_paper"},
    {
        "notice", "draft", "master_book", "master", "lint", "generate", "collect", "merge",
        "giveback", "review", "proposals", "report", "printout", "print_book", "print_word",
        "contract", "entry_list", "entry_notes", "export", "pack", "handout", "recipients",
        "call_list", "bulletin_page", "call_sheet", "unit_paper", "evidence_list",
        "mail", "smtp", "fetch",
    },
    {"intake", "filing", "marked", "outbox", "issued"},
    {"look", "done"},
    {"telling", "mail_telling", "mail_case"},
    {"copies"},
    {"campaign", "handing", "printing", "mailing", "fetching"},
    {"companions"},
    {"demo", "watch"},
    {"console"},
    {"cli"},
    {"__main__"},
)  # fmt: skip
RUNG = {name: i for i, rung in enumerate(LADDER) for name in rung}

HOMES = {
    "xlsxwriter": {"excel"},
    "openpyxl": {"excel"},
    "docx": {"notice", "docx_pen", "covering", "bulletin_page", "print_word"},
    "typst": {"typeset"},
    "xlrd": {"xls"},
    "click": {"cli", "console"},
    "pandas": {"export"},
    "sqlite3": {"ledger"},
    "pebble": {"engine"},
    "filelock": {"workspace"},
    "zipfile": {"package", "zip_archive", "docx_pen", "demo", "pack", "handout"},
    "xml": {"package"},
    "msoffcrypto": {"locked"},
    "olefile": {"mapi"},
    "pyzipper": {"zip_archive"},
    "subprocess": {"seven_zip"},
    "html": {"html_table", "markup", "message"},
    "email": {"html_table", "message", "compose", "envelope"},
    "imapclient": {"inbox"},
    "imaplib": {"inbox"},
    "poplib": {"inbox"},
    "keyring": {"secret"},
    "smtplib": {"smtp"},
    "ssl": {"smtp", "inbox"},
}
SPEAKS_CHINESE = {
    "wording", "paper_wording", "companion_wording", "handing_wording", "mail_wording",
    "master_wording", "archive_wording", "entry_wording",
    "layout", "rules", "telling", "mail_telling", "campaign", "handing", "printing",
    "companions", "mailing", "fetching", "demo", "cli", "console",  # what people read
    "notice", "letter", "draft", "identity", "text", "template", "envelope",
    "inbox",  # patterns of what people write
    "workspace",  # the names of the clerk's folders
    "states",  # what people choose from
}  # fmt: skip


def imported(tree: ast.AST) -> set[str]:
    """Every module imported anywhere, inside functions too, as dotted names."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "pdsfz_xl":
            names |= {f"pdsfz_xl.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def ours(tree: ast.AST) -> set[str]:
    return {name.split(".")[1] for name in imported(tree) if name.startswith("pdsfz_xl.")}


def test_every_module_has_a_rung():
    """A new module is placed on purpose."""
    assert MODULES.keys() - {"__init__"} == RUNG.keys()


@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"__init__"}))
def test_imports_point_down(name):
    """Nothing imports its own rung or a higher one; so stages never import each other."""
    assert {other for other in ours(MODULES[name]) if RUNG[other] >= RUNG[name]} == set()


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_has_one_home(library):
    users = {
        name
        for name, tree in MODULES.items()
        if any(i == library or i.startswith(f"{library}.") for i in imported(tree))
    }
    assert users <= HOMES[library]


def _said(tree: ast.AST) -> list[str]:
    """String constants that are neither docstrings nor in a raised sentence."""
    skipped = {
        id(sub)
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and _is_text(node.value))
        for sub in ast.walk(node)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in skipped
    ]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("name", sorted(MODULES.keys() - SPEAKS_CHINESE))
def test_chinese_lives_where_it_belongs(name):
    """Captions are data of `layout` and `wording`; elsewhere only a raised sentence is Chinese."""
    captions = {column.caption for column in _captions()} | _settings()
    chinese = [said for said in _said(MODULES[name]) if re.search("[\u4e00-\u9fff]", said)]
    assert [said for said in chinese if said not in captions] == []


def _captions():
    from pdsfz_xl import layout

    for value in vars(layout).values():
        if isinstance(value, tuple) and value and isinstance(value[0], layout.Column):
            yield from value


def _settings() -> set[str]:
    from pdsfz_xl import layout

    return set(layout.SETTINGS)


@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"cli", "console"}))
def test_only_the_cli_prints_and_exits(name):
    calls = {ast.unparse(n.func) for n in ast.walk(MODULES[name]) if isinstance(n, ast.Call)}
    assert not calls & {"print", "click.echo", "click.secho", "sys.exit", "exit", "SystemExit"}


@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"console", "workspace", "ledger"}))
def test_nobody_looks_at_the_clock(name):
    """The time is an argument, so that the same input gives the same bytes."""
    calls = {ast.unparse(n.func) for n in ast.walk(MODULES[name]) if isinstance(n, ast.Call)}
    assert not calls & {"datetime.now", "date.today", "time.time", "datetime.today"}


def test_help_stays_light():
    """`--help` imports no heavy library."""
    script = (
        "import sys; from click.testing import CliRunner; from pdsfz_xl.cli import cli;"
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0;"
        "heavy = {'pandas', 'openpyxl', 'typst', 'xlsxwriter', 'docx', 'pebble', 'numpy',"
        " 'sqlite3', 'filelock', 'smtplib', 'keyring', 'xlrd', 'msoffcrypto', 'email.message'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
