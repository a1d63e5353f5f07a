"""Servers to fetch from: pymap, a gate before it like 网易's, a small POP3, and a private Dovecot.

Each listens on a free port of this machine only, lives in a folder of its own and is killed in the
end by its own process id.
"""

import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from imapclient import IMAPClient
from mail_servers import certificate, free_port

CHINA = timezone(datetime(2019, 1, 1, 8) - datetime(2019, 1, 1))


def program(name: str) -> str:
    """Where a server's program is; users seldom have /usr/sbin in their path."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin") or ""


needs_dovecot = pytest.mark.skipif(not program("dovecot"), reason="Dovecot is not installed")
needs_post = pytest.mark.skipif(
    not (program("dovecot") and program("postfix") and hasattr(os, "getuid") and os.getuid() == 0),
    reason="Postfix or Dovecot is not installed, or this is not root, which Postfix wants",
)


def await_port(port: int, process: subprocess.Popen[bytes] | None = None) -> None:
    for _ in range(200):
        assert process is None or process.poll() is None, "the server has ended"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on port {port}")


@dataclass
class Server:
    """A mailbox that is there; `port` is for IMAP."""

    port: int
    user: str
    password: str
    tls: bool = False
    pop_port: int = 0
    log: list[bytes] = field(default_factory=list)
    """The lines clients sent, where a gate stands before it."""

    @contextmanager
    def opened(self, user: str = "") -> Iterator[IMAPClient]:
        with IMAPClient("127.0.0.1", self.port, ssl=False) as client:
            client.login(user or self.user, self.password)
            yield client

    def put(
        self, *mails: bytes, folder: str = "INBOX", flags: Iterable[bytes] = (),
        when: datetime | None = None, user: str = "",
    ) -> None:  # fmt: skip
        with self.opened(user) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            date = when or datetime(2019, 10, 24, 10, tzinfo=CHINA)
            said = [{"msg": mail, "flags": tuple(flags), "date": date} for mail in mails]
            client.multiappend(folder, said)

    def flags(self, folder: str = "INBOX", user: str = "") -> dict[int, tuple[bytes, ...]]:
        """Of every mail, without \\Recent, which a session takes away by being there."""
        with self.opened(user) as client:
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["FLAGS"]).items()
            return {
                uid: tuple(sorted(f for f in said[b"FLAGS"] if f != rb"\Recent"))
                for uid, said in found
            }

    def empty(self) -> None:
        """Take every mail away, and every folder but the inbox."""
        with self.opened() as client:
            for _, _, name in client.list_folders():
                if name != "INBOX":
                    client.delete_folder(name)
            client.select_folder("INBOX")
            client.delete_messages(client.search())
            client.expunge()

    def renumber(self, folder: str) -> None:
        """The same mails under numbers of another validity."""
        with self.opened() as client:
            client.select_folder(folder)
            mails = client.fetch(client.search(), ["BODY.PEEK[]", "INTERNALDATE"])
            client.unselect_folder() if client.has_capability("UNSELECT") else client.close_folder()
            client.delete_folder(folder)
            client.create_folder(folder)
            for _, said in sorted(mails.items()):
                client.append(folder, said[b"BODY[]"], (), said[b"INTERNALDATE"])


# --- pymap -----------------------------------------------------------------------------------


@contextmanager
def pymap() -> Iterator[Server]:
    """An IMAP server in memory."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", "from pymap.main import main; main()", "--host", "127.0.0.1",
         "--port", str(port), "--no-tls", "dict", "--demo-data"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await_port(port, process)
        server = Server(port, "demouser", "demopass")
        server.empty()
        yield server
    finally:
        process.kill()  # from Python 3.12 on it does not end of itself
        process.wait(10)


# --- the gate --------------------------------------------------------------------------------


