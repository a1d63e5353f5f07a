"""The acceptance cases of mail, archives and the drop folder by number: which tests hold each.

Here stand those, too, that are nobody else's: forty names of one form, paths of 300 characters,
and garbage.
"""

import ast
import random
from pathlib import Path

import mail_office as office
import pytest
from archives import UTF8, Entry, zipped
from counts import examples
from mails import eml, file_part, msg
from test_encrypted import locked
from test_message import FACTS, TWO

from pdsfz_xl import campaign, collect, rules
from pdsfz_xl.workspace import Workspace

CASES = {
    20: "test_fetching.test_bounces test_mail_loop.test_what_nobody_gets_comes_back_and_is_said",
    21: "test_fetching.test_without_the_id_the_door_stays_shut"
    " test_fetching.test_a_mailbox_with_three_hundred_other_mails",
    22: "test_fetching.test_a_mailbox_with_three_hundred_other_mails",
    23: "test_fetching.test_a_mailbox_that_numbers_anew",
    24: "test_fetching.test_a_mailbox_with_three_hundred_other_mails"
    " test_mail_loop.test_dovecot_by_tls",
    25: "test_fetching.test_names_as_clients_write_them"
    " test_message.test_a_name_is_found_however_it_is_written test_message.test_names_with_traps",
    26: "test_fetching.test_a_subject_in_raw_gbk",
    27: "test_fetching.test_a_forward_in_a_forward"
    " test_fetch.test_a_forward_in_a_forward_shows_its_chain",
    28: "test_fetching.test_winmail_dat_and_nested_outlook test_message.test_winmail_dat_is_opened",
    29: "test_fetching.test_winmail_dat_and_nested_outlook"
    " test_message.test_a_mail_in_a_mail_of_outlook test_message.test_outlook_without_unicode",
    30: "test_fetching.test_an_attachment_on_the_web"
    " test_message.test_a_large_attachment_on_the_web_is_named_once_and_not_fetched",
    31: "test_fetching.test_the_same_workbook_twice_counts_once",
    32: "test_fetching.test_a_machine_that_answers test_envelope.test_a_machine_answered",
    33: "test_fetching.test_a_name_that_leads_out test_fetch.test_a_name_never_leads_out",
    34: "test_container.test_names",
    35: "test_container.test_names test_container.test_every_hanzi_of_gb2312_as_a_name",
    36: "test_container.test_names_that_lead_out_are_refused_one_by_one"
    " test_container.test_a_link_is_refused",
    37: "test_container.test_a_bomb_takes_little_memory"
    " test_container.test_a_bomb_that_lies_about_its_size_is_refused_too",
    38: "test_container.test_a_password_opens_a_zip test_container.test_aes"
    " test_container.test_seven_zip_with_a_password_on_its_names",
    39: "test_container.test_rar test_container.test_seven_zip_damaged"
    " test_container.test_a_seven_zip_that_goes_wrong",
    40: "test_container.test_archives_in_archives",
    41: "test_container.test_clutter_is_listed_and_left"
    " test_workspace.test_what_programs_leave_is_clutter",
    42: "test_mail_cases.test_what_a_form_is_called_tells_nothing",
    43: "test_watch.test_what_still_grows_is_left_alone",
    44: "test_encrypted.test_any_other_password_is_one test_mail_cases.test_three_that_stay_shut",
    45: "test_flow.test_a_merged_workbook_open_elsewhere_stops_before_anything_starts",
    46: "test_mail_cases.test_a_path_of_three_hundred_characters",
    47: "test_mail_cases.test_garbage test_message.test_a_damaged_mail_is_read_or_refused"
    " test_container.test_a_damaged_container_is_opened_or_refused",
}
"""From 20 on; the cases of sending are where sending is tried."""


