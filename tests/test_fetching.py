"""`fetch` against a real IMAP server behind a door like 网易's, and against POP3."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import counts
import mail_office as office
import pytest
from archives import UTF8, Entry, zipped
from mail_boxes import gate, pop3, pymap
from mail_office import NOW, fetch, filled, letter
from mails import attached, eml, file_part, forwarded, msg, outlook, part, text_part, winmail
from test_envelope import PAGE, report
from test_flow import run
from test_message import FACTS, NAME, NAMES, narrow, word

from pdsfz_xl import campaign, fetching, inbox, mailbox
from pdsfz_xl import mail_wording as mw
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.states import Reason
from pdsfz_xl.workspace import Workspace

FGW, SFJ, GAJ = "fgw@example.cn", "sfj@example.cn", "gaj@example.cn"
JUNK = "垃圾邮件"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    return office.prepare(tmp_path_factory.mktemp("office") / "任务")


@pytest.fixture(scope="module")
def servers():
    with pymap() as server, gate(server) as door:
        yield server, door


@pytest.fixture
def box(servers):
    """The mailbox, empty. Its `log` is what came through the door."""
    server, door = servers
    server.empty()
    door.log.clear()
    server.log = door.log
    return server


@pytest.fixture
def desk(prepared, servers, tmp_path) -> Path:
    folder = office.copy(prepared, tmp_path / "任务")
    office.serve(folder, servers[1].port, servers[1].user)
    return folder


def take(desk: Path, box, **more):
    return fetch(desk, box.password, **more)


def stored(desk: Path) -> list[str]:
    """Every file that came by mail, without the facts beside."""
    top = desk / "out" / "2-收件" / "邮件"
    files = (p.relative_to(top).as_posix() for p in top.rglob("*") if p.is_file())
    return sorted(name for name in files if not name.endswith(mw.MAIL_FACTS))


def kinds(done) -> list[str]:
    return [mail["kind"] for mail in done.more["mails"]]


def collected(desk: Path, now: datetime = NOW):
    return campaign.collect(Workspace(desk), now).more


# --- a clerk's mailbox -----------------------------------------------------------------------


def test_a_mailbox_with_three_hundred_other_mails(desk, box):
    """Cases 21, 22, 24: it says what it is, asks for few bodies, and leaves no trace."""
    other = [letter(f"{n}@news.example", f"新闻 {n}", more=b"\r\nList-Id: <x>") for n in range(280)]
    box.put(*other[:200], flags=[rb"\Seen"])
    box.put(*other[200:])
    box.put(*(letter(f"{n}@qq.com", f"约稿 {n}", file_part(b"%%PDF-%d" % n, "稿.pdf"))
              for n in range(20)))  # fmt: skip
    box.put(letter(FGW, "回复：报送", file_part(filled(desk, "市发改委"), "表.xlsx")),
            letter(SFJ, "关于延期", text="申请延期"), flags=[rb"\Flagged"])  # fmt: skip
    before = box.flags()
    done = take(desk, box)
    assert box.flags() == before
    assert kinds(done).count("other") == 300
    assert stored(desk) == [f"2019-10-24_市发改委 {FGW}/表.xlsx"]
    assert done.said[0] == "看了收件箱：新邮件 302 封。"
    assert done.said[1].startswith(f"已收：市发改委 {FGW}《回复：报送》")
    assert done.said[2].startswith(f"只有文字：市司法局 {SFJ}《关于延期》")
    assert sum(line.startswith("没有取：") for line in done.said) == 10
    assert "与本任务无关或取过的 280 封，没有取。" in done.said
    sent = [line.split(b" ", 1)[1] for line in box.log]
    assert sent.index(b'ID ("name" "pdsfz-xl" "version" "1.0" "vendor" "pdsfz-xl")') == 2
    assert b'EXAMINE "INBOX"' in sent
    assert sum(b"(BODY.PEEK[])" in line for line in sent) == 22
    verbs = {line.replace(b"UID ", b"").split()[0] for line in sent}
    assert verbs == {b"CAPABILITY", b"LOGIN", b"ID", b"LIST", b"EXAMINE", b"SEARCH", b"FETCH",
                     b"LOGOUT"}  # fmt: skip
    box.log.clear()
    again = take(desk, box)
    assert again.said == ("看了收件箱：新邮件 0 封。",)
    assert not any(b"FETCH" in line for line in box.log)
    listed = fetching.overview(Workspace(desk))
    assert len(listed.said) == 22
    assert listed.said[0].startswith(f"已收：市发改委 {FGW}")


def test_without_the_id_the_door_stays_shut(servers):
    with servers[1].opened() as client, pytest.raises(Exception, match="Unsafe Login"):
        client.select_folder("INBOX", readonly=True)


def test_a_door_that_stays_shut_is_one_sentence(desk, box, monkeypatch):
    monkeypatch.setattr("imapclient.IMAPClient.has_capability", lambda *_: False)
    with pytest.raises(OperatorError, match=r"认为登录不安全.*设置→POP3/SMTP/IMAP"):
        take(desk, box)


def test_the_command_as_the_clerk_runs_it(desk, box, monkeypatch):
    box.put(letter(FGW, "报送", file_part(filled(desk, "市发改委"), "表.xlsx")))
    monkeypatch.setenv("PDSFZ_MAIL_PASSWORD", box.password)
    done = run(desk, "fetch")
    assert (done.returncode, done.stderr) == (0, "")
    assert "下一步：pdsfz-xl collect" in done.stdout
    document = json.loads(run(desk, "--json", "fetch", "--list").stdout)
    (mail,) = document["mails"]
    assert mail | {"received": ""} == {
        "kind": "taken", "unit": "市发改委", "sender": FGW, "subject": "报送", "received": "",
        "folder": "INBOX", "path": f"out/2-收件/邮件/2019-10-24_市发改委 {FGW}", "files": [],
        "note": "",
    }  # fmt: skip
    assert document["bounces"] == []


# --- names (case 25, 26) ---------------------------------------------------------------------

CORPUS = [
    *(
        b"Content-Type: %s\r\nContent-Disposition: %s" % (kind, disposition)
        for disposition, kind in NAMES.values()
    )
]
TRAPS = {
    "朱镕基.xlsx": b'Content-Type: a/b; name="%s"'
    % word("朱镕基.xlsx", "gb18030").replace(b"gb18030", b"gb2312"),
    "乗謀十.xlsx": b'Content-Type: a/b\r\nContent-Disposition: attachment; filename="%s"'
    % "乗謀十.xlsx".encode("gbk"),
    "表 (1).xlsx": b'Content-Type: a/b; name="%s (1).xlsx"' % word("表", "gbk"),
    "一.xlsx": b'Content-Type: a/b; name="%s"' % "一.xlsx".encode("gbk"),
}


def test_names_as_clients_write_them(desk, box):
    assert len(CORPUS) + len(TRAPS) >= 20
    mails = [part(b"%d" % n, headers) for n, headers in enumerate([*CORPUS, *TRAPS.values()])]
    box.put(*(letter(FGW, "报送", one, number=n) for n, one in enumerate(mails)))
    take(desk, box)
    names = [Path(name).name for name in stored(desk)]
    assert sorted(names) == sorted([NAME] * len(CORPUS) + list(TRAPS))
    folders = {Path(name).parent.name for name in stored(desk)}
    assert len(folders) == len(CORPUS) + len(TRAPS)


def test_a_subject_in_raw_gbk(desk, box):
    box.put(letter(FGW, "回复：统计表"), letter(SFJ, "通知"))
    assert [mail["subject"] for mail in take(desk, box).more["mails"]] == ["回复：统计表", "通知"]


def test_a_name_that_leads_out(desk, box):
    """Case 33."""
    before = sorted(desk.rglob("*"))
    box.put(*(letter(FGW, "报送", part(b"%d" % n, b'Content-Type: a/b; name="%s"' % name), number=n)
              for n, name in enumerate((b"..\\..\\1.xlsx", b"C:\\Users\\u\\1.xlsx",
                                        b"../../../1.xlsx", b"/etc/1.xlsx"))))  # fmt: skip
    take(desk, box)
    new = set(desk.rglob("*")) - set(before)
    zone = desk / "out" / "2-收件" / "邮件"
    ours = {desk / "out" / ".lock", zone, zone.parent}
    assert [path for path in new if zone not in path.parents and path not in ours] == []
    assert [Path(name).name for name in stored(desk)] == ["1.xlsx"] * 4


# --- never twice -----------------------------------------------------------------------------


def form_of(desk: Path, unit: str = "市发改委", sender: str = FGW, **more) -> bytes:
    return letter(sender, "报送", file_part(filled(desk, unit), "表.xlsx"), **more)


def test_a_mailbox_that_numbers_anew(desk, box):
    """Case 23."""
    box.put(form_of(desk), letter("a@qq.com", "无关", file_part(b"x", "稿.pdf")), folder=JUNK)
    assert kinds(take(desk, box)) == ["taken", "other"]
    before = stored(desk)
    box.renumber(JUNK)
    assert kinds(take(desk, box)) == []
    assert stored(desk) == before
    assert kinds(take(desk, box, since=date(2019, 10, 1))) == []
    files = collected(desk)["files"]
    assert [f["verdict"] for f in files if f["path"].endswith("表.xlsx")] == ["accepted"]


def test_what_the_clerk_moved_away_does_not_come_again(desk, box):
    mail = form_of(desk)
    box.put(mail)
    take(desk, box)
    shutil.move(desk / "out/2-收件/邮件", desk.parent / "elsewhere")
    box.put(b"X-Moved: by a rule on the server\r\n" + mail)
    done = take(desk, box, since=date(2019, 10, 1))
    assert (kinds(done), stored(desk)) == (["again"], [])


def test_a_mail_that_lies_in_two_folders(desk, box):
    mail = form_of(desk)
    box.put(mail)
    box.put(mail, folder=JUNK)
    assert kinds(take(desk, box)) == ["taken"]
    assert len(stored(desk)) == 1


def test_the_same_id_with_another_file_is_not_lost(desk, box):
    box.put(form_of(desk))
    take(desk, box)
    box.put(letter(FGW, "报送", file_part(b"PK\3\4 corrected", "表.xlsx"), more=b"\r\nX-Copy: 1"))
    assert kinds(take(desk, box)) == ["taken"]
    assert len(stored(desk)) == 2


def test_the_same_workbook_twice_counts_once(desk, box):
    """Case 31: in two mails, under another name and in a zip."""
    form = filled(desk, "市发改委")
    packed = zipped(Entry("表.xlsx".encode(), form, flags=UTF8))
    box.put(letter(FGW, "报送", file_part(form, "表.xlsx")),
            letter(FGW, "再次报送", file_part(form, "表(1).xlsx"),
                   file_part(packed, "包.zip")))  # fmt: skip
    take(desk, box)
    document = collected(desk)
    verdicts = sorted(f["verdict"] for f in document["files"] if not f["path"].endswith(".txt"))
    assert verdicts == ["accepted", "duplicate", "duplicate", "opened"]
    assert not [f for f in document["findings"] if f["rule"] == "X01"]
    notes = [f["message"] for f in document["files"] if f["verdict"] == "duplicate"]
    assert all(w.REASONS[Reason.TWIN] in note for note in notes)


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from pdsfz_xl import fetching, incoming
from pdsfz_xl.workspace import Workspace
left = int(sys.argv[1])
def dying(function):
    def once(*args):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args)
    return once
incoming.record_letter = dying(incoming.record_letter)
incoming.record_mailbox = dying(incoming.record_mailbox)
Path.replace = dying(Path.replace)
fetching.run(Workspace(Path(sys.argv[2])), datetime(2019, 10, 24, 16), lambda _: sys.argv[3])
"""
"""A fetch that dies before its nth step on disk: what is renamed, and what the ledger is told."""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_at_any_moment_nothing_is_lost_or_doubled(desk, box, tmp_path):
    pdf = file_part(b"%PDF-1", "章.pdf")
    box.put(letter(FGW, "报送", file_part(filled(desk, "市发改委"), "表.xlsx"), pdf),
            form_of(desk, "市司法局", SFJ))  # fmt: skip
    wanted = [f"2019-10-24_市发改委 {FGW}/章.pdf", f"2019-10-24_市发改委 {FGW}/表.xlsx",
              f"2019-10-24_市司法局 {SFJ}/表.xlsx"]  # fmt: skip
    killed = 0
    moments = range(1, 20, 1 if counts.deep else 3)
    for moment in moments:
        here = office.copy(desk, tmp_path / str(moment))
        words = [sys.executable, "-c", KILLED, str(moment), str(here), box.password]
        code = subprocess.run(words, check=False).returncode
        assert code in (0, -signal.SIGKILL)
        take(here, box)
        assert stored(here) == wanted
        assert kinds(fetching.overview(Workspace(here))) == ["taken", "taken"]
        assert not list(here.rglob("*.part"))
        if code == 0:
            break
        killed += 1
    assert killed == len(range(1, 11, moments.step))


