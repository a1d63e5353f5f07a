"""Who is meant: every command and every column understands a name the same way."""

import re
import shutil
from datetime import datetime
from pathlib import Path

import mailroom
import pytest
from click.testing import CliRunner
from samples import master

from pdsfz_xl import campaign, companions, handing, mailing, printing
from pdsfz_xl import wording as w
from pdsfz_xl.cli import cli
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.handing import Note
from pdsfz_xl.mail_case import Asked
from pdsfz_xl.model import Unit
from pdsfz_xl.printing import Order
from pdsfz_xl.units import Names, is_yes, named
from pdsfz_xl.workspace import Workspace

NOW = datetime(2019, 10, 21, 9, 0)
UNITS = (
    Unit(code="01", name="市发改委", aliases=("发改委", "Fgw")),
    Unit(code="02", name="甲县", group="各县区"),
    Unit(code="A3", name="乙县", group="各县区"),
    Unit(code="04", name="丙县", aliases=("丙县（粮食、物资局）",), group="各 县区"),
)
SAID = {
    "市发改委": "01",
    "市 发改委": "01",
    "a3,Ａ３": "A3",
    "fgw": "01",
    "A3、发改委": "01 A3",
    "各县区": "02 A3 04",
    "市发改委，甲县;02；乙县": "01 02 A3",
    "甲县 乙县\n丙县": "02 A3 04",
    "丙县（粮食、物资局） 01": "01 04",
    "04，02,04": "02 04",
}
"""As people write it, and the codes of who is meant, in the order of 责任单位."""
PLAN = master(units=UNITS)


@pytest.mark.parametrize("said", SAID)
def test_units_are_named_in_any_way_they_are_called(said):
    assert " ".join(unit.code for unit in named(PLAN, said)) == SAID[said]


def test_nothing_named_is_nobody():
    assert named(PLAN, "") == named(PLAN, " ，\n") == ()


def test_everything_unknown_is_said_at_once_with_what_is_nearest():
    with pytest.raises(OperatorError) as error:
        named(PLAN, "发改局、01、各县、完全无关的")
    assert str(error.value) == (
        "责任单位里没有“发改局”，最接近的是“发改委”；没有“各县”，最接近的是“各县区”；"
        "没有“完全无关的”；请写单位名称、别名、代码或分组名，几个之间用顿号。命令没有执行。"
    )


def test_a_unit_comes_before_a_group_and_a_name_before_an_alias():
    names = Names(
        (
            Unit(code="01", name="甲局", aliases=("乙局", "02"), group="丙局"),
            Unit(code="02", name="乙局", group="丙局"),
            Unit(code="03", name="丙局"),
        )
    )
    said = ("乙局", "02", "丙局", "", "丁局")
    assert [names.codes(name) for name in said] == [("02",), ("02",), ("03",), (), ()]
    assert names.unit("") == names.nearest("完全无关的") == ""


@pytest.mark.parametrize(("said", "yes"), [("是", True), (" √", True), ("否", False), ("", False)])
def test_only_a_tick_is_a_tick(said, yes):
    assert is_yes(said) is yes


# --- every command -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> Path:
    """Four bureaus, the first of which wrote something that is wrong."""
    ws = mailroom.workspace(tmp_path_factory.mktemp("office"), units=4)
    mailroom.edit(
        ws,
        {
            (w.UNITS_SHEET, "C2"): "甲1、Ju1",
            (w.UNITS_SHEET, "D3"): "各县区",
            (w.UNITS_SHEET, "D5"): "各县区",
        },
    )
    for code in ("01", "02", "03", "04"):
        mailroom.fill(ws, code, f"{code}.xlsx", "无")
    campaign.generate(ws, NOW)
    campaign.collect(ws, NOW)
    return ws.root


@pytest.fixture
def ws(office, tmp_path) -> Workspace:
    shutil.copytree(office, tmp_path / "w")
    return Workspace(tmp_path / "w")


def _in(text: str) -> set[str]:
    return set(re.findall(r"甲\d\d局", text))


def _print(ws: Workspace, said: str) -> set[str]:
    return _in(printing.print_out(ws, NOW, Order(units=said)).outputs["pdf"])


def _papers(ws: Workspace, said: str) -> set[str]:
    return _in(" ".join(companions.print_out(ws, NOW, "units", Order(units=said)).more["files"]))


def _mails(ws: Workspace, said: str) -> set[str]:
    done = mailing.plan(ws, Asked(w.ISSUE, said), NOW)
    return _in(str(done.more))


def _handed(ws: Workspace, said: str) -> set[str]:
    return _in(str(handing.write_down(ws, NOW, w.REMIND, said, Note("张三")).more["units"]))


def _back(ws: Workspace, said: str) -> set[str]:
    return _in(" ".join(campaign.give_back(ws, NOW, units=said).said))


def _exported(ws: Workspace, said: str) -> set[str]:
    return _in(campaign.export(ws, NOW, units=said).outputs["entries"])


COMMANDS = (_print, _papers, _mails, _handed, _back, _exported)


@pytest.mark.parametrize("command", COMMANDS)
def test_all_commands_understand_the_same(ws, command):
    for said, meant in {
        "ju1": {"甲01局"},
        "甲03局 甲 １": {"甲01局", "甲03局"},
        "各县区": {"甲02局", "甲04局"},
        "04;03，甲01局": {"甲01局", "甲03局", "甲04局"},
    }.items():
        assert command(ws, said) == meant


@pytest.mark.parametrize(
    "command",
    [*COMMANDS, lambda ws, said: mailing.resolve(ws, said, NOW, sent=True)],
)
def test_all_commands_refuse_the_same_and_change_nothing(ws, command):
    before = {path: path.read_bytes() for path in ws.out.rglob("*.*") if path.is_file()}
    with pytest.raises(OperatorError, match="没有“甲5局”，最接近的是“甲04局”；没有“县区人”，"):
        command(ws, "01、甲5局、县区人")
    assert {p: p.read_bytes() for p in ws.out.rglob("*.*") if p.is_file()} == before


EVERY_COMMAND = (
    "print", "print units", "mail plan 下发", "mail send 下发", "handout 下发", "return", "export",
)  # fmt: skip


@pytest.mark.parametrize("words", EVERY_COMMAND)
def test_an_empty_list_does_not_mean_all(ws, words):
    done = CliRunner().invoke(cli, ["-C", str(ws.root), *words.split(), "--units", " ，"])
    assert isinstance(done.exception, OperatorError)
    assert "--units 后面没有写单位" in str(done.exception)
