"""The office's mailbox as it lies on the server: looked at, and nothing in it changed.

Over IMAP a folder is only examined and bodies are only peeked at (RFC 3501 6.3.2, 6.4.5), so that
no mail becomes a read one. POP3 knows no flags; nothing is deleted. What is known of a mail before
it is fetched is its number, size, time and head.

IMAPClient and not imap-tools, because it reads whole answers (times, sizes, literals in any order)
of the items we name, and examines a folder first where the other one selects it on login.
"""

import poplib
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from imaplib import IMAP4
from itertools import islice
from typing import Any, NamedTuple

from pdsfz_xl.errors import OperatorError
from pdsfz_xl.mailbox import IMAP, SSL, STARTTLS, Account
from pdsfz_xl.text import brief

_SECONDS = 60
"""How long a server may say nothing."""
_AT_ONCE = 100
"""Mails asked for in one command: a line of more numbers than this is too long for some servers."""
_POP_LINE = 1 << 20
"""Octets in a line of a mail. The library stops at 2048, which no HTML page keeps to."""


class Folder(NamedTuple):
    """`validity` changes when the numbers of its mails do not mean the same mails any more."""

    name: str
    validity: str
    junk: bool


class Listed(NamedTuple):
    """A mail before anything of it was fetched; `received` in local time, None where unsaid."""

    uid: str
    size: int
    received: datetime | None


class UnreadableError(Exception):
    """The server does not give this one mail; it says why."""


class Imap:
    """A mailbox over IMAP; made by `opened`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def folders(self, more: Iterable[str] = ()) -> Iterator[Folder]:
        """The inbox, the folder for spam, and those named besides. One is open at a time."""
        there = {name: flags for flags, _, name in self._client.list_folders()}
        missing = [name for name in more if name not in there]
        if missing:
            raise OperatorError(
                f"邮箱里没有“{'、'.join(missing)}”这个文件夹；有：{'、'.join(map(brief, there))}。"
            )
        junk = [name for name, flags in there.items() if _is_junk(name, flags)]
        for name in dict.fromkeys(["INBOX", *junk, *more]):
            said = self._client.select_folder(name, readonly=True)
            yield Folder(name, str(said[b"UIDVALIDITY"]), name in junk)

    def listed(self, after: int) -> list[Listed]:
        """The mails of the open folder whose number is higher.

        `n:*` is never empty: it names the last mail at least (RFC 3501 6.4.8). No words are
        searched for, because servers find Chinese ones only where mails are labelled well.
        """
        found = self._client.search(["UID", f"{after + 1}:*"])
        said = self._fetched((u for u in found if u > after), "RFC822.SIZE", "INTERNALDATE")
        return [
            Listed(str(uid), items[b"RFC822.SIZE"], items.get(b"INTERNALDATE"))
            for uid, items in said
        ]

    def heads(self, uids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The head of each mail that is still there."""
        for uid, items in self._fetched(map(int, uids), "BODY.PEEK[HEADER]"):
            yield str(uid), items[b"BODY[HEADER]"]

    def mail(self, uid: str) -> bytes:
        """The whole mail; empty where it is gone. Raises UnreadableError."""
        try:
            found = list(self._fetched([int(uid)], "BODY.PEEK[]"))
        except IMAP4.abort:
            raise
        except IMAP4.error as error:
            raise UnreadableError(_said(error)) from error
        return bytes(found[0][1][b"BODY[]"]) if found else b""

    def _fetched(self, uids: Iterable[int], *items: str) -> Iterator[tuple[int, dict[bytes, Any]]]:
        wanted = iter(sorted(uids))
        while some := list(islice(wanted, _AT_ONCE)):
            yield from sorted(self._client.fetch(some, items).items())


_JUNK_NAMES = frozenset({
    "垃圾邮件", "垃圾箱", "垃圾邮件箱", "广告邮件",
    "junk", "junk e-mail", "junk email", "spam", "bulk mail",
})  # fmt: skip
"""Where a server does not mark it (RFC 6154); 垃圾邮件 is `&V4NXPpCuTvY-` on the wire."""


def _is_junk(name: str, flags: Iterable[bytes]) -> bool:
    last = name.replace("/", ".").rpartition(".")[2].lower()
    marks = {flag.lower() for flag in flags}
    return b"\\noselect" not in marks and (b"\\junk" in marks or last in _JUNK_NAMES)


