"""Handing over one mail: what becomes of it when anything breaks, and what stops a batch."""

import base64
import socket

import mail_servers
import pytest
from mail_servers import CODE, STAGES, USER, FaultServer

from pdsfz_xl import mailbox, outgoing, smtp
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.mailbox import Account

DATA = b"Subject: x\r\nMessage-ID: <1@example.cn>\r\n\r\n" + b"dGV4dA==\r\n" * 20
TO = ("a@example.cn", "b@example.cn")


def account(port: int, security: str) -> Account:
    return Account(protocol=mailbox.SMTP, host="127.0.0.1", port=port, security=security, user=USER)


OPENED: list[smtp.Server] = []


def server(port: int, *, security: str = mailbox.PLAIN, code: str = CODE, **more) -> smtp.Server:
    OPENED.append(smtp.Server(account(port, security), code, **{"timeout": 0.5, **more}))
    return OPENED[-1]


@pytest.fixture(autouse=True)
def _hung_up():
    yield
    while OPENED:
        OPENED.pop().close()


class Commits(list):
    """How often a mail was said to be on its way."""

    def __call__(self) -> None:
        self.append("on its way")


def send(to: smtp.Server, commits: Commits | None = None, data: bytes = DATA) -> smtp.Outcome:
    return to.send(USER, TO, data, commits if commits is not None else Commits())


def once(stage: str, reply: str, times: int = 1):
    """A fault at one stage, the first `times` times it is reached."""
    left = [reply] * times
    return lambda at, _about: left.pop() if at == stage and left else None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return mail_servers.certificate(tmp_path_factory.mktemp("tls"))


def test_a_mail_is_handed_over_as_it_is():
    data = DATA + b".hidden\r\n..twice\r\n"
    with FaultServer() as there:
        to, commits = server(there.port), Commits()
        outcome = send(to, commits, data)
        to.close()
        assert outcome.state == outgoing.SENT
        assert "queued as 1" in outcome.reply
        assert there.stored == [data]
        assert there.envelopes == [(USER, *TO)]
        assert len(commits) == 1


def test_a_connection_serves_ten_mails():
    with FaultServer() as there:
        to = server(there.port)
        assert {send(to).state for _ in range(25)} == {outgoing.SENT}
        to.close()
        assert (there.connections, there.logins, len(there.stored)) == (3, 3, 25)


def test_case_7_one_refused_and_nobody_gets_it():
    def fault(stage, about):
        return "550 no such user" if stage == "rcpt" and "b@" in about else None

    with FaultServer(fault) as there:
        to, commits = server(there.port), Commits()
        outcome = send(to, commits)
        assert outcome.state == outgoing.FAILED_PERM
        assert "b@example.cn：550 no such user" in outcome.reply
        assert "a@example.cn" not in outcome.reply
        assert (outcome.stop, commits, there.stored) == ("", [], [])
        there.fault = lambda *_: None
        assert send(to).state == outgoing.SENT  # the refusal is forgotten by RSET


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "kept"])
@pytest.mark.parametrize(
    ("reply", "state", "hint"),
    [
        ("554 DT:SPM 126 smtp9", outgoing.FAILED_PERM, "垃圾邮件"),
        ("451 DT:SPM please try again", outgoing.FAILED_TEMP, "15 分钟后再运行"),
        ("451 MI:SFQ 126 smtp9", outgoing.FAILED_TEMP, "15 分钟后再运行"),
        ("450 MI:DMC 126 smtp9", outgoing.FAILED_TEMP, "15 分钟后再运行"),
        ("450 RP:DRC 126 smtp9", outgoing.FAILED_TEMP, "15 分钟后再运行"),
        ("421 HL:IFC 126 smtp9", outgoing.FAILED_TEMP, "15 分钟后再运行"),
        ("421 shutting down", outgoing.FAILED_TEMP, "15 分钟后再运行"),
        ("554 MI:STC", outgoing.FAILED_PERM, "明天再运行"),
    ],
)
def test_case_9_what_is_said_of_the_account_stops_the_batch(stage, reply, state, hint):
    with FaultServer(once(stage, reply, 9)) as there:
        outcome = send(server(there.port))
        assert outcome.state == state
        assert hint in outcome.stop
        assert there.stored == []


