"""The shape of the code, kept true by tests."""

import ast
import importlib
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from pdsfz_xl import states

PACKAGE = Path(__file__).parents[1] / "pdsfz_xl"
MODULES = {path.stem: ast.parse(path.read_text("utf-8")) for path in PACKAGE.glob("*.py")}

LADDER = (
    {"states"},
    {"model", "errors"},
    {"text", "job", "redline", "wrapping"},
    {"wording"},
    {
        "paper_wording", "companion_wording", "handing_wording", "mail_wording", "master_wording",
        "archive_wording", "entry_wording", "review_wording", "outcome", "units",
    },
    {
        "rules", "identity", "letter", "succession", "template", "typeset", "owed", "pagination",
        "layout", "mailbox", "secret", "mail_folder",
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
    {"form_texts"},
    {"form_table", "form_sheets"},
    {"form", "workspace", "ledger", "engine", "captions", "inbox"},
    {"outgoing", "incoming"},
    {"match", "tables", "evidence", "versions", "entries", "paper", "bulletin", "contacts"},
    {"paper_text", "changes", "frames"},
    {"edited_paper"},
    {
        "notice", "draft", "master_book", "master", "lint", "generate", "collect", "merge",
        "giveback", "review", "proposals", "report", "printout", "print_book", "print_word",
        "contract", "entry_list", "entry_notes", "export", "pack", "handout", "recipients",
        "call_list", "bulletin_page", "call_sheet", "unit_paper", "evidence_list",
        "mail", "smtp", "fetch",
    },
    {"intake", "filing", "marked", "outbox", "issued", "clerk_words"},
    {"look"},
    {"next_step"},
    {"done"},
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
    "pandas": {"frames", "__init__"},  # there the name of a type
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
    "master_wording", "archive_wording", "entry_wording", "review_wording", "units",
    "layout", "rules", "next_step", "telling", "mail_telling", "campaign", "handing", "printing",
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


# --- states --------------------------------------------------------------------------------

STATES = {
    name: {str(member) for member in value}
    for name, value in vars(states).items()
    if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum
}
COMPARED = {
    "letter": {"上半年", "左右"},  # what people write is compared with what they write
    "message": {"text"},  # a piece of a page
}


def _annotated(tree: ast.AST) -> Iterator[tuple[str, str, ast.expr]]:
    """What is a field or an argument, by its kind and its name, with its annotation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield "field", node.target.id, node.annotation
        elif isinstance(node, ast.arg) and node.annotation:
            yield "argument", node.arg, node.annotation


def _state_names(tree: ast.AST, kind: str) -> dict[str, set[str]]:
    """The values of the states that fields or arguments of a name hold."""
    found: dict[str, set[str]] = defaultdict(set)
    for what, name, annotation in _annotated(tree):
        for part in ast.walk(annotation) if what == kind else ():
            if isinstance(part, ast.Name) and part.id in STATES:
                found[name] |= STATES[part.id]
    return found


FIELDS: dict[str, set[str]] = defaultdict(set)
for _tree in MODULES.values():
    for _name, _values in _state_names(_tree, "field").items():
        FIELDS[_name] |= _values


def _wordings(tree: ast.AST) -> dict[str, object]:
    """The modules of words by what a module calls them."""
    return {
        alias.asname or alias.name: importlib.import_module(f"pdsfz_xl.{alias.name}")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "pdsfz_xl"
        for alias in node.names
        if alias.name.endswith("wording")
    }


def _each(node: ast.AST) -> Iterator[ast.AST]:
    yield from node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]


def _asked(tree: ast.AST) -> Iterator[list[ast.AST]]:
    """What is compared with each other. To search for a text in another is no comparison."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            searched = _is_text(node.left) and isinstance(node.ops[0], ast.In | ast.NotIn)
            sides = node.comparators if searched else [node.left, *node.comparators]
            yield [part for side in sides for part in _each(side)]
        elif isinstance(node, ast.Match):
            cases = [n for case in node.cases for n in ast.walk(case.pattern)]
            yield [node.subject, *(n.value for n in cases if isinstance(n, ast.MatchValue))]


def _looked_up(tree: ast.AST) -> Iterator[ast.AST]:
    """What looks something up, or is put where it can be looked up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Set):
            yield from node.elts
        elif isinstance(node, ast.Dict):
            yield from filter(None, node.keys)
        elif isinstance(node, ast.Subscript):
            yield node.slice


def sentences_as_states(tree: ast.AST, allowed: Iterable[str] = ()) -> Iterator[str]:
    """Where text is used as if it were a state: a sentence, Chinese, or a state's bare value."""
    words, arguments = _wordings(tree), _state_names(tree, "argument")
    for parts in _asked(tree):
        values = {
            value
            for part in parts
            for value in (
                FIELDS.get(part.attr, ())
                if isinstance(part, ast.Attribute)
                else arguments.get(getattr(part, "id", ""), ())
            )
        }
        for part in filter(_is_text, parts):
            chinese = re.search("[\u4e00-\u9fff]", part.value)
            if part.value not in allowed and (chinese or part.value in values - {""}):
                yield f"{part.lineno}: {part.value}"
    for part in (*(part for parts in _asked(tree) for part in parts), *_looked_up(tree)):
        match part:
            case ast.Attribute(value=ast.Name(id=alias), attr=name) if alias in words:
                said = getattr(words[alias], name)
                if type(said) is str and re.search("[。，；：]|.{9}", said):
                    yield f"{part.lineno}: {alias}.{name}"


@pytest.mark.parametrize("name", sorted(MODULES))
def test_no_sentence_is_a_state(name):
    """What code branches on is a member of an enum; words are made from it, never the reverse."""
    captions = {column.caption for column in _captions()} | _settings()
    found = sentences_as_states(MODULES[name], captions | COMPARED.get(name, set()))
    assert list(found) == []


@pytest.mark.parametrize(
    "planted",
    [
        "file.message == w.MARKED_TASK",
        "file.message in (w.BLANK_HINT, w.MARKED_TASK)",
        "file.verdict == 'held'",
        "'held' != file.verdict",
        "file.verdict in ('held', 'ignored')",
        "answer.status == '未报'",
        "known = frozenset({w.MARKED_TASK})",
        "why = {w.MARKED_TASK: 1}",
        "counts[w.MARKED_TASK]",
        "match file.verdict:\n    case 'held':\n        pass",
        "def f(status: UnitStatus):\n    return status == 'missing'",
    ],
)
def test_a_sentence_that_is_a_state_is_found(planted):
    tree = ast.parse(f"from pdsfz_xl import wording as w\n{planted}")
    assert len(list(sentences_as_states(tree))) >= 1


@pytest.mark.parametrize(
    "fine",
    [
        "file.verdict == Verdict.HELD",
        "answer.status == w.NOT_OURS",
        "caption == w.ANSWER",
        "'关于' in line",
        "link.kind == 'drawing'",
    ],
)
def test_a_state_is_no_sentence(fine):
    tree = ast.parse(f"from pdsfz_xl import wording as w\n{fine}")
    assert list(sentences_as_states(tree)) == []


def test_every_state_has_words():
    """A table of words that lacks a member would fail only when somebody comes across it."""
    from pdsfz_xl import companions, handing_wording, mail_wording, wording

    tables = (
        (wording.GRADES, states.Grade),
        (wording.VERDICTS, states.Verdict),
        (wording.REASONS, states.Reason),
        (wording.STANDING, states.UnitStatus),
        (handing_wording.NOT_GIVEN, states.NotGiven),
        (mail_wording.MAIL_STATES, states.MailState),
        (companions.KINDS, states.Companion),
    )
    assert [kind.__name__ for table, kind in tables if set(table) != set(kind)] == []


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
        " 'sqlite3', 'filelock', 'smtplib', 'keyring', 'xlrd', 'msoffcrypto', 'email.message',"
        " 'pyarrow', 'pdsfz_xl.frames', 'pdsfz_xl.look'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
