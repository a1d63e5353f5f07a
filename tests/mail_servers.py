"""Mail servers for tests: one that fails on purpose, aiosmtpd, and a Postfix of one's own."""

import base64
import contextlib
import ipaddress
import os
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

USER, CODE = "fzb@example.cn", "SQM-auth-code"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- certificates


class Certificate(NamedTuple):
    """A certificate for this machine alone; `cert` is also what its clients have to trust."""

    cert: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.cert))


def certificate(folder: Path) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    made.cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


# --- a server that fails on purpose

STAGES = ("connect", "ehlo", "auth", "mail", "rcpt", "data", "text", "stored")
"""Where it may fail: `text` is while the text arrives, `stored` after it was kept for delivery."""


class FaultServer:
    """A server whose every answer can be another one; what it kept is in `stored`.

    `envelopes` has the sender of each and then its recipients.

    `fault(stage, about)` gives what to do there: None to go on, a reply such as `451 MI:SFQ`,
    `drop` to hang up, `reset` to hang up hard, `garbage`, `slow` (for the client's patience), or
    `tls` to end the encryption in the middle of it.
    """

    def __init__(self, fault: Callable[[str, str], str | None] = lambda *_: None) -> None:
        self.fault = fault
        self.stored: list[bytes] = []
        self.envelopes: list[tuple[str, ...]] = []
        self.logins = 0
        self.connections = 0
        self.extensions = ["AUTH PLAIN LOGIN CRAM-MD5", "8BITMIME"]
        self.tls: ssl.SSLContext | None = None
        self.slow = 2.0
        self.hello = ""
        self.code = CODE

    def __enter__(self) -> "FaultServer":
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            timeout = 20

            def setup(self) -> None:
                if outer.tls:
                    self.request = outer.tls.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self) -> None:
                with contextlib.suppress(OSError):
                    super().finish()
                self.request.close()

            def handle(self) -> None:
                outer.connections += 1
                with contextlib.suppress(OSError, _HungUp):
                    _Talk(outer, self).run()

        class Threaded(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that hung up, or trusts nobody, is no failure of the server."""

        self._server = Threaded(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _HungUp(Exception):  # noqa: N818 # how a talk ends
    pass


def _address(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


class _Talk:
    def __init__(self, server: FaultServer, handler: socketserver.StreamRequestHandler) -> None:
        self.server, self.handler = server, handler
        self.sender, self.recipients = "", []

    def say(self, stage: str, reply: str, about: str = "") -> bool:
        """Answer, or fail as asked; True where the answer was the good one."""
        fault = self.server.fault(stage, about)
        if fault == "drop":
            raise _HungUp
        if fault == "reset":
            self.handler.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
            )
            self.handler.connection.close()
            raise _HungUp
        if fault == "tls":
            if isinstance(self.handler.connection, ssl.SSLSocket):
                os.write(self.handler.connection.fileno(), b"\x16\x03\x01plain again")
            raise _HungUp
        if fault == "slow":
            time.sleep(self.server.slow)
        said = {"garbage": "\x00\xff嗯 what?", "slow": reply, None: reply}.get(fault, fault)
        self.handler.wfile.write(said.encode() + b"\r\n")
        self.handler.wfile.flush()
        return said == reply

    def line(self) -> str:
        said = self.handler.rfile.readline()
        if not said:
            raise _HungUp
        return said.decode("ascii", "replace").strip()

    def run(self) -> None:
        if not self.say("connect", "220 ready"):
            return
        while True:
            said = self.line()
            word = said.split(" ")[0].upper()
            if word in ("EHLO", "HELO"):
                self.server.hello = said.partition(" ")[2]
                lines = [f"250-{line}" for line in ["here", *self.server.extensions]]
                self.say("ehlo", "\r\n".join([*lines, "250 OK"]))
            elif word == "AUTH":
                self.auth(said)
            elif word == "MAIL":
                self.sender, self.recipients = said, []
                self.say("mail", "250 ok", said)
            elif word == "RCPT":
                if self.say("rcpt", "250 ok", said):
                    self.recipients.append(said)
            elif word == "DATA":
                self.data()
            elif word == "QUIT":
                self.handler.wfile.write(b"221 bye\r\n")
                return
            else:
                self.handler.wfile.write(b"250 ok\r\n")

    def auth(self, said: str) -> None:
        self.server.logins += 1
        coded = said.split(" ")[2] if said.count(" ") > 1 else ""
        given = base64.b64decode(coded).decode().split("\0")
        good = given[1:] == [USER, self.server.code]
        self.say("auth", "235 welcome" if good else "535 Error: authentication failed")

    def data(self) -> None:
        if not self.say("data", "354 go on", self.sender):
            return
        lines: list[bytes] = []
        while (said := self.handler.rfile.readline()) != b".\r\n":
            if not said:
                raise _HungUp
            lines.append(said[1:] if said.startswith(b".") else said)
            if len(lines) == 3 and self.server.fault("text", self.sender):
                raise _HungUp
        refused = self.server.fault("kept", self.sender)
        if refused:
            self.handler.wfile.write(refused.encode() + b"\r\n")
            return
        self.server.stored.append(b"".join(lines))
        self.server.envelopes.append(tuple(map(_address, (self.sender, *self.recipients))))
        self.say("stored", f"250 queued as {len(self.server.stored)}", self.sender)


# --- aiosmtpd


@contextlib.contextmanager
def aiosmtpd_server(made: Certificate | None = None, *, starttls: bool = False) -> Iterator[Any]:
    """A real server with AUTH: `messages`, `port`. With a certificate by SSL or STARTTLS."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    class Keep:
        def __init__(self) -> None:
            self.messages: list[tuple[str, list[str], bytes]] = []

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002 # aiosmtpd calls it so
            self.messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
            return "250 kept"

    def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:  # noqa: ARG001 # aiosmtpd calls it so
        return AuthResult(success=(data.login, data.password) == (USER.encode(), CODE.encode()))

    keep = Keep()
    more: dict[str, Any] = {"authenticator": login, "auth_required": True}
    if made and starttls:
        more |= {"tls_context": made.server(), "require_starttls": True}
    else:
        more |= {"auth_require_tls": False}
        if made:
            more |= {"ssl_context": made.server()}
    # Without a name it would look its own up (getfqdn).
    controller = Controller(
        keep, hostname="127.0.0.1", port=free_port(), server_hostname="localhost", **more
    )
    controller.start()
    try:
        keep.port = controller.port  # type: ignore[attr-defined] # for the test's convenience
        yield keep
    finally:
        controller.stop()


# --- Postfix


POSTFIX = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")


def skip_reason() -> str:
    """Why the real servers cannot run here; empty where they can."""
    if not (POSTFIX and DOVECOT):
        return "postfix or dovecot is not installed"
    return "" if os.geteuid() == 0 else "postfix starts for root only"


class Postfix(NamedTuple):
    """A running Postfix of one's own: nothing of the machine's is read or changed."""

    ssl: int
    starttls: int
    log: Path
    mailbox: Path
    """Every mail delivered, a Maildir."""
    certificate: Certificate

    def delivered(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.mailbox / "new").iterdir())]

    def logged(self, pattern: str) -> list[str]:
        return re.findall(pattern, self.log.read_text("utf-8", "replace"))

    def wait(self, number: int, seconds: float = 30) -> None:
        """Until so many mails are delivered: handing over is not delivery."""
        until = time.monotonic() + seconds
        while len(self.logged("status=sent")) < number:
            assert time.monotonic() < until, self.log.read_text("utf-8", "replace")[-3000:]
            time.sleep(0.05)


_MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydestination =
mynetworks =
alias_maps =
alias_database =
virtual_mailbox_domains = example.cn
virtual_mailbox_base = {home}/box
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
message_size_limit = 20971520
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
smtpd_tls_cert_file = {home}/cert.pem
smtpd_tls_key_file = {home}/key.pem
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {home}/auth/login
smtpd_relay_restrictions = permit_sasl_authenticated, reject
"""

_MASTER = """
127.0.0.1:{ssl} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:{starttls} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

_DOVECOT = """
base_dir = {home}/dovecot
log_path = {home}/dovecot.log
protocols =
ssl = no
auth_mechanisms = plain login
default_internal_user = postfix
default_internal_group = postfix
default_login_user = nobody
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/box
}}
service auth {{
  unix_listener {home}/auth/login {{
    mode = 0666
  }}
}}
"""


@contextlib.contextmanager
def postfix() -> Iterator[Postfix]:
    """Postfix with TLS, its logins checked by a Dovecot that does nothing else."""
    import grp
    import pwd

    owner = pwd.getpwnam("postfix")
    home = Path(tempfile.mkdtemp(prefix="pdsfz-postfix-"))
    home.chmod(0o755)
    for name in ("queue", "data", "box", "auth", "conf", "dovecot"):
        (home / name).mkdir()
    for name in ("data", "box"):
        os.chown(home / name, owner.pw_uid, grp.getgrnam("postfix").gr_gid)
    made = certificate(home)
    made.key.chmod(0o600)
    ports = {"ssl": free_port(), "starttls": free_port()}
    values = {"home": home, "uid": owner.pw_uid, "gid": owner.pw_gid, **ports}
    (home / "conf/main.cf").write_text(_MAIN.format(**values))
    (home / "conf/master.cf").write_text(_MASTER.format(**values))
    (home / "dovecot.conf").write_text(_DOVECOT.format(**values))
    (home / "users").write_text(f"{USER}:{CODE}\n")
    dovecot = subprocess.Popen([DOVECOT, "-F", "-c", str(home / "dovecot.conf")])
    try:
        _until((home / "auth/login").exists)
        _control(home, "start")
        for port in ports.values():
            _until(lambda port=port: _listens(port))
        yield Postfix(ports["ssl"], ports["starttls"], home / "mail.log", home / "box/all", made)
    finally:
        _control(home, "stop", check=False)
        dovecot.terminate()
        dovecot.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def _control(home: Path, word: str, *, check: bool = True) -> None:
    words = [str(POSTFIX), "-c", str(home / "conf"), word]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    log = home / "mail.log"
    assert done.returncode == 0 or not check, (
        done.stdout + done.stderr + (log.read_text() if log.exists() else "")
    )


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