class _Gate(socketserver.StreamRequestHandler):
    """Nobody opens a folder who has not said what he is (RFC 2971), as on 126.com."""

    def handle(self) -> None:
        known = False
        with socket.create_connection(("127.0.0.1", self.server.behind), 30) as server:
            back = threading.Thread(target=self._back, args=(server,), daemon=True)
            back.start()
            for line in self._lines():
                self.server.log.append(line.rstrip())
                tag, command, *_ = [*line.split(), b"", b""]
                known |= command.upper() == b"ID"
                if command.upper() in (b"SELECT", b"EXAMINE", b"STATUS") and not known:
                    self.wfile.write(
                        tag + b" NO " + command + b" Unsafe Login. "
                        b"Please contact kefu@188.com for help\r\n"
                    )
                else:
                    server.sendall(line)

    def _lines(self) -> Iterator[bytes]:
        with suppress(ConnectionError):
            yield from self.rfile

    def _back(self, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                self.wfile.write(data)


class _Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def gate(server: Server) -> Iterator[Server]:
    """The same mailbox, seen through 网易's door."""
    door = _Threads(("127.0.0.1", 0), _Gate)
    door.behind, door.log = server.port, []
    with _serving(door) as port:
        yield Server(port, server.user, server.password, log=door.log)


# --- POP3 ------------------------------------------------------------------------------------


class _Pop(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(ConnectionError):
            self.serve()

    def serve(self) -> None:
        self.say(b"+OK ready")
        for line in self.rfile:
            command, *rest = line.decode().split()
            self.server.log.append(line.rstrip())
            if command.upper() == "QUIT":
                self.say(b"+OK")
                return
            self.say(*self.answer(command.upper(), rest))

    def answer(self, command: str, rest: list[str]) -> list[bytes]:
        mails = self.server.mails
        match command:
            case "USER":
                return [b"+OK"]
            case "PASS":
                return [b"+OK" if rest == [self.server.password] else b"-ERR login fail"]
            case "UIDL":
                return [b"+OK", *(f"{n} u{n}".encode() for n in self.numbers()), b"."]
            case "LIST":
                return [
                    b"+OK",
                    *(f"{n} {len(mails[n - 1])}".encode() for n in self.numbers()),
                    b".",
                ]
            case "TOP":
                return [
                    b"+OK",
                    *self.stuffed(mails[int(rest[0]) - 1].partition(b"\r\n\r\n")[0]),
                    b"",
                    b".",
                ]
            case "RETR":
                return [b"+OK", *self.stuffed(mails[int(rest[0]) - 1]), b"."]
        return [b"-ERR"]

    def numbers(self) -> range:
        return range(1, len(self.server.mails) + 1)

    def stuffed(self, data: bytes) -> list[bytes]:
        return [b"." + line if line.startswith(b".") else line for line in data.split(b"\r\n")]

    def say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))


@dataclass
class PopServer:
    port: int
    mails: list[bytes]
    log: list[bytes]
    user: str = "office"
    password: str = "code"


@contextmanager
def pop3(*mails: bytes) -> Iterator[PopServer]:
    server = _Threads(("127.0.0.1", 0), _Pop)
    server.mails, server.log, server.password = list(mails), [], "code"
    with _serving(server) as port:
        yield PopServer(port, server.mails, server.log)


# --- Dovecot ---------------------------------------------------------------------------------

_DOVECOT = """
base_dir = {top}/run
state_dir = {top}/state
log_path = {top}/log
protocols = imap pop3 lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{top}/cert.pem
ssl_key = <{top}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login
mail_location = maildir:{top}/mail/%u
first_valid_uid = 1
{own}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {top}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={top}/home/%u
}}
namespace inbox {{
  inbox = yes
  mailbox "垃圾邮件" {{
    auto = create
    special_use = \\Junk
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener {{
    port = {auth}
  }}
}}
service anvil {{
  chroot =
}}
"""
_AS_NOBODY = """default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}"""