# --- what a mail may be ----------------------------------------------------------------------


def test_a_forward_in_a_forward(desk, box):
    """Case 27."""
    inner = eml(file_part(filled(desk, "市发改委"), "表.xlsx"), mark=b"in",
                headers=b"From: a@b.cn\r\nSubject: 1")  # fmt: skip
    box.put(letter(SFJ, "转发", forwarded(eml(forwarded(inner), mark=b"mid",
                                            headers=b"From: c@d.cn\r\nSubject: 2"))))  # fmt: skip
    done = take(desk, box)
    assert "c@d.cn/2019-10-24_a@b.cn/表.xlsx" in done.said[1]
    accepted = [f for f in collected(desk)["files"] if f["verdict"] == "accepted"]
    assert [f["unit"] for f in accepted] == ["市发改委"]


def test_winmail_dat_and_nested_outlook(desk, box):
    """Cases 28 and 29."""
    tnef = winmail(*attached("甲.pdf".encode("gbk") + b"\0", b"%PDF-1"),
                   *attached("乙.pdf".encode("gbk") + b"\0", b"%PDF-2"))  # fmt: skip
    file = {0x3707: narrow("乗謀.pdf"), 0x3701: (0x102, b"%PDF-3")}
    outer = msg(FACTS | {0x3FFD: (3, 936)}, outlook({0x0037: narrow("里")}, file, header=24))
    box.put(letter(FGW, "一", part(tnef, b"Content-Type: application/ms-tnef; name=winmail.dat")),
            letter(SFJ, "二", file_part(outer, "信.msg")))  # fmt: skip
    take(desk, box)
    names = [name.split("/", 1)[1] for name in stored(desk)]
    assert sorted(names) == ["乙.pdf", "信.msg", "甲.pdf"]
    paths = {f["path"].rpartition("/")[2]: f["unit"] for f in collected(desk)["files"]}
    assert paths["甲.pdf"] == paths["乙.pdf"] == "市发改委"
    assert paths["乗謀.pdf"] == "市发改委"  # who wrote that mail, which 市司法局 only passed on