def test_case_9_also_when_it_greets():
    with FaultServer(once("connect", "421 HL:IFC 126 smtp9")) as there:
        outcome = send(server(there.port))
        assert outcome.state == outgoing.FAILED_TEMP
        assert "15 分钟后再运行" in outcome.stop


def test_a_sender_that_is_not_the_account_stops_the_batch():
    with FaultServer(once("mail", "553 Mail from must equal authorized user")) as there:
        assert "发信账号" in send(server(there.port)).stop


@pytest.mark.parametrize(
    ("stage", "reply"),
    [("rcpt", "550 no such user"), ("data", "554 no"), ("kept", "550 too odd"), ("mail", "552 big"),
     ("rcpt", "450 mailbox busy"), ("kept", "452 disk full")],
)  # fmt: skip
def test_what_is_said_of_one_mail_stops_nothing(stage, reply):
    with FaultServer(once(stage, reply, 2)) as there:
        to = server(there.port)
        outcome = send(to)
        assert outcome.state == (outgoing.FAILED_PERM if reply[0] == "5" else outgoing.FAILED_TEMP)
        assert outcome.stop == ""
        there.fault = lambda *_: None
        assert send(to).state == outgoing.SENT
        assert len(there.stored) == 1


@pytest.mark.parametrize("fault", ["drop", "reset", "slow", "garbage"])
@pytest.mark.parametrize("stage", STAGES)
def test_the_moment_from_which_nobody_knows(stage, fault):
    """Before the server agrees to take the text a mail is with nobody; after that only it knows."""
    with FaultServer(once(stage, fault, 9)) as there:
        there.slow = 4
        commits = Commits()
        outcome = send(server(there.port), commits)
        kept = len(there.stored)
        if stage in ("text", "stored") and not (stage == "stored" and fault == "slow"):
            assert outcome.state == outgoing.UNKNOWN
            assert len(commits) == 1
        elif stage == "auth" and fault == "garbage":
            assert outcome.state in (outgoing.PLANNED, outgoing.FAILED_TEMP)
        else:
            assert outcome.state in (outgoing.FAILED_TEMP, outgoing.UNKNOWN)
            assert kept == 0 or outcome.state == outgoing.UNKNOWN


def test_case_10_kept_and_not_kept_look_the_same():
    for stage in ("text", "stored"):
        with FaultServer(once(stage, "drop")) as there:
            outcome = send(server(there.port))
            assert outcome.state == outgoing.UNKNOWN
            assert len(there.stored) == (stage == "stored")


def test_a_server_that_hung_up_between_two_mails_is_called_again():
    with FaultServer() as there:
        to = server(there.port)
        assert send(to).state == outgoing.SENT
        there.fault = once("mail", "drop")
        assert send(to).state == outgoing.SENT
        assert (len(there.stored), there.connections) == (2, 2)


def test_two_breaks_in_a_row_stop_the_batch():
    with FaultServer(once("data", "drop", 9)) as there:
        to = server(there.port)
        assert [bool(send(to).stop) for _ in range(2)] == [False, True]


@pytest.mark.parametrize("port", [1, None])
def test_case_12_nobody_there_or_no_tls(port):
    with FaultServer() as there:
        to = server(port or there.port, security=mailbox.SSL, timeout=0.5)
        outcome = send(to)
        assert outcome.state == outgoing.FAILED_TEMP
        assert f"127.0.0.1:{port or there.port}" in outcome.stop
        assert (there.stored, there.logins) == ([], 0)


