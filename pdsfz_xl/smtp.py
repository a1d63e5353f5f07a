"""Frozen mails in, handed over to the office's server at most once: what became of each out.

The one question is who has the mail when something breaks. Until the server has agreed to take the
text (354) nobody has, and it may be tried again. From then on only its answer tells; where that is
lost the mail is `unknown`, for a server that stored it and one that did not look the same.
"""

import base64
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple

from pdsfz_xl import headers, mailbox, outgoing
from pdsfz_xl import mail_wording as mw
from pdsfz_xl import text as texts
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.mailbox import Account
from pdsfz_xl.states import MailState

PER_CONNECTION = 10
"""NetEase refuses "too many mails in one connection" (MI:DMC) without saying how many that is."""

_HELLO = "localhost"
"""Never the machine's own name: where that is Chinese, `socket.getfqdn` fails on Windows."""

_ENDURE = 2
"""Connections that break one after the other before the rest waits for a better day."""

_FOR_THE_TEXT = 5
"""How much longer than for a command a server may think about a text (RFC 5321, 4.5.3.2)."""

# What NetEase's table of return codes and others say of the account, not of the one mail.
_SPAM = re.compile(r"DT:SP[MB]|spam", re.IGNORECASE)
_QUOTA = re.compile(r"MI:STC|quota|daily", re.IGNORECASE)
_PACE = re.compile(
    r"\b(MI|RP|HL):\w+|frequen|too (many|fast|much)|rate limit|try again later", re.IGNORECASE
)


class Outcome(NamedTuple):
    """What became of one mail."""

    state: MailState
    reply: str = ""
    """What the server said, or how it broke, for people."""
    stop: str = ""
    """Why no other mail should follow now, and what to do; empty where they may."""


class Stopped(Exception):  # noqa: N818 # no error of ours: the server's word
    """No mail can go out now. `state` is what the mail at hand is in."""

    def __init__(self, state: MailState, reply: str, stop: str) -> None:
        super().__init__(reply)
        self.outcome = Outcome(state, reply, stop)