@pytest.mark.parametrize("link", [
    "https://wx.mail.qq.com/ftn/download?func=3&key=a&code=b",
    "https://mail.163.com/large-attachment-download/index.html?p=X",
    "https://dashi.163.com/html/cloud-attachment-download/?key=abc",
])  # fmt: skip
@pytest.mark.parametrize("sender", [FGW, "wang@qq.com"])
def test_an_attachment_on_the_web(desk, box, monkeypatch, link, sender):
    """Case 30: listed with sender and subject; nobody is asked but the mail server."""
    box.put(letter(sender, "材料见附件", text_part(f'<a href="{link}">下载</a>', "html")))
    asked = []
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection",
                        lambda to, *a, **k: asked.append(to) or connect(to, *a, **k))  # fmt: skip
    done = take(desk, box)
    assert kinds(done) == ["manual"]
    (line,) = [line for line in done.said if line.startswith("人工下载：")]
    assert sender in line
    assert "《材料见附件》" in line
    assert link in line
    assert stored(desk) == []
    assert {host for host, _ in asked} == {"127.0.0.1"}


def test_a_machine_that_answers(desk, box):
    """Case 32."""
    replied, made = (b"\r\nAuto-Submitted: auto-" + how for how in (b"replied", b"generated"))
    box.put(
        letter(FGW, "自动回复：通知"),
        letter(SFJ, "x", more=replied),
        letter(GAJ, "x", file_part(b"%PDF-1", "章.pdf"), more=made),
    )
    done = take(desk, box)
    assert kinds(done) == ["automatic", "automatic", "taken"]
    assert "自动回复 2 封，没有取。" in done.said


