"""The whole campaign folder as one zip, from which another machine continues.

Its first member is 清单.txt: the sha256 and the path of every other one, as `sha256sum -c` reads
them. A pack gets its name only after every file in it was read back and compared.
"""

import os
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, NamedTuple

from pdsfz_xl import ledger
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.workspace import PART, Workspace, digest_of

_PACKED = re.compile(r"(?i)\.(7z|docx|gif|gz|jpe?g|mp4|ofd|pdf|png|pptx|rar|wps|xlsx|zip)$")
"""What is compressed already, and only costs time to be compressed again."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_LATEST = (2107, 12, 31, 23, 59, 58)
_BLOCK = 1 << 20
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error,
)  # fmt: skip


class LeftOut(NamedTuple):
    """A file that is not in the pack, and why, in a word for people."""

    path: str
    why: str


class Packed(NamedTuple):
    """What was packed: the files and their bytes before compression."""

    path: Path
    files: int
    size: int
    left_out: tuple[LeftOut, ...] = ()


def name(code: str, day: str) -> str:
    """What a pack is called: F201921_20191028.zip."""
    return texts.file_name(f"{code}_{day}") + ".zip"


def pack(ws: Workspace, target: Path, campaign: str, held: Collection[str] = ()) -> Packed:
    """Write a pack of master/ and out/, verified before it gets its name.

    `held` are paths in the workspace that must not leave it; nothing of the same bytes does, and
    of an archive or a mail with something held in it nothing at all. The caller holds the lock.
    Raises OperatorError when a file cannot be read, changes meanwhile, or the disk is full.
    """
    _require_outside(ws, target)
    _settle(ws)
    found = _found(ws)
    digests = {member: _digest(path) for member, path in found.items()}
    barred = _barred(digests, held)
    left = [LeftOut(m, w.LEFT_OUT_HELD) for m, d in digests.items() if d in barred]
    chosen = {member: d for member, d in digests.items() if d not in barred}
    part = target.with_name(f".{target.name[:40]}.{os.getpid()}.part")
    try:
        _write(part, campaign, {member: found[member] for member in chosen}, chosen)
        checked = check(part)
        part.replace(target)
    except OSError as error:
        raise OperatorError(
            f"没有打包：{error.filename or target}（{error.strerror}）；"
            "请检查磁盘空间和权限、关闭正在使用它的程序后重新运行。"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return checked._replace(path=target, left_out=(*left, *_unfollowed(ws)))


def check(path: Path) -> Packed:
    """Read every byte of a pack and compare it with its 清单.txt; OperatorError if one differs."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _checked(path, archive)
    except FileNotFoundError as error:
        raise OperatorError(f"找不到 {path}；请检查文件名和所在的文件夹。") from error
    except _DAMAGE as error:
        raise OperatorError(
            f"{path} 损坏或不是打包文件，不要使用；请重新打包或重新传送。"
        ) from error


# --- what goes in --------------------------------------------------------------------------


def _require_outside(ws: Workspace, target: Path) -> None:
    """A pack inside the folders it packs would be packed again by the next one."""
    inside = any(target.resolve().is_relative_to(top.resolve()) for top in _tops(ws))
    if inside:
        raise OperatorError(f"{target} 在任务的 master 或 out 文件夹里；请换一个位置再打包。")
    if target.exists() and not _is_pack(target):
        raise OperatorError(f"{target} 已经存在，并且不是打包文件，没有覆盖；请换一个文件名。")