class Server:
    """The office's server for sending; connected when first needed, and anew after ten mails."""

    def __init__(
        self,
        account: Account,
        code: str,
        *,
        timeout: float = 60,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.account = account
        self._code = code
        self._timeout = timeout
        self._trusted = context
        self._client: smtplib.SMTP | None = None
        self._handed = 0
        self._broken = 0

    def check(self) -> int:
        """Connect, log in, and hang up: the largest mail the server takes, in bytes, 0 unknown.

        Raises OperatorError saying what is wrong.
        """
        try:
            return _limit(self._connected())
        except Stopped as stopped:
            raise OperatorError(stopped.outcome.stop) from stopped
        finally:
            self.close()

    def close(self) -> None:
        """Take leave; whatever happens then changes nothing."""
        client, self._client = self._client, None
        if client:
            with suppress(OSError, smtplib.SMTPException):
                client.quit()
            client.close()

    def send(
        self, sender: str, recipients: tuple[str, ...], data: bytes, commit: Callable[[], None]
    ) -> Outcome:
        """Hand over one mail. `commit` must have stored for good that it may be on its way."""
        try:
            if refused := self._announce(sender, recipients, len(data)):
                return refused
        except Stopped as stopped:
            return stopped.outcome
        except (OSError, smtplib.SMTPException) as error:
            return self._broke(outgoing.FAILED_TEMP, error)
        commit()
        return self._hand_over(data)

    def _announce(self, sender: str, recipients: tuple[str, ...], size: int) -> Outcome | None:
        """Say who the mail is from and for; None where the server takes it for everybody."""
        reused = self._client is not None
        try:
            return self._envelope(self._connected(), sender, recipients, size)
        except (OSError, smtplib.SMTPException):
            if not reused:
                raise
        self._drop()  # servers hang up on who waits too long between two mails
        return self._envelope(self._connected(), sender, recipients, size)

    def _envelope(
        self, client: smtplib.SMTP, sender: str, recipients: tuple[str, ...], size: int
    ) -> Outcome | None:
        limit = _limit(client)
        if 0 < limit < size:
            return Outcome(outgoing.FAILED_PERM, mw.too_large(size, limit))
        options = [f"SIZE={size}"] if client.has_extn("size") else []
        answer = client.mail(sender, options)
        if answer[0] != 250:
            stop = "" if answer[0] == 552 else mw.sender_refused(self._said(answer))
            return self._refusal(client, answer, self._said(answer), stop)
        answers = {address: client.rcpt(address) for address in recipients}
        refused = {a: answer for a, answer in answers.items() if answer[0] not in (250, 251)}
        if not refused:
            return None
        # All or none: one copy on its way would make the corrected mail a second one.
        said = "；".join(f"{a}：{self._said(answer)}" for a, answer in refused.items())
        worst = max(refused.values(), key=lambda answer: answer[0])
        return self._refusal(client, worst, said)

    def _hand_over(self, data: bytes) -> Outcome:
        """From DATA to the server's last word."""
        client = self._connected()
        try:
            answer = client.docmd("DATA")
        except (OSError, smtplib.SMTPException) as error:
            return self._broke(outgoing.FAILED_TEMP, error)
        if answer[0] != 354:
            return self._refusal(client, answer, self._said(answer))
        try:
            if client.sock:
                client.sock.settimeout(self._timeout * _FOR_THE_TEXT)
            client.send(data.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            answer = client.getreply()
            if client.sock:
                client.sock.settimeout(self._timeout)
        except (OSError, smtplib.SMTPException) as error:
            return self._broke(outgoing.UNKNOWN, error)
        if 200 <= answer[0] < 300:
            self._broken = 0
            self._handed += 1
            if self._handed >= PER_CONNECTION:
                self.close()
            return Outcome(outgoing.SENT, self._said(answer))
        if not 400 <= answer[0] < 600:
            return self._broke(outgoing.UNKNOWN, smtplib.SMTPException(self._said(answer)))
        return self._refusal(client, answer, self._said(answer))

    # --- what a server says

    def _refusal(
        self, client: smtplib.SMTP, answer: tuple[int, bytes], said: str, stop: str = ""
    ) -> Outcome:
        """A mail that certainly nobody got. What is no reply at all counts as for now."""
        number = answer[0]
        self._broken = 0
        if number == 421 or not 400 <= number < 600:
            self._drop()
        else:
            with suppress(OSError, smtplib.SMTPException):
                client.rset()
        state = outgoing.FAILED_PERM if 500 <= number < 600 else outgoing.FAILED_TEMP
        return Outcome(state, said, _stop(number, said) or stop)

    def _broke(self, state: MailState, error: Exception) -> Outcome:
        self._drop()
        self._broken += 1
        said = mw.broke_off(self._safe(_told(error)))
        return Outcome(state, said, mw.UNSTABLE if self._broken >= _ENDURE else "")

    def _said(self, answer: tuple[int, bytes]) -> str:
        number, text = answer
        return self._safe(f"{number} {headers.decoded(text)}" if number > 0 else mw.NO_REPLY)

    def _safe(self, said: str) -> str:
        """What a server says, without the code should it say it back."""
        user, code = self.account.user, self._code
        for secret in (code, *map(_coded, (code, f"\0{user}\0{code}"))):
            said = said.replace(secret, "***") if secret else said
        return texts.brief(said, 200)

    # --- the connection

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client:
            client.close()

    def _connected(self) -> smtplib.SMTP:
        """A connection that is logged in. Raises Stopped where there can be none."""
        if self._client is None:
            client = self._open()
            try:
                self._log_in(client)
            except BaseException:
                client.close()
                raise
            self._client, self._handed = client, 0
        return self._client

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return self._trusted or ssl.create_default_context()

    def _open(self) -> smtplib.SMTP:
        host, port = self.account.host, self.account.port
        client: smtplib.SMTP | None = None
        try:
            if self.account.security == mailbox.SSL:
                client = smtplib.SMTP_SSL(
                    host, port, _HELLO, timeout=self._timeout, context=self._context
                )
            else:
                client = smtplib.SMTP(host, port, _HELLO, timeout=self._timeout)
            client.ehlo_or_helo_if_needed()
            if self.account.security == mailbox.STARTTLS:
                client.starttls(context=self._context)
                client.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException) as error:
            if client:
                client.close()
            said = self._safe(_told(error))
            number = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
            stop = _stop(number, said) or mw.no_connection(host, port, said, _advice(error))
            raise Stopped(outgoing.FAILED_TEMP, said, stop) from error
        return client

    def _log_in(self, client: smtplib.SMTP) -> None:
        """One attempt by one mechanism: more of them with a wrong code would lock the mailbox.

        `smtplib.login` tries every mechanism there is.
        """
        offered = client.esmtp_features.get("auth", "").upper().split()
        ways = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login}
        way = next((name for name in ways if name in offered), "")
        if not way and not offered and mailbox.is_loopback(self.account.host):
            return
        if not way:
            raise Stopped(outgoing.PLANNED, mw.NO_LOGIN, mw.no_login(self.account.host))
        if not (self._code.isascii() and self.account.user.isascii()):
            raise Stopped(outgoing.PLANNED, mw.CODE_NOT_ASCII, mw.CODE_NOT_ASCII)
        client.user, client.password = self.account.user, self._code
        try:
            client.auth(way, ways[way])
        except smtplib.SMTPAuthenticationError as error:
            said = self._said((error.smtp_code, _bytes(error.smtp_error)))
            stop = mw.login_refused(self.account.user, said)
            raise Stopped(outgoing.PLANNED, said, stop) from None
        except (OSError, smtplib.SMTPException) as error:
            said = self._safe(_told(error))
            stop = mw.no_connection(self.account.host, self.account.port, said, mw.TRY_LATER)
            raise Stopped(outgoing.FAILED_TEMP, said, stop) from None


def _stop(number: int, said: str) -> str:
    """Whether a refusal is about the account as a whole: the sentence, or empty."""
    if number and number < 400:
        return ""
    if _SPAM.search(said):
        return mw.looks_like_spam(said)
    if _QUOTA.search(said):
        return mw.quota_used_up(said)
    return mw.too_fast(said) if _PACE.search(said) or number == 421 else ""


def _limit(client: smtplib.SMTP) -> int:
    said = client.esmtp_features.get("size", "") if client.does_esmtp else ""
    return int(said) if said.isdecimal() else 0


def _told(error: Exception) -> str:
    """An error in words, the server's own where it has said something."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {headers.decoded(_bytes(error.smtp_error))}"
    if isinstance(error, socket.timeout | TimeoutError):
        return mw.TIMED_OUT
    if isinstance(error, ConnectionRefusedError):
        return mw.CONNECTION_REFUSED
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionError):
        return mw.HUNG_UP
    return str(error) or type(error).__name__


def _advice(error: Exception) -> str:
    """What to do about a connection that cannot be made."""
    if isinstance(error, socket.gaierror):
        return mw.CHECK_HOST
    if isinstance(error, ssl.SSLCertVerificationError):
        return mw.CHECK_CERTIFICATE
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
        return mw.CHECK_SECURITY
    return mw.CHECK_PORT


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()


def _coded(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()
