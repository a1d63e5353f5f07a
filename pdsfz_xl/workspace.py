"""Where things are in a workspace, and how they are written: whole or not at all, never twice."""

import errno
import os
import re
import sys
import time
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path

from filelock import FileLock, Timeout

from pdsfz_xl import text as texts
from pdsfz_xl.errors import OperatorError

PART = re.compile(r"\..+\.[0-9a-f]{8}\.\d+\.part", re.DOTALL)
"""Our own unfinished files; those of a killed run are swept by the next one."""

_MARK = re.compile(r"_([0-9a-f]{8})")
"""The first digits of the digest in an archived name, wherever somebody moved them."""

_CLUTTER = re.compile(
    r"(?is)(~\$|\.~|~\.|\._).*|\.ds_store|(eh)?thumbs\.db|desktop\.ini"
    r"|.*\.(part|partial|tmp|temp|crdownload|download|downloading|x?td|!ut)"
)


def is_clutter(name: str) -> bool:
    """What programs leave beside people's files: lock files, thumbnails, half downloads."""
    return bool(_CLUTTER.fullmatch(name))


_NEARLY_DROPZONE = re.compile(r"\d*收件(夹|箱|副本)?\d*")
"""What people call the drop zone, and what systems make of its name when they copy it."""


def is_settling(path: Path, seconds: float = 10) -> bool:
    """Whether a file was written to so lately that its copying may still go on."""
    try:
        return abs(time.time() - path.stat().st_mtime) < seconds
    except OSError:
        return True


