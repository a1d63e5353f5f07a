"""Files that are no forms: whose they are, what they prove, what the office must type in."""

from dataclasses import replace

import pytest
from samples import NOW, arrival, batch, master, requirement, returned

from pdsfz_xl import collect, layout, rules
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Arrival, FormRow, Manifest, Member, Typed, Unit

DONE = Filled("已填报", "已开展工作，办理 3 件。")
ZONE = "out/2-收件/"


def loose(path: str, n: int = 1, rule: str = "F01") -> Arrival:
    digest = f"{n:064d}"
    return Arrival(
        ZONE + path, digest, NOW, True, Manifest(sha256=digest, rule=rule, detail="PDF 文件")
    )


def container(path: str, members: list[Arrival], sender: str = "", n: int = 900) -> list[Arrival]:
    """An archive or mail with the arrivals of its members."""
    digest = f"{n:064d}"
    inside = tuple(
        Member(a.path.rpartition(w.INSIDE)[2], 1, a.manifest) for a in members if a.manifest
    )
    senders = {"": sender} if sender else {}
    manifest = Manifest(sha256=digest, opened=True, members=inside, senders=senders)
    return [Arrival(ZONE + path, digest, NOW, True, manifest), *members]


def listing(plan, unit: str, tmp_path, **names: str) -> Arrival:
    """A form of the unit that lists files for keys: r03="报道.pdf"."""
    keys = {key.removeprefix("r"): name for key, name in names.items()}
    manifest = returned(plan, unit, {r.key: DONE for r in plan.due(unit)}, tmp_path)
    letters = dict(zip((c.caption for c in layout.EVIDENCE), "ABCDEF", strict=True))
    rows = tuple(
        FormRow(
            w.EVIDENCE_SHEET,
            row,
            {
                w.CODE: Typed(f"{letters[w.CODE]}{row}", "text", key),
                w.FILE_NAME: Typed(f"{letters[w.FILE_NAME]}{row}", "text", name),
            },
        )
        for row, (key, name) in enumerate(keys.items(), 2)
    )
    return arrival(replace(manifest, evidence=rows), f"{ZONE}{unit}.xlsx")


def filed(result) -> set[tuple[str, str, str]]:
    return {(f.path.removeprefix(ZONE), f.unit, f.requirement) for f in result.filed}


def verdict(result, path: str) -> tuple[str, str]:
    [file] = [f for f in result.received if f.path == ZONE + path]
    return file.verdict, file.unit


@pytest.mark.parametrize(
    "name",
    ["报道.pdf", "报道(1).pdf", "报道 - 副本.pdf", "报 道（2）.PDF", "随便/报道.pdf"],
)
def test_a_file_listed_by_its_name_is_evidence(name, tmp_path):
    plan = master()
    result = batch(plan, listing(plan, "02", tmp_path, r03="报道.pdf"), loose(name))
    assert verdict(result, name) == ("evidence", "02")
    assert filed(result) == {(name, "02", "03")}
    assert "E02" not in {f.rule for f in rules.run(result)}


def test_a_name_listed_without_its_ending_is_found_too(tmp_path):
    plan = master()
    result = batch(plan, listing(plan, "02", tmp_path, r03="报道"), loose("报道.pdf"))
    assert filed(result) == {("报道.pdf", "02", "03")}


def test_what_was_listed_and_did_not_come_is_said(tmp_path):
    plan = master()
    result = batch(plan, listing(plan, "02", tmp_path, r03="报道.pdf"), loose("别的.pdf"))
    assert [f.requirement for f in rules.run(result) if f.rule == "E02"] == ["03"]
    assert verdict(result, "别的.pdf") == ("rejected", "")
    assert filed(result) == set()


def test_one_file_may_prove_two_requirements(tmp_path):
    plan = master()
    form = listing(plan, "02", tmp_path, r03="报道.pdf", r04="报道.pdf")
    result = batch(plan, form, loose("报道.pdf"))
    assert filed(result) == {("报道.pdf", "02", "03"), ("报道.pdf", "02", "04")}


def test_a_name_two_bureaus_list_is_nobodys_until_a_folder_says_whose(tmp_path):
    plan = master()
    forms = (
        listing(plan, "02", tmp_path, r04="报道.pdf"),
        listing(plan, "03", tmp_path, r04="报道.pdf"),
    )
    result = batch(plan, *forms, loose("报道.pdf"), loose("市公安局/报道.pdf", 2))
    assert verdict(result, "报道.pdf") == ("rejected", "")
    assert filed(result) == {("市公安局/报道.pdf", "03", "04")}


