"""28 mails through a real Postfix, with TLS and a login, counted in its own log."""

import email
from email import policy

import mail_servers
import mailroom
import pytest
import shell
from mail_servers import CODE, USER
from mailroom import NOW

from pdsfz_xl import secret
from pdsfz_xl import wording as w

pytestmark = pytest.mark.skipif(bool(mail_servers.skip_reason()), reason=mail_servers.skip_reason())


@pytest.fixture(scope="module")
def there():
    with mail_servers.postfix() as server:
        yield server


def run(ws, there, *words: str):
    trusted = {secret.VARIABLE: CODE, "SSL_CERT_FILE": str(there.certificate.cert)}
    return shell.run(ws.root, "mail", *words, clock=NOW, **trusted)


def test_28_units_get_their_form_once(there, tmp_path):
    ws = mailroom.workspace(tmp_path / "任务", port=there.ssl, security="SSL")
    checked = run(ws, there, "check")
    assert "登录成功" in checked.stdout, checked.stderr
    for _ in range(2):
        done = run(ws, there, "send", "issue", "--yes")
        assert done.returncode == 0, done.stderr
    there.wait(28)
    mailroom.edit(ws, {
        (w.SETTINGS_SHEET, "B18"): there.starttls, (w.SETTINGS_SHEET, "B19"): "STARTTLS",
    })  # fmt: skip
    done = run(ws, there, "send", "remind", "--yes", "--units", "01、28")
    assert done.returncode == 0, done.stderr
    there.wait(30)
    sent = {mail.message_id: mail for mail in mailroom.posted(ws).values()}
    assert {mail.state for mail in sent.values()} == {"sent"}
    assert len(sent) == 30
    # The server's own log: a message-id each, accepted from our login, delivered once.
    assert sorted(there.logged(r"message-id=(<[^>]+>)")) == sorted(sent)
    assert len(there.logged(rf"sasl_username={USER}")) == 30
    assert len(there.logged("status=sent")) == 30
    assert not there.logged("status=(?:deferred|bounced)|warning:.*fatal")
    for data in there.delivered():
        parsed = email.message_from_bytes(data, policy=policy.default)
        frozen = (ws.root / sent[parsed["Message-ID"]].path).read_bytes().replace(b"\r\n", b"\n")
        assert data.endswith(frozen)
        (attached,) = parsed.iter_attachments()
        assert (ws.forms / attached.get_filename()).read_bytes() == attached.get_content()


def test_a_wrong_code_is_one_sentence(there, tmp_path, monkeypatch):
    ws = mailroom.workspace(tmp_path / "任务", units=2, port=there.ssl, security="SSL")
    monkeypatch.setattr(f"{__name__}.CODE", "wrong")
    done = run(ws, there, "send", "issue", "--yes")
    assert done.returncode == 2
    assert "授权码" in done.stderr
    assert set(mailroom.states(ws).values()) == {"planned"}