def digest_of(path: Path) -> str:
    """The sha256 of a file, without loading it whole."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def root_above(folder: Path) -> Path:
    """The nearest folder that holds a master, this one or one above it; else this one."""
    for holder in (folder, *folder.parents):
        if os.path.isfile(Workspace(holder).master):  # noqa: PTH113 # Path.is_file raises EACCES
            return holder
    return folder


def bytes_of(path: Path) -> bytes:
    """What a file holds; nothing where there is none."""
    return path.read_bytes() if path.exists() else b""


@dataclass(frozen=True, slots=True)
class Workspace:
    """One campaign, one folder. `root` is absolute."""

    root: Path
    mark: str = ""
    """What a new ledger calls this workspace, to tell its workbooks; something random if empty."""
    _kept: dict[str, list[Path]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """The archive by the marks in its names, listed once per run: once per file is quadratic."""

    @property
    def master(self) -> Path:
        return self.root / "master" / "任务分解表.xlsx"

    @property
    def notice_copy(self) -> Path:
        return self.root / "master" / "通知.txt"

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def forms(self) -> Path:
        return self.out / "1-下发"

    @property
    def dropzone(self) -> Path:
        return self.out / "2-收件"

    @property
    def fetched(self) -> Path:
        """What came by mail, a folder for each."""
        return self.dropzone / "邮件"

    @property
    def merged_dir(self) -> Path:
        return self.out / "3-汇总"

    @property
    def merged(self) -> Path:
        return self.merged_dir / "汇总表.xlsx"

    @property
    def returns(self) -> Path:
        return self.out / "4-退回修改"

    @property
    def prints(self) -> Path:
        return self.out / "5-打印"

    @property
    def pdf(self) -> Path:
        return self.prints / "汇总表.pdf"

    @property
    def evidence(self) -> Path:
        return self.out / "6-材料"

    @property
    def uploads(self) -> Path:
        return self.out / "7-上报"

    @property
    def mails(self) -> Path:
        return self.out / "邮件"

    @property
    def handouts(self) -> Path:
        """What goes to units without mail, as 邮件 has what goes by mail."""
        return self.out / "转交"

    @property
    def calls(self) -> Path:
        return self.handouts / "催报电话单.xlsx"

    @property
    def group_text(self) -> Path:
        return self.handouts / "催报群消息.txt"

    @property
    def archive_folder(self) -> Path:
        return self.out / "存档"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder people look into or put files in."""
        return (
            self.forms, self.dropzone, self.merged_dir, self.returns, self.prints, self.evidence,
            self.uploads, self.mails, self.handouts, self.archive_folder,
        )  # fmt: skip

    @property
    def ledger(self) -> Path:
        return self.out / "台账.sqlite"

    @property
    def cache(self) -> Path:
        return self.out / ".cache"

    @property
    def lock_file(self) -> Path:
        return self.out / ".lock"

    def relative(self, path: Path) -> str:
        """The path from the root with `/`; a byte that is no text (0xD0) is shown as \\udcd0.

        So it can be stored, printed and sent as JSON everywhere; it opens no such file.
        """
        said = path.relative_to(self.root).as_posix()
        return said.encode("utf-8", "backslashreplace").decode("utf-8")

    def require_master(self) -> None:
        if not self.master.exists():
            raise OperatorError(
                "这个文件夹里没有 master/任务分解表.xlsx；请先运行 pdsfz-xl init 通知文件，"
                "或用 -C 指到任务所在的文件夹。"
            )

    def dropped(self) -> tuple[Path, ...]:
        """Every regular file in the drop zone at any depth, by relative path; links are not.

        Raises OperatorError where a folder cannot be read: what lies there must not go unseen.
        """
        return tuple(p for p in self._in_dropzone() if not p.is_symlink() and _is_file(p))

    def copies(self, digest: str) -> tuple[Path, ...]:
        """Every file with these bytes, where anybody put them: received, archived or filed."""
        found: list[Path] = []
        for folder in (self.dropzone, self.archive_folder, self.evidence):
            for top, _, names in os.walk(folder, onerror=_unseen):
                found += [Path(top, name) for name in names]
        return tuple(p for p in sorted(found) if _is_file(p) and digest_of(p) == digest)

    def links(self) -> tuple[Path, ...]:
        """The links in the drop zone: nobody follows them, so somebody should say so."""
        return tuple(p for p in self._in_dropzone() if p.is_symlink())

    def misplaced(self) -> dict[Path, int]:
        """Folders beside the drop zone that nearly have its name, and how many files lie there."""
        nearly = (
            folder
            for folder in sorted(self.out.glob("*收*件*"))
            if folder != self.dropzone
            and folder.is_dir()
            and _NEARLY_DROPZONE.fullmatch(re.sub(r"[\W_]", "", texts.squash(folder.name)))
        )
        counted = {
            folder: sum(not is_clutter(name) for *_, names in os.walk(folder) for name in names)
            for folder in nearly
        }
        return {folder: number for folder, number in counted.items() if number}

    def _in_dropzone(self) -> list[Path]:
        found: list[Path] = []
        for folder, folders, names in os.walk(self.dropzone, onerror=_unseen):
            found += [Path(folder, name) for name in (*folders, *names)]
        return sorted(found, key=self.relative)

    # --- writing

    def write(self, path: Path, data: bytes) -> bool:
        """Replace a file in one step; False, and nothing touched, where it has these bytes.

        Raises OperatorError when it is open elsewhere, the folder is read-only or the disk full;
        the old file is then whole.
        """
        return bool(self.write_all({path: data}))

    def write_all(self, files: Mapping[Path, bytes]) -> tuple[Path, ...]:
        """Write several files: all are staged before the first is replaced. Gives those changed."""
        changed = {path: data for path, data in files.items() if not _holds(path, data)}
        staged: dict[Path, Path] = {}
        try:
            for path, data in changed.items():
                with _explained(path):
                    staged[path] = _stage(path, [data])
            for path, part in staged.items():
                with _explained(path):
                    _replace(part, path)
        finally:
            for part in staged.values():
                _discard(part)
        return tuple(changed)

    def copy(self, source: Path, path: Path) -> None:
        """Write a file that has the bytes of another one, whole or not at all."""
        with _explained(path):
            part = _stage(path, _blocks(source))
            try:
                _replace(part, path)
            finally:
                _discard(part)

    def remove(self, path: Path, digest: str) -> bool:
        """Remove a file that has these bytes; False, and nothing touched, where it has others."""
        with _explained(path):
            if not path.exists() or digest_of(path) != digest:
                return False
            path.unlink()
        return True

    def archive(self, data: bytes, label: str, when: datetime, original: str) -> Path:
        """Keep bytes for ever under a readable name; the same bytes are kept once."""
        return self._keep([data], sha256(data).hexdigest(), label, when, original)

    def archive_file(self, source: Path, label: str, when: datetime, digest: str) -> Path:
        """Keep a file of the drop zone for ever, without loading it whole.

        What has changed since `digest` was taken is kept under the digest it has now.
        """
        return self._keep(_blocks(source), digest, label, when, source.name)

    def _keep(
        self, blocks: Iterable[bytes], digest: str, label: str, when: datetime, original: str
    ) -> Path:
        path = self._archive_path(label, when, original, digest)
        with _explained(path):
            if path.exists():
                return path
            if kept := self.archived(digest):
                return kept
            part = _stage(path, blocks)
            try:
                path = self._archive_path(label, when, original, digest_of(part))
                if not path.exists():
                    _replace(part, path)
                    self._note(path)
            finally:
                _discard(part)
        return path

    def archived(self, digest: str) -> Path | None:
        """The kept file with these bytes, whatever label and date it was kept under."""
        if not self._kept:
            for kept in sorted(self.archive_folder.glob("*")):
                if not PART.fullmatch(kept.name):
                    self._note(kept)
        return next((k for k in self._kept.get(digest[:8], ()) if digest_of(k) == digest), None)

    def _note(self, kept: Path) -> None:
        for mark in _MARK.findall(kept.name):
            self._kept.setdefault(mark, []).append(kept)

    def _archive_path(self, label: str, when: datetime, original: str, digest: str) -> Path:
        """Where these bytes are or would be: a longer digest where others have the short name."""
        name = Path(original)
        stem = texts.file_name(f"{label}_{when:%Y%m%d}_{name.stem}", 60)
        suffix = name.suffix if re.fullmatch(r"\.\w{1,10}", name.suffix) else ""
        path = self.archive_folder / f"{stem}_{digest[:8]}{suffix}"
        with _explained(path):
            if path.exists() and digest_of(path) != digest:
                # Not the whole digest: a name has at most 255 bytes, and the stem may take 180.
                return path.with_name(f"{stem}_{digest[:32]}{suffix}")
        return path

    # --- the cache of what was read

    def cached(self, digest: str, version: str) -> bytes | None:
        try:
            return self._cache_path(digest, version).read_bytes()
        except OSError:
            return None

    def remember(self, digest: str, version: str, data: bytes) -> None:
        self.write(self._cache_path(digest, version), data)

    def forget(self, digests: Container[str]) -> None:
        """Whatever version read these files."""
        for path in self.cache.glob("*.json"):
            if path.name.partition(".")[0] in digests:
                path.unlink()

    def _cache_path(self, digest: str, version: str) -> Path:
        return self.cache / f"{digest}.{version}.json"

    # --- one at a time

    @contextmanager
    def locked(self, command: str, seconds: float = 30) -> Iterator[None]:
        """Hold the workspace, with every folder the clerk is told of in it.

        Raises OperatorError naming the holder after `seconds`. The system drops the lock of a
        process that dies, so a killed run never blocks the next.
        """
        holder = self.lock_file.with_name(".lock.holder")
        for folder in self.folders:
            with _explained(folder):
                folder.mkdir(parents=True, exist_ok=True)
        with _explained(self.lock_file):
            lock = FileLock(self.lock_file)
            try:
                lock.acquire(timeout=seconds)
            except Timeout as timeout:
                raise OperatorError(
                    f"另一个 pdsfz-xl 正在这个文件夹里运行（{_holder(holder)}），"
                    f"等了 {seconds:g} 秒仍没有结束；请等它结束后再运行。"
                ) from timeout
        try:
            self._kept.clear()  # others may have archived until now
            with _explained(holder):
                holder.write_text(f"{command}，进程 {os.getpid()}", "utf-8")
            self._sweep()
            yield
        finally:
            with suppress(OSError):
                holder.unlink()
            lock.release()

    def _sweep(self) -> None:
        """Remove the unfinished files of killed runs; nobody else writes while we hold the lock."""
        for top in (self.master.parent, self.out, self.fetched):
            for folder, folders, names in os.walk(top):
                folders[:] = [name for name in folders if Path(folder, name) != self.dropzone]
                for name in filter(PART.fullmatch, names):
                    _discard(Path(folder, name))

    def require_closed(self, path: Path) -> None:
        """Raise OperatorError if a workbook is open in Excel, WPS or LibreOffice.

        Excel leaves `~$name`, WPS that or `.~name`, LibreOffice `.~lock.name#`; on Windows the
        file itself cannot be opened for writing then. What a crash left looks the same, so the
        sentence says which file to delete.
        """
        if not path.exists():
            return
        name = path.name
        owners = (path.with_name(owner) for owner in (f"~${name}", f".~{name}", f".~lock.{name}#"))
        left = [owner for owner in owners if owner.exists()]
        if left:
            raise OperatorError(
                f"{self.relative(path)} 正在 Excel、WPS 或 LibreOffice 中打开，没有改动任何文件；"
                "请保存并关闭后重新运行"
                f"（如果确实没有打开，请删除它旁边的隐藏文件 {left[0].name}）。"
            )
        with _explained(path), path.open("r+b"):
            pass