def _is_pack(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()[:1] == [w.PACK_LIST]
    except _DAMAGE:
        return False


def _tops(ws: Workspace) -> tuple[Path, Path]:
    return ws.master.parent, ws.out


def _settle(ws: Workspace) -> None:
    """Closing the last connection moves what SQLite logged beside the ledger into it."""
    if ws.ledger.exists():
        with ledger.opened(ws.ledger):
            pass


def _walk(ws: Workspace) -> Iterator[Path]:
    """Everything of master/ and out/ but what only the running machine needs."""
    for top in _tops(ws):
        for folder, folders, names in os.walk(top, onerror=_unreadable):
            folders[:] = sorted(name for name in folders if Path(folder, name) != ws.cache)
            links = [name for name in folders if Path(folder, name).is_symlink()]
            for found in sorted([*names, *links]):
                path = Path(folder, found)
                if not (path.parent == ws.out and found.startswith(ws.lock_file.name)):
                    yield path


def _unreadable(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise OperatorError(
            f"读不了 {texts.visible(str(error.filename))}，没有打包；请检查权限后重新运行。"
        ) from error


def _found(ws: Workspace) -> dict[str, Path]:
    """The files by member name, in a fixed order; the shared memory of SQLite is none."""
    found = {ws.relative(p): p for p in _walk(ws) if p.is_file() and not p.is_symlink()}
    memory = ws.relative(ws.ledger) + "-shm"
    return {
        member: found[member]
        for member in sorted(found)
        if member != memory and not found[member].name.endswith(".part")
    }


def _unfollowed(ws: Workspace) -> Iterator[LeftOut]:
    """Our own unfinished files are nobody's loss; another's may be."""
    for path in _walk(ws):
        if path.is_symlink():
            yield LeftOut(ws.relative(path), w.LEFT_OUT_LINK)
        elif path.name.endswith(".part") and not PART.fullmatch(path.name):
            yield LeftOut(ws.relative(path), w.LEFT_OUT_PART)


def _digest(path: Path) -> str:
    try:
        return digest_of(path)
    except OSError as error:
        raise OperatorError(
            f"读不了 {texts.visible(str(path))}，没有打包；请关闭正在使用它的程序后重新运行。"
        ) from error


def _barred(digests: Mapping[str, str], held: Collection[str]) -> set[str]:
    outer = {path.partition(w.INSIDE)[0] for path in held}
    return {digest for member, digest in digests.items() if member in outer}


# --- writing -------------------------------------------------------------------------------


def _write(
    part: Path, campaign: str, found: Mapping[str, Path], digests: Mapping[str, str]
) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            listed = _list(campaign, found, digests).encode()
            archive.writestr(_info(w.PACK_LIST, 0, len(listed)), listed)
            for member, path in found.items():
                _add(archive, member, path, digests[member])
        file.flush()
        os.fsync(file.fileno())


def _list(campaign: str, found: Mapping[str, Path], digests: Mapping[str, str]) -> str:
    size = sum(path.stat().st_size for path in found.values())
    lines = [f"{digest}  {member}" for member, digest in digests.items()]
    escaped = (_escaped(line) for line in lines)
    return "\n".join([f"# {w.pack_head(campaign, len(found), size)}", *escaped]) + "\n"


def _escaped(line: str) -> str:
    r"""As GNU coreutils escape a name with a line end in it: `\` before, `\n` inside."""
    escaped = line.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return line if escaped == line else f"\\{escaped}"


def _unescaped(line: str) -> str:
    if not line.startswith("\\"):
        return line
    plain = {"n": "\n", "r": "\r"}
    return re.sub(r"\\(.)", lambda m: plain.get(m[1], m[1]), line[1:])


def _info(member: str, modified: float, size: int) -> zipfile.ZipInfo:
    """Its time to the second in UTC too: the format's own is local, and even seconds only."""
    moment = min(max(time.localtime(max(modified, 0))[:6], _EARLIEST), _LATEST)
    info = zipfile.ZipInfo(member, moment)
    packed = _PACKED.search(member)
    info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.file_size = size  # so that zipfile knows what needs ZIP64
    if 0 <= modified < 1 << 31:
        info.extra = struct.pack("<HHBl", 0x5455, 5, 1, int(modified))  # APPNOTE, "UT"
    return info


def _add(archive: zipfile.ZipFile, member: str, path: Path, digest: str) -> None:
    state = path.stat()
    seen = sha256()
    info = _info(member, state.st_mtime, state.st_size)
    with path.open("rb") as source, archive.open(info, "w") as target:
        while block := source.read(_BLOCK):
            seen.update(block)
            target.write(block)
    if seen.hexdigest() != digest:
        raise OperatorError(f"{texts.visible(member)} 在打包途中变了，没有打包；请重新运行。")


# --- reading back --------------------------------------------------------------------------


def _checked(path: Path, archive: zipfile.ZipFile) -> Packed:
    first, *members = archive.infolist() or [zipfile.ZipInfo()]
    if first.filename != w.PACK_LIST:
        raise OperatorError(f"{path} 不是打包文件（里面没有{w.PACK_LIST}）。")
    listed = _listed(archive.read(first).decode())
    names = [info.filename for info in members]
    for member in (*(m for m in names if m not in listed), *(listed.keys() - set(names))):
        raise OperatorError(f"{path} 与里面的清单不一致（{texts.brief(member)}），不要使用。")
    for info in members:
        with archive.open(info) as file:
            if _digest_of(file) != listed[info.filename]:
                raise OperatorError(
                    f"{path} 里的 {texts.visible(info.filename)} 与清单不一致，不要使用；"
                    "请重新打包或重新传送。"
                )
    return Packed(path, len(members), sum(info.file_size for info in members))


def _digest_of(file: IO[bytes]) -> str:
    return file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] # it only reads


def _listed(text: str) -> dict[str, str]:
    """sha256 by member."""
    lines = (_unescaped(line) for line in text.split("\n") if line and not line.startswith("#"))
    parts = (line.partition("  ") for line in lines)
    return {member: digest for digest, _, member in parts}