def test_bounces(desk, box):
    """Case 20: the unit is shown with address and reason, until its address is another one."""
    heads = b"From: Postmaster@126.com\r\nSubject: " + "系统退信".encode("gbk")
    page = eml(text_part(PAGE.replace(SFJ, GAJ), "html", "gbk"), headers=heads)
    delayed = report(action=b"delayed", status=b"4.4.1", said=b"timed out")
    box.put(report(), page, delayed.replace(b"<d@mail", b"<e@mail"))
    done = take(desk, box)
    assert [line for line in done.said if line.startswith("退信：")] == [
        f"退信：市司法局 {SFJ}：地址不存在（550 5.1.1 user unknown）",
        next(line for line in done.said if "公安局" in line),
        f"退信：市司法局 {SFJ} 暂未送达，对方服务器还在重试",
    ]
    assert [(b["unit"], b["address"]) for b in done.more["bounces"]] == [
        ("市司法局", SFJ), ("公安局", GAJ),
    ]  # fmt: skip
    ws = Workspace(desk)
    status = campaign.status(ws, NOW)
    assert any(f"市司法局的邮箱 {SFJ} 收不到信：地址不存在" in line for line in status.said)
    assert len(status.more["bounces"]) == 2
    office.settle(desk, {}, {"市司法局": "new@example.cn"})
    assert len(campaign.status(ws, NOW).more["bounces"]) == 1