def test_case_12_a_certificate_nobody_vouches_for(certificate):
    with FaultServer() as there:
        there.tls = certificate.server()
        outcome = send(server(there.port, security=mailbox.SSL, timeout=2))
        assert outcome.state == outgoing.FAILED_TEMP
        assert "证书不可信，授权码没有送出" in outcome.stop
        assert there.logins == 0


@pytest.mark.parametrize("stage", ["mail", "data", "stored"])
def test_tls_that_ends_in_the_middle(certificate, stage):
    with FaultServer(once(stage, "tls", 9)) as there:
        there.tls = certificate.server()
        to = server(there.port, security=mailbox.SSL, timeout=2, context=certificate.client())
        expected = outgoing.UNKNOWN if stage == "stored" else outgoing.FAILED_TEMP
        assert send(to).state == expected


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", [mailbox.SSL, mailbox.STARTTLS])
def test_a_real_server_with_tls_and_login(certificate, security):
    starttls = security == mailbox.STARTTLS
    with mail_servers.aiosmtpd_server(certificate, starttls=starttls) as there:
        to = server(there.port, security=security, timeout=5, context=certificate.client())
        assert send(to).state == outgoing.SENT
        to.close()
        assert there.messages == [(USER, list(TO), DATA)]


def test_starttls_that_is_not_offered_gives_nothing_away():
    with FaultServer() as there:
        outcome = send(server(there.port, security=mailbox.STARTTLS, timeout=1))
        assert "SSL 一般用 465" in outcome.stop
        assert there.logins == 0


def test_case_15_a_wrong_code_is_tried_once():
    with FaultServer() as there:
        to = server(there.port, code="wrong")
        outcome = send(to)
        assert outcome.state == outgoing.PLANNED
        assert "授权码" in outcome.stop
        assert "535" in outcome.stop
        assert there.logins == 1


def test_the_code_is_told_to_nobody():
    """Not even where a server says it back."""
    plain = base64.b64encode(f"\0{USER}\0{CODE}".encode()).decode()
    with FaultServer(once("auth", f"535 bad {CODE} {plain}")) as there:
        outcome = send(server(there.port))
        assert CODE not in repr(outcome)
        assert plain not in repr(outcome)
    with FaultServer(once("auth", f"535 bad {CODE}")) as there:
        with pytest.raises(OperatorError) as caught:
            server(there.port).check()
        chain = [caught.value, caught.value.__cause__, caught.value.__context__]
        assert not any(CODE in repr(error) for error in chain)


@pytest.mark.parametrize("code", ["授权码", "ＡＢＣ"])
def test_a_code_typed_in_full_width_is_said(code):
    with FaultServer() as there:
        assert "全角字符" in send(server(there.port, code=code)).stop
        assert there.logins == 0


def test_case_16_a_mail_that_is_too_large_is_not_begun():
    with FaultServer() as there:
        there.extensions.append("SIZE 1048576")
        to, commits = server(there.port), Commits()
        outcome = send(to, commits, b"x" * 2_000_000)
        assert outcome.state == outgoing.FAILED_PERM
        assert "1.91 MB" in outcome.reply
        assert "1.00 MB" in outcome.reply
        assert (commits, there.stored, outcome.stop) == ([], [], "")
        assert send(to).state == outgoing.SENT


def test_case_19_a_computer_with_a_chinese_name(monkeypatch):
    def fail(*_):
        raise UnicodeDecodeError("utf-8", b"\xd5", 0, 1, "a Chinese name in GBK")

    monkeypatch.setattr(socket, "getfqdn", fail)
    with FaultServer() as there:
        assert send(server(there.port)).state == outgoing.SENT
        assert there.hello == "localhost"


def test_checking_sends_nothing():
    with FaultServer() as there:
        there.extensions.append("SIZE 52428800")
        assert server(there.port).check() == 52428800
        assert (there.logins, there.stored) == (1, [])


def test_a_server_of_this_machine_may_ask_for_no_login():
    with FaultServer() as there:
        there.extensions = []
        assert send(server(there.port)).state == outgoing.SENT
        assert there.logins == 0