class Pop:
    """A mailbox over POP3; made by `opened`. It has one folder, and numbers that are words."""

    def __init__(self, client: poplib.POP3) -> None:
        self._client = client
        self._numbers: dict[str, int] = {}

    def folders(self, more: Iterable[str] = ()) -> Iterator[Folder]:
        """The one there is. Raises OperatorError where others are wanted."""
        if tuple(more):
            raise OperatorError(
                "POP3 收信只能看收件箱，没有别的文件夹；请去掉 --folder 后重新运行。"
            )
        yield Folder("POP3", "", junk=False)

    def listed(self, after: int) -> list[Listed]:  # noqa: ARG002 # there is no order in UIDLs
        """Every mail."""
        sizes = dict(_pair(line) for line in self._client.list()[1])
        self._numbers = {uid: int(number) for number, uid in map(_pair, self._client.uidl()[1])}
        return [Listed(u, int(sizes.get(str(n), 0)), None) for u, n in self._numbers.items()]

    def heads(self, uids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The head of each mail that is still there."""
        for uid in (uid for uid in uids if uid in self._numbers):
            yield uid, _joined(self._client.top(self._numbers[uid], 0)[1])

    def mail(self, uid: str) -> bytes:
        """The whole mail. Raises UnreadableError."""
        try:
            return _joined(self._client.retr(self._numbers[uid])[1])
        except poplib.error_proto as error:
            raise UnreadableError(_said(error)) from error


Box = Imap | Pop


def _pair(line: bytes) -> tuple[str, str]:
    first, _, second = line.decode("latin-1").partition(" ")
    return first, second.strip()


def _joined(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\r\n" for line in lines)


# --- the way there ---------------------------------------------------------------------------


@contextmanager
def opened(account: Account, password: str) -> Iterator[Box]:
    """The mailbox, logged in. Raises OperatorError where that fails, or the line breaks later."""
    with _explained(account):
        if account.protocol == IMAP:
            with _imap(account, password) as client:
                yield Imap(client)
        else:
            with closing(_pop(account, password)) as client:
                yield Pop(client)
                client.quit()


@contextmanager
def _imap(account: Account, password: str) -> Iterator[Any]:
    from imapclient import IMAPClient

    with IMAPClient(
        account.host,
        account.port,
        ssl=account.security == SSL,
        ssl_context=ssl.create_default_context(),
        timeout=_SECONDS,
    ) as client:
        if account.security == STARTTLS:
            client.starttls(ssl.create_default_context())
        with _login(account):
            client.login(account.user, password)
        if client.has_capability("ID"):
            # 网易 lets nobody open a folder who has not said what he is (RFC 2971).
            client.id_({"name": "pdsfz-xl", "version": "1.0", "vendor": "pdsfz-xl"})
        yield client


def _pop(account: Account, password: str) -> poplib.POP3:
    poplib._MAXLINE = _POP_LINE  # type: ignore[attr-defined] # there is no public way
    trusted = ssl.create_default_context()
    client: poplib.POP3
    if account.security == SSL:
        client = poplib.POP3_SSL(account.host, account.port, context=trusted, timeout=_SECONDS)
    else:
        client = poplib.POP3(account.host, account.port, timeout=_SECONDS)
    try:
        if account.security == STARTTLS:
            client.stls(trusted)
        with _login(account):
            client.user(account.user)
            client.pass_(password)
    except BaseException:
        client.close()
        raise
    return client


@contextmanager
def _login(account: Account) -> Iterator[None]:
    try:
        yield
    except IMAP4.abort:
        raise
    except (IMAP4.error, poplib.error_proto, UnicodeError) as error:
        raise OperatorError(
            f"收信服务器 {account.host} 没有接受账号 {account.user} 的密码（{_said(error)}）。"
            "网易、QQ 等邮箱要用授权码，不是登录密码：请登录网页邮箱，"
            "在“设置→POP3/SMTP/IMAP”里开通服务、取得授权码，再重新运行。"
        ) from error


@contextmanager
def _explained(account: Account) -> Iterator[None]:
    """What goes wrong on the way, as one sentence with what to do."""
    server = f"收信服务器 {account.host}:{account.port}"
    try:
        yield
    except ssl.SSLError as error:
        raise OperatorError(
            f"{server} 的加密连接没有建立（{_said(error)}）；"
            "请核对任务设置里的收信服务器、收信端口和加密方式，以及电脑的日期。"
        ) from error
    except socket.gaierror as error:
        raise OperatorError(
            f"找不到{server}；请检查网络是否连通，任务设置里的收信服务器是否写对，然后重新运行。"
        ) from error
    except (IMAP4.abort, OSError, EOFError) as error:
        raise OperatorError(
            f"与{server} 的连接断了或连不上（{_said(error)}）；已经取到的都已存好，"
            "请检查网络后重新运行，会接着取。"
        ) from error
    except (IMAP4.error, poplib.error_proto) as error:
        said = _said(error)
        if "unsafe login" in said.lower():
            raise OperatorError(
                f"{server} 认为登录不安全，没有打开邮箱（{said}）；请登录网页邮箱，"
                "在“设置→POP3/SMTP/IMAP”里确认服务已经开通，然后重新运行。"
            ) from error
        raise OperatorError(
            f"{server} 的回答用不了（{said}）；已经取到的都已存好，请稍后重新运行，会接着取。"
        ) from error


def _said(error: BaseException) -> str:
    return brief(str(error.args[-1]) if error.args else type(error).__name__, 100)