@pytest.mark.parametrize(
    "folder", ["市司法局", "02_市司法局", "市司法局报送材料(2)", "市 司 法 局"]
)
def test_a_folder_named_for_a_unit_says_whose_a_file_is(folder):
    """Nothing else came: it may be the answer itself, so the office types it in."""
    result = batch(master(), loose(f"{folder}/情况说明.pdf"))
    assert verdict(result, f"{folder}/情况说明.pdf") == ("rejected", "02")
    assert result.standings[1].status == "received"
    assert filed(result) == {(f"{folder}/情况说明.pdf", "02", "")}


@pytest.mark.parametrize("rule", ["F02", "F03", "F08"])
def test_what_nobody_can_open_is_something_the_unit_sent_all_the_same(rule):
    result = batch(master(), loose("市司法局/表.xlsx", rule=rule))
    assert verdict(result, "市司法局/表.xlsx") == ("rejected", "02")
    assert result.standings[1].status == "received"
    assert filed(result) == set()


def test_a_second_copy_may_lie_where_it_says_whose_it_is():
    first = loose("杂/说明.pdf")
    second = loose("市司法局/说明.pdf")._replace(original=False)
    result = batch(master(), first, second)
    assert verdict(result, "杂/说明.pdf") == ("rejected", "02")
    assert result.standings[1].status == "received"


def test_beside_a_form_a_file_in_the_units_folder_waits_to_be_filed(tmp_path):
    plan = master()
    result = batch(plan, listing(plan, "02", tmp_path), loose("市司法局/照片.jpg"))
    assert verdict(result, "市司法局/照片.jpg") == ("evidence", "02")
    assert filed(result) == {("市司法局/照片.jpg", "02", "")}


@pytest.mark.parametrize("folder", ["材料", "司法", "市司法局、市公安局", "财", "2019"])
def test_a_folder_that_names_no_unit_or_two_says_nothing(folder):
    result = batch(master(), loose(f"{folder}/a.pdf"))
    assert verdict(result, f"{folder}/a.pdf") == ("rejected", "")


def test_a_longer_name_is_not_taken_for_the_shorter_one_in_it():
    units = (
        Unit(code="01", name="公安局", row=2),
        Unit(code="02", name="市公安局交警支队", aliases=("交警支队",), row=3),
    )
    plan = master(units=units, requirements=(requirement("03", "01", "02"),))
    result = batch(plan, loose("市公安局交警支队/a.pdf"))
    assert verdict(result, "市公安局交警支队/a.pdf") == ("rejected", "02")


@pytest.mark.parametrize(("folder", "key"), [("02.1", "02.1"), ("03_持证上岗", "03"), ("04", "04")])
def test_a_folder_named_for_a_requirement_files_it_there(folder, key):
    result = batch(master(), loose(f"{folder}/a.pdf"))
    assert verdict(result, f"{folder}/a.pdf")[0] == "evidence"
    assert filed(result) == {(f"{folder}/a.pdf", "", key)}


@pytest.mark.parametrize("folder", ["2019", "02.3", "021", "第03项"])
def test_a_folder_that_only_looks_like_a_requirement_is_none(folder):
    assert filed(batch(master(), loose(f"{folder}/a.pdf"))) == set()


def test_the_sender_of_a_mail_says_whose_its_attachments_are():
    units = tuple(
        Unit(code=u.code, name=u.name, emails=("sfj@example.cn",) if u.code == "02" else (), row=2)
        for u in master().units
    )
    mail = container("来信.eml", [loose("来信.eml!/说明.pdf", 2)], sender="SFJ@example.cn")
    result = batch(master(units=units), *mail)
    assert verdict(result, "来信.eml") == ("opened", "")
    assert verdict(result, "来信.eml!/说明.pdf") == ("rejected", "02")
    assert result.standings[1].status == "received"


def test_what_comes_with_a_form_is_of_its_unit(tmp_path):
    plan = master()
    form = returned(plan, "02", {"03": DONE}, tmp_path)
    inside = [arrival(form, f"{ZONE}包.zip!/表.xlsx"), loose("包.zip!/照片/一.jpg", 2)]
    result = batch(plan, *container("包.zip", inside))
    assert verdict(result, "包.zip!/表.xlsx") == ("accepted", "02")
    assert verdict(result, "包.zip!/照片/一.jpg") == ("evidence", "02")