@dataclass
class Dovecot:
    """Mailboxes by TLS: `server` speaks plainly to this machine alone, to fill them."""

    top: Path
    imaps: int
    pop3s: int
    lmtp: int
    auth: int
    server: Server

    @property
    def authority(self) -> str:
        """What SSL_CERT_FILE has to be so that it is trusted."""
        return str(self.top / "cert.pem")

    def log(self) -> str:
        return (self.top / "log").read_text("utf-8", "replace")


@contextmanager
def dovecot(users: Iterable[str], password: str = "code-2019") -> Iterator[Dovecot]:
    """A private Dovecot from a configuration of its own; the system's is not touched."""
    with TemporaryDirectory(prefix="pdsfz-dovecot-", ignore_cleanup_errors=True) as folder:
        top = Path(folder)
        top.chmod(0o755)
        certificate(top)
        (top / "users").write_text("".join(f"{user}:{password}\n" for user in users))
        uid, gid, own = os.getuid(), os.getgid(), ""
        if uid == 0:
            import pwd

            mail = pwd.getpwnam("mail")
            uid, gid = mail.pw_uid, mail.pw_gid
        else:
            import grp
            import pwd

            own = _AS_NOBODY.format(user=pwd.getpwuid(uid)[0], group=grp.getgrgid(gid)[0])
        for name in ("mail", "home"):
            (top / name).mkdir()
            os.chown(top / name, uid, gid)
        ports = {name: free_port() for name in ("imap", "imaps", "pop3s", "lmtp", "auth")}
        (top / "dovecot.conf").write_text(
            _DOVECOT.format(top=top, uid=uid, gid=gid, own=own, **ports), "utf-8"
        )
        process = subprocess.Popen(
            [program("dovecot"), "-F", "-c", str(top / "dovecot.conf")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await_port(ports["imaps"], process)
            first = Server(ports.pop("imap"), next(iter(users)), password)
            yield Dovecot(top, server=first, **ports)
        finally:
            process.terminate()
            process.wait(20)


# --- Postfix ---------------------------------------------------------------------------------

_MAIN = """
compatibility_level = 3.6
queue_directory = {top}/queue
data_directory = {top}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.example.cn
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = example.cn
virtual_mailbox_maps = static:anybody
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
smtpd_tls_cert_file = {dovecot}/cert.pem
smtpd_tls_key_file = {dovecot}/key.pem
smtpd_tls_auth_only = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_client_restrictions = permit_sasl_authenticated, reject
message_size_limit = 20971520
maillog_file_prefixes = {top}
maillog_file = {top}/log
"""
_MASTER = """
{port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """By implicit TLS and AUTH only, as 465 is."""

    top: Path
    port: int

    def log(self) -> str:
        return (self.top / "log").read_text("utf-8", "replace")


@contextmanager
def postfix(boxes: Dovecot) -> Iterator[Postfix]:
    """A private Postfix that asks a Dovecot who may send, and hands it what is sent."""
    with TemporaryDirectory(prefix="pdsfz-postfix-", ignore_cleanup_errors=True) as folder:
        top, conf, port = Path(folder), Path(folder) / "conf", free_port()
        top.chmod(0o755)
        for name in ("conf", "queue", "data"):
            (top / name).mkdir()
        shutil.chown(top / "data", "postfix")
        daemons = subprocess.run(
            [program("postconf"), "-h", "daemon_directory"],
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        said = {"top": top, "port": port, "daemons": daemons, "dovecot": boxes.top}
        (conf / "main.cf").write_text(_MAIN.format(lmtp=boxes.lmtp, auth=boxes.auth, **said))
        (conf / "master.cf").write_text(_MASTER.format(**said))
        process = subprocess.Popen(
            [program("postfix"), "-c", str(conf), "start-fg"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            await_port(port, process)
            yield Postfix(top, port)
        finally:
            subprocess.run([program("postfix"), "-c", str(conf), "stop"],
                           check=False, capture_output=True)  # fmt: skip
            process.wait(20)