def test_words_alone_are_kept_for_the_clerk_to_read(desk, box):
    box.put(letter(FGW, "说明", text="第 3 项我局不涉及。"))
    (line,) = [line for line in take(desk, box).said if line.startswith("只有文字：")]
    path = line.removesuffix("）").rpartition("（")[2]
    assert "第 3 项我局不涉及。" in (desk / path).read_text("utf-8-sig")
    assert [f["verdict"] for f in collected(desk)["files"]] == ["ignored"]


def test_a_damaged_mail_of_a_unit_is_kept_as_it_is(desk, box):
    data = letter(FGW, "报送") + b"\n--x" * 30_000
    box.put(data, data.replace(b"fgw@", b"who@"))
    done = take(desk, box)
    assert kinds(done) == ["unread", "other"]
    assert stored(desk) == [f"2019-10-24_市发改委 {FGW}/{mw.RAW_MAIL}"]


# --- strangers -------------------------------------------------------------------------------


def test_a_form_from_a_private_address_is_taken(desk, box):
    box.put(letter("wang@qq.com", "材料", file_part(filled(desk, "市审计局"), "1.xlsx"),
                   file_part(b"%PDF-1", "章.pdf")))  # fmt: skip
    assert kinds(take(desk, box)) == ["taken"]
    files = {f["path"].rpartition("/")[2]: f for f in collected(desk)["files"]}
    assert files["1.xlsx"]["verdict"] == "accepted"
    assert files["章.pdf"]["unit"] == "市审计局"  # it came with that form