def test_what_the_clerk_says_of_an_archive_is_said_of_all_in_it(tmp_path):
    plan = master()
    form = returned(plan, "03", {"04": DONE}, tmp_path)
    inside = [arrival(form, f"{ZONE}包.zip!/表.xlsx"), loose("包.zip!/一.jpg", 2)]
    mail = container("包.zip", inside)
    void = {w.REGISTER_SHEET: {mail[0].sha256: {"作废": "是"}}}
    result = batch(plan, *mail, clerk=void)
    assert {f.verdict for f in result.received} == {"ignored"}
    assert not result.answer["03", "04"].answered
    theirs = {w.REGISTER_SHEET: {mail[0].sha256: {"归属单位": "市财政局"}}}
    assert verdict(batch(plan, *mail, clerk=theirs), "包.zip!/一.jpg")[1] == "04"


def test_an_archive_is_held_with_what_is_held_in_it(tmp_path):
    plan = master()
    secret = returned(plan, "03", {"04": Filled("", "机密★1年 情况")}, tmp_path)
    other = returned(plan, "02", {"03": DONE}, tmp_path)
    inside = [arrival(secret, f"{ZONE}包.zip!/密.xlsx"), arrival(other, f"{ZONE}包.zip!/表.xlsx")]
    result = batch(plan, *container("包.zip", inside))
    assert verdict(result, "包.zip")[0] == "held"
    assert verdict(result, "包.zip!/密.xlsx")[0] == "held"
    assert verdict(result, "包.zip!/表.xlsx")[0] == "accepted"


def test_the_form_of_another_campaign_is_never_evidence(tmp_path):
    other = master(settings=replace(master().settings, code="F201805"))
    form = returned(other, "03", {"04": DONE}, tmp_path)
    result = batch(master(), arrival(form, f"{ZONE}市公安局/表.xlsx"))
    assert verdict(result, "市公安局/表.xlsx") == ("rejected", "")
    assert result.standings[2].status == "missing"


def test_what_an_archive_held_is_remembered_whole(tmp_path):
    form = returned(master(), "03", {"04": DONE}, tmp_path)
    inner = Manifest(sha256="3" * 64, opened=True, members=(Member("表.xlsx", 9, form),))
    members = (Member("内.zip", 5, inner), Member("._x", 1, None))
    manifest = Manifest(sha256="4" * 64, opened=True, members=members, senders={"": "a@b.cn"})
    assert collect.load(collect.dump(manifest)) == manifest
    assert collect.load(b'{"members": 3}') is None


# --- what was fetched from the mailbox ------------------------------------------------------

MAILED = "邮件/2019-10-24_"


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        (f"{MAILED}u02@example.cn/章.pdf", "02"),
        (f"{MAILED}市司法局 U02@Example.cn/章.pdf", "02"),
        (f"{MAILED}市公安局 u02@example.cn/章.pdf", "02"),  # the address counts, not the name
        (f"{MAILED}市公安局 private@qq.com/章.pdf", "03"),  # it answered a mail to that unit
        (f"{MAILED}private@qq.com (2)/章.pdf", ""),
        (f"{MAILED}u02@example.cn/2019-10-23_u01@example.cn/章.pdf", "01"),  # passed on
        ("市公安局/2019-10-24_u02@example.cn/章.pdf", "03"),  # the clerk moved it there
        (f"{MAILED}u02@example.cn/包.zip!/章.pdf", "02"),
        (f"{MAILED}both@example.cn/章.pdf", ""),
    ],
)
def test_whose_a_file_is_by_the_folder_of_its_mail(path, unit):
    plan = master()
    emails = {"01": ("u01@example.cn", "both@example.cn"), "02": ("u02@example.cn",),
              "03": ("both@example.cn",)}  # fmt: skip
    units = tuple(replace(u, emails=emails.get(u.code, ())) for u in plan.units)
    result = batch(replace(plan, units=units), loose(path))
    assert verdict(result, path)[1] == unit


def test_a_scan_that_came_in_one_mail_with_a_form(tmp_path):
    plan = master()
    manifest = returned(plan, "02", {"03": DONE}, tmp_path)
    form = arrival(manifest, f"{ZONE}{MAILED}private@qq.com/表.xlsx")
    near, far = f"{MAILED}private@qq.com/章.pdf", f"{MAILED}private@qq.com (2)/章.pdf"
    result = batch(plan, form, loose(near), loose(far, 2))
    assert verdict(result, near) == ("evidence", "02")
    assert verdict(result, far) == ("rejected", "")
