"""Where things are in a workspace, and how they are written: whole or not at all, never twice."""

import errno
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from pdsfz_xl import text as texts
from pdsfz_xl.errors import OperatorError

PART = re.compile(r"\..*\.\d+\.part")
"""Our own unfinished files; those of a killed run are swept by the next one."""

_CLUTTER = re.compile(
    r"(?i)(~\$|\.~|\._).*|\.ds_store|thumbs\.db|desktop\.ini|.*\.(part|tmp|crdownload)"
)


def is_clutter(name: str) -> bool:
    """What programs leave beside people's files: lock files, thumbnails, half downloads."""
    return bool(_CLUTTER.fullmatch(name))


@dataclass(frozen=True, slots=True)
class Workspace:
    """One campaign, one folder. `root` is absolute."""

    root: Path

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
    def merged(self) -> Path:
        return self.out / "3-汇总" / "汇总表.xlsx"

    @property
    def pdf(self) -> Path:
        return self.out / "5-打印" / "汇总表.pdf"

    @property
    def archive_folder(self) -> Path:
        return self.out / "存档"

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
        """The path from the root with `/`; bytes that are no text are shown as \\xNN."""
        said = path.relative_to(self.root).as_posix()
        return said.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    def require_master(self) -> None:
        if not self.master.exists():
            raise OperatorError(
                "这个文件夹里没有 master/任务分解表.xlsx；请先运行 pdsfz-xl init 通知文件，"
                "或用 -C 指到任务所在的文件夹。"
            )

    def dropped(self) -> tuple[Path, ...]:
        """Every regular file in the drop zone at any depth; links are not followed."""
        found = []
        for folder, _, names in os.walk(self.dropzone, followlinks=False):
            found += [Path(folder, name) for name in names]
        return tuple(sorted(p for p in found if p.is_file() and not p.is_symlink()))

    # --- writing

    def write(self, path: Path, data: bytes) -> bool:
        """Replace a file in one step; False, and nothing touched, where it has these bytes.

        Raises OperatorError when it is open elsewhere, the folder is read-only or the disk full;
        the old file is then whole.
        """
        return bool(self.write_all({path: data}))

    def write_all(self, files: Mapping[Path, bytes]) -> tuple[Path, ...]:
        """Write several files: all are staged before the first is replaced. Gives those changed."""
        changed = {p: d for p, d in files.items() if not p.exists() or p.read_bytes() != d}
        staged: dict[Path, Path] = {}
        try:
            for path, data in changed.items():
                with _explained(path):
                    staged[path] = _stage(path, data)
            for path, part in staged.items():
                with _explained(path):
                    _replace(part, path)
        finally:
            for part in staged.values():
                part.unlink(missing_ok=True)
        return tuple(changed)

    def archive(self, data: bytes, label: str, when: datetime, original: str) -> Path:
        """Keep bytes for ever under a readable name; the same bytes are kept once."""
        digest = sha256(data).hexdigest()
        path = self._archive_path(label, when, original, digest)
        if not path.exists():
            self.write(path, data)
        return path

    def archive_file(self, source: Path, label: str, when: datetime, digest: str) -> Path:
        """Keep a file of the drop zone for ever, without loading it whole."""
        kept = self._find_archived(digest, source.suffix)
        if kept:
            return kept
        path = self._archive_path(label, when, source.name, digest)
        with _explained(path):
            part = _part_of(path)
            shutil.copyfile(source, part)
            _replace(part, path)
        return path

    def _find_archived(self, digest: str, suffix: str) -> Path | None:
        """The label may have changed since, so the digest in the name is what counts."""
        pattern = f"*_{digest[:8]}{_safe_suffix(suffix)}"
        for path in sorted(self.archive_folder.glob(pattern)):
            if sha256(path.read_bytes()).hexdigest() == digest:
                return path
        return None

    def _archive_path(self, label: str, when: datetime, original: str, digest: str) -> Path:
        name = Path(original)
        stem = texts.file_name(f"{label}_{when:%Y%m%d}_{name.stem}", 60)
        suffix = _safe_suffix(name.suffix)
        path = self.archive_folder / f"{stem}_{digest[:8]}{suffix}"
        if path.exists() and sha256(path.read_bytes()).hexdigest() != digest:
            path = path.with_name(f"{stem}_{digest}{suffix}")
        return path

    # --- the cache of what was read

    def cached(self, digest: str, version: str) -> bytes | None:
        try:
            return self._cache_path(digest, version).read_bytes()
        except OSError:
            return None

    def remember(self, digest: str, version: str, data: bytes) -> None:
        path = self._cache_path(digest, version)
        if not path.exists():
            self.write(path, data)

    def forget(self, digest: str) -> None:
        for path in self.cache.glob(f"{digest}.*"):
            path.unlink()

    def _cache_path(self, digest: str, version: str) -> Path:
        return self.cache / f"{digest}.{version}.json"

    # --- one at a time

    @contextmanager
    def locked(self, command: str, seconds: float = 30) -> Iterator[None]:
        """Hold the workspace; raises OperatorError naming the holder after `seconds`.

        The system drops the lock of a process that dies, so a killed run never blocks the next.
        """
        holder = self.lock_file.with_name(".lock.holder")
        with _explained(self.lock_file):
            self.out.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.lock_file)
            try:
                lock.acquire(timeout=seconds)
            except Timeout as timeout:
                raise OperatorError(
                    f"另一个 pdsfz-xl 正在这个文件夹里运行（{_read_text(holder)}），"
                    f"等了 {seconds:g} 秒仍没有结束；请等它结束后再运行。"
                ) from timeout
        try:
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
        for folder in (self.master.parent, *(p for p in self.out.glob("*") if p.is_dir())):
            if folder == self.dropzone:
                continue
            for path in folder.glob(".*.part"):
                if PART.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    def require_closed(self, path: Path) -> None:
        """Raise OperatorError if a workbook is open in Excel, WPS or LibreOffice.

        Excel and WPS leave `~$name`, LibreOffice `.~lock.name#`; on Windows the file itself
        cannot be opened for writing then.
        """
        if not path.exists():
            return
        owners = [path.with_name(f"~${path.name}"), path.with_name(f".~lock.{path.name}#")]
        left = [owner for owner in owners if owner.exists()]
        if left:
            raise OperatorError(
                f"{self.relative(path)} 正在 Excel、WPS 或 LibreOffice 中打开，没有改动任何文件；"
                f"请保存并关闭后重新运行（如果确实没有打开，请删除 {left[0].name}）。"
            )
        with _explained(path), path.open("r+b"):
            pass


def _stage(path: Path, data: bytes) -> Path:
    part = _part_of(path)
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    return part


def _part_of(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name[:40]}.{os.getpid()}.part")


def _replace(part: Path, path: Path) -> None:
    """On Windows a scanner may hold the old file for a moment: three short tries."""
    for wait in (0.1, 0.4, None) if sys.platform == "win32" else (None,):
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
        raise OperatorError(
            f"不能写入 {path}（{error.strerror}）；请检查磁盘后重新运行。"
        ) from error


def _safe_suffix(suffix: str) -> str:
    return suffix if re.fullmatch(r"\.\w{1,10}", suffix) else ""


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return "进程不明"