def test_a_stranger_who_is_none_any_more(desk, box):
    box.put(letter("wang@qq.com", "材料", file_part(b"%PDF-1", "章.pdf")),
            letter("li@qq.com", "材料", file_part(b"%PDF-2", "章.pdf")))  # fmt: skip
    done = take(desk, box)
    assert kinds(done) == ["other", "other"]
    assert mw.STRANGERS in done.said
    office.settle(desk, {}, {"市发改委": f"{FGW}；wang@qq.com"})
    assert stored(desk) == []
    assert kinds(take(desk, box)) == ["taken"]
    assert kinds(take(desk, box, senders=("Li@qq.com",))) == ["taken"]
    assert stored(desk) == ["2019-10-24_li@qq.com/章.pdf",
                            "2019-10-24_市发改委 wang@qq.com/章.pdf"]  # fmt: skip
    assert kinds(take(desk, box)) == []


# --- time ------------------------------------------------------------------------------------


def test_what_came_in_time_is_not_late_because_it_was_fetched_late(desk, box):
    box.put(form_of(desk), when=datetime(2019, 10, 25, 20))
    box.put(form_of(desk, "市审计局", "sjj@example.cn"), when=datetime(2019, 10, 26, 8))
    later = datetime(2019, 10, 28, 9)
    take(desk, box, now=later)
    units = {unit["name"]: unit for unit in collected(desk, later)["units"]}
    assert units["市发改委"]["received"] == "2019-10-25T20:00:00"
    assert (units["市发改委"]["late"], units["市审计局"]["late"]) == (False, True)


def test_how_far_back_it_looks(desk, box):
    box.put(form_of(desk), when=datetime(2019, 9, 1))
    box.put(form_of(desk, "市司法局", SFJ), when=datetime(2019, 10, 22))
    assert [mail["unit"] for mail in take(desk, box).more["mails"]] == ["市司法局"]
    again = take(desk, box, since=date(2019, 8, 1))
    assert [mail["unit"] for mail in again.more["mails"]] == ["市发改委"]


def test_folders_of_the_clerks_own(desk, box):
    box.put(form_of(desk), folder="各单位")
    assert kinds(take(desk, box)) == []
    assert kinds(take(desk, box, folders=("各单位",))) == ["taken"]
    with pytest.raises(OperatorError, match="没有“别处”这个文件夹；有：INBOX"):
        take(desk, box, folders=("别处",))


# --- what goes wrong -------------------------------------------------------------------------


def test_a_wrong_code(desk):
    with pytest.raises(OperatorError, match=r"没有接受账号 demouser 的密码.*授权码"):
        fetch(desk, "wrong")


def test_nobody_there(desk, box):
    office.serve(desk, 1, "demouser")
    with pytest.raises(OperatorError, match=r"收信服务器 127.0.0.1:1 的连接断了或连不上"):
        take(desk, box)
    office.serve(desk, 143, "demouser", 收信服务器="no.such.host.invalid", 加密方式="SSL")
    with pytest.raises(OperatorError, match="找不到收信服务器"):
        take(desk, box)


def test_a_server_without_tls(desk, box, servers):
    office.serve(desk, servers[1].port, "demouser", 加密方式="SSL")
    with pytest.raises(OperatorError, match=r"加密连接没有建立|连接断了"):
        take(desk, box)