def _holds(path: Path, data: bytes) -> bool:
    with _explained(path):
        return path.exists() and path.read_bytes() == data


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        _unseen(error)
        return False


def _unseen(error: OSError) -> None:
    """A folder that is not there holds nothing; one that cannot be read may."""
    if isinstance(error, FileNotFoundError):
        return
    raise OperatorError(
        f"读不了 {texts.visible(str(error.filename))}，里面可能有收到的材料；"
        "请检查文件夹是否还在、权限是否足够，然后重新运行。"
    ) from error


def _blocks(source: Path) -> Iterator[bytes]:
    """A file in pieces of at most 1 MiB."""
    try:
        with source.open("rb") as file:
            while block := file.read(1 << 20):
                yield block
    except OSError as error:
        raise OperatorError(
            f"读不了 {texts.visible(str(source))}，没有存档；请检查文件是否还在，然后重新运行。"
        ) from error


def _stage(path: Path, blocks: Iterable[bytes]) -> Path:
    """The bytes beside the file they will replace, safe on disk."""
    part = _part_of(path)
    try:
        with part.open("wb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        _discard(part)
        raise
    return part


def _part_of(path: Path) -> Path:
    """Long names are cut to stay within 255 bytes, so a digest keeps two of them apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = sha256(os.fsencode(path.name)).hexdigest()[:8]
    return path.with_name(f".{path.name[:40]}.{mark}.{os.getpid()}.part")


def _discard(part: Path) -> None:
    """What cannot be removed now is swept by the next run."""
    with suppress(OSError):
        part.unlink(missing_ok=True)


def _replace(part: Path, path: Path) -> None:
    """On Windows a scanner may hold the old file for a moment: four tries in 1.5 seconds."""
    for wait in (0.1, 0.4, 1.0, None) if sys.platform == "win32" else (None,):
        try:
            part.replace(path)
            return
        except PermissionError:
            if wait is None:
                raise
            time.sleep(wait)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what the system says of a file into a sentence with what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OperatorError(
                f"磁盘已满，{path} 没有写成，原来的文件没有改动；请腾出空间后重新运行。"
            ) from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise OperatorError(
                f"不能写入 {path}：它可能正在 Excel、WPS 或看图、阅读软件中打开，"
                "或者文件夹是只读的；请关闭它或换一个可写的文件夹后重新运行。"
            ) from error
        if isinstance(error, FileExistsError | IsADirectoryError | NotADirectoryError):
            raise OperatorError(
                f"不能写入 {path}：这里已有同名的文件或文件夹占着位置；请把它改名移开后重新运行。"
            ) from error
        raise OperatorError(
            f"不能写入 {path}（{error.strerror}）；请检查磁盘后重新运行。"
        ) from error


def _holder(path: Path) -> str:
    """Who holds the lock, and since when."""
    try:
        since = datetime.fromtimestamp(path.stat().st_mtime)
        return f"{path.read_text('utf-8')}，{since:%Y-%m-%d %H:%M:%S} 开始"
    except (OSError, ValueError):
        return "进程不明"