def named_in(module: str) -> set[str]:
    tree = ast.parse(Path(__file__).with_name(f"{module}.py").read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_case_has_a_test():
    assert list(CASES) == list(range(20, 48))
    named = [test.split(".") for tests in CASES.values() for test in tests.split()]
    assert [f"{m}.{test}" for m, test in named if test not in named_in(m)] == []


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    return office.prepare(tmp_path_factory.mktemp("office") / "任务")


@pytest.fixture
def desk(prepared, tmp_path) -> Path:
    return office.copy(prepared, tmp_path / "任务")


def drop(desk: Path, name: str, data: bytes) -> None:
    path = desk / "out" / "2-收件" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def files_of(desk: Path) -> dict[str, dict[str, str]]:
    document = campaign.collect(Workspace(desk), office.NOW).more
    return {f["path"].removeprefix("out/2-收件/"): f for f in document["files"]}


NAMES = (
    "表", "表(1)", "表（1）", "表[1]", "表(2)", "表－修改版", "表-修改版", "表_修改版",
    "表最终版", "表最终版2", "表终稿", "表终稿改3", "表20191024", "表2019-10-24",
    "表v2", "表V3", "回复：表", "转发：表", "副本表",
)  # fmt: skip
UNITS = ("市司法局", "市审计局", "公安局", "市统计局", "市场监管局", "生态环境局", "交通运输局")


def test_what_a_form_is_called_tells_nothing(desk):
    """One form under nineteen names is one; seven forms under one name are seven."""
    form = office.filled(desk, "市发改委")
    assert len(NAMES) == 19
    for name in NAMES:
        drop(desk, f"{name}.xlsx", form)
    for number, unit in enumerate(UNITS):
        drop(desk, f"{number}/填报表.xlsx", office.filled(desk, unit))
    found = files_of(desk)
    one = [found[f"{name}.xlsx"] for name in NAMES]
    assert sorted(f["verdict"] for f in one) == ["accepted"] + ["duplicate"] * 18
    assert {f["unit"] for f in one} == {"市发改委"}
    seven = [found[f"{number}/填报表.xlsx"] for number in range(7)]
    assert [(f["verdict"], f["unit"]) for f in seven] == [("accepted", unit) for unit in UNITS]


def test_three_that_stay_shut(desk):
    """No bytes, a lock, and an archive by another name: each has words of its own."""
    drop(desk, "空.xlsx", b"")
    drop(desk, "锁.xlsx", locked("秘密"))
    drop(desk, "包.xlsx", zipped(Entry("表.xlsx".encode(), office.filled(desk, "市发改委"), UTF8)))
    found = files_of(desk)
    shut = [found[f"{name}.xlsx"] for name in ("空", "锁", "包")]
    assert [(f["verdict"], f["rule"]) for f in shut] == [
        ("rejected", "F01"), ("rejected", "F02"), ("opened", None),
    ]  # fmt: skip
    assert "密码" in found["锁.xlsx"]["message"]
    assert len({f["message"] for f in shut}) == 3
    assert found["包.xlsx!/表.xlsx"]["unit"] == "市发改委"


def test_a_path_of_three_hundred_characters(desk):
    folder = "/".join(["各单位报送材料（第一次）整理后的文件夹" * 2] * 8)
    drop(desk, f"{folder}/表.xlsx", office.filled(desk, "市发改委"))
    assert len(str(desk / "out" / "2-收件" / folder)) > 300
    found = files_of(desk)
    assert found[f"{folder}/表.xlsx"]["verdict"] == "accepted"
    assert list((desk / "out" / "存档").glob("市发改委_*"))


HEADS = (
    b"", b"PK\3\4", b"PK\5\6", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07\x01\0", b"From: a@b.cn\r\nSubject: x\r\nContent-Type: multipart/mixed;",
    b"\x78\x9f\x3e\x22", b"%PDF-1.7", b"<html>", zipped(b"a.xlsx")[:40], msg(FACTS, TWO)[:900],
    eml(file_part(b"x", "a.xlsx"))[:200],
)  # fmt: skip


@pytest.mark.parametrize("suffix", [".eml", ".msg", ".zip"])
def test_garbage(tmp_path, suffix):
    """Every one gets a verdict, and no line of Python."""
    chance = random.Random(f"2019{suffix}")
    for number in range(examples(70)):
        path = tmp_path / f"{number}{suffix}"
        noise = chance.randbytes(chance.choice([0, 1, 20, 600, 5000]))
        path.write_bytes(chance.choice(HEADS) + noise)
        manifest = collect.read_return(str(path))
        assert manifest.opened or manifest.rule in rules.RULES or manifest.loose
        assert "Error" not in manifest.detail