def test_a_line_that_breaks_in_between(desk, box, monkeypatch):
    """What was fetched stays, and the next run goes on from there."""
    box.put(form_of(desk), form_of(desk, "市司法局", SFJ))
    whole = inbox.Imap.mail
    calls = iter(range(9))

    def breaking(self, uid):
        if next(calls) == 1:
            self._client.socket().shutdown(socket.SHUT_RDWR)
        return whole(self, uid)

    monkeypatch.setattr(inbox.Imap, "mail", breaking)
    with pytest.raises(OperatorError, match="已经取到的都已存好"):
        take(desk, box)
    assert len(stored(desk)) == 1
    assert kinds(take(desk, box)) == ["taken"]
    assert len(stored(desk)) == 2


def test_a_mail_the_server_does_not_give_costs_itself_alone(desk, box, monkeypatch):
    box.put(form_of(desk), form_of(desk, "市司法局", SFJ))
    whole = inbox.Imap.mail
    calls = iter(range(9))

    def stubborn(self, uid):
        if next(calls) == 0:
            raise inbox.UnreadableError("NO internal error")
        return whole(self, uid)

    monkeypatch.setattr(inbox.Imap, "mail", stubborn)
    assert kinds(take(desk, box)) == ["unread", "taken"]
    assert kinds(take(desk, box)) == ["taken"]
    assert len(stored(desk)) == 2


def test_it_waits_for_whoever_writes(desk, box, monkeypatch):
    locked = Workspace.locked
    monkeypatch.setattr(Workspace, "locked", lambda self, command: locked(self, command, 0.2))
    with Workspace(desk).locked("collect"), pytest.raises(OperatorError, match="collect"):
        take(desk, box)


# --- POP3 ------------------------------------------------------------------------------------


@pytest.fixture
def pop_desk(prepared, tmp_path):
    def made(server):
        folder = tmp_path / "任务"
        if not folder.exists():
            office.copy(prepared, folder)
        office.serve(folder, server.port, server.user)
        return folder

    return made


def stamped(mail: bytes, when: str = "Thu, 24 Oct 2019 10:00:00") -> bytes:
    return f"Received: from a by b; {when} +0800\r\n".encode() + mail


def test_a_mailbox_without_imap(prepared, pop_desk):
    long = text_part("长" * 5000 + "\r\n.\r\n..一点")  # the library's own limit is 2048
    mails = [stamped(form_of(prepared)), stamped(letter(SFJ, "说明", long)),
             stamped(form_of(prepared, "公安局", GAJ), "Thu, 24 Oct 2018 10:00:00")]  # fmt: skip
    with pop3(*mails) as server:
        desk = pop_desk(server)
        done = fetch(desk, server.password, protocol=mailbox.POP3)
        assert done.said[0] == "看了收件箱：新邮件 3 封。"
        assert kinds(done) == ["taken", "letter", "old"]
        facts = desk / "out/2-收件/邮件" / f"2019-10-24_市司法局 {SFJ}" / mw.MAIL_FACTS
        assert facts.read_text("utf-8-sig").endswith("长\n.\n..一点\n")
        verbs = {line.split()[0] for line in server.log}
        assert verbs == {b"USER", b"PASS", b"LIST", b"UIDL", b"TOP", b"RETR", b"QUIT"}
        server.log.clear()
        assert kinds(fetch(desk, server.password, protocol=mailbox.POP3)) == []
        assert not {b"TOP", b"RETR"} & {line.split()[0] for line in server.log}
        assert len(stored(desk)) == 1
        again = fetch(desk, server.password, protocol=mailbox.POP3, since=date(2018, 10, 1))
        assert [(m["kind"], m["unit"]) for m in again.more["mails"]] == [("taken", "公安局")]
        with pytest.raises(OperatorError, match="授权码"):
            fetch(desk, "wrong", protocol=mailbox.POP3)
        with pytest.raises(OperatorError, match="没有别的文件夹"):
            fetch(desk, server.password, protocol=mailbox.POP3, folders=("x",))
