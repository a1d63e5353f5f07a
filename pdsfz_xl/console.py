"""How the command line speaks: click in Chinese, what a command says, and how it fails.

The only module that prints or exits.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from pdsfz_xl.errors import OperatorError
from pdsfz_xl.states import Grade

if TYPE_CHECKING:
    from pdsfz_xl.done import Done
    from pdsfz_xl.workspace import Workspace

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class _Formatter(click.HelpFormatter):
    """Click's own words, in Chinese."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or "用法：")

    def write_heading(self, heading: str) -> None:
        super().write_heading({"Options": "选项", "Commands": "命令"}.get(heading, heading))


class _Context(click.Context):
    formatter_class = _Formatter


class _Command(click.Command):
    context_class = _Context


class Group(click.Group):
    context_class = _Context
    command_class = _Command
    group_class = type  # a group in a group is one like it

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 # click calls it so
        return list(self.commands)  # in the order of the work, not of the alphabet

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            known = "、".join(self.commands)
            raise click.UsageError(f"没有“{args[0]}”这个命令（有：{known}）")
        return super().resolve_command(ctx, args)


@dataclass
class Wish:
    """What the options say, before or after the command's name."""

    folder: Path | None = None
    as_json: bool = False
    strict: bool = False
    clock: datetime | None = None
    mark: str = ""

    @property
    def base(self) -> Path:
        """The folder to work in, there or not; raises OperatorError where it can be none."""
        base = (self.folder or Path()).absolute()
        try:
            possible = base.is_dir() or not base.exists()
        except OSError:
            possible = False
        if not possible:
            raise OperatorError(f"{base} 不是能用的文件夹；-C 后面请写任务所在的文件夹。")
        return base

    @cached_property
    def workspace(self) -> "Workspace":
        """The one to work in: without -C also the one above this folder, which is said."""
        from pdsfz_xl.workspace import Workspace

        root = self._root
        if root != self.base:
            click.echo(f"这里是任务文件夹里面，任务在 {root}。", err=True)
        return Workspace(root, self.mark)

    @property
    def new_workspace(self) -> "Workspace":
        """Where a campaign may begin; raises OperatorError inside the folder of another one."""
        from pdsfz_xl.workspace import Workspace

        if self._root != self.base:
            raise OperatorError(
                f"{self.base} 在另一个任务的文件夹 {self._root} 里面，没有生成任务分解表；"
                "请到新的空文件夹里运行，确实要建在这里的加 -C . 。"
            )
        return Workspace(self.base, self.mark)

    @property
    def _root(self) -> Path:
        from pdsfz_xl.workspace import root_above

        return self.base if self.folder else root_above(self.base)

    @property
    def now(self) -> datetime:
        return self.clock or datetime.now().replace(microsecond=0)


def _keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    wish = ctx.ensure_object(Wish)
    if value and parameter.name:
        setattr(wish, parameter.name, value)


def common(function: Decorated) -> Decorated:
    """The options every command takes, before or after its name."""
    for option in (
        click.option(
            "--clock", type=click.DateTime(), hidden=True, expose_value=False, callback=_keep
        ),
        click.option("--mark", hidden=True, expose_value=False, callback=_keep),
        click.option(
            "--strict", is_flag=True, expose_value=False, callback=_keep,
            help="有未获同意的 A 类问题时以状态 1 结束。",
        ),
        click.option(
            "--json", "as_json", is_flag=True, expose_value=False, callback=_keep,
            help="只在标准输出给出一份 JSON。",
        ),
        click.option(
            "-C", "folder", metavar="DIR", expose_value=False, callback=_keep,
            type=click.Path(path_type=Path),
            help="工作文件夹，默认是当前文件夹。",
        ),
        click.help_option("--help", help="显示帮助。"),
    ):  # fmt: skip
        function = option(function)
    return function


# --- showing -------------------------------------------------------------------------------


def show(wish: Wish, done: "Done") -> None:
    if wish.as_json:
        _print_json(done.document())
    else:
        for line in (*done.said, *_told(done)):
            click.echo(line)
    if wish.strict and any(f.grade == Grade.ERROR and not f.waived for f in done.findings):
        raise SystemExit(1)


def _told(done: "Done") -> Iterator[str]:
    """The findings, worst class first, at most `done.shown` of each."""
    from pdsfz_xl import wording

    for grade, title in wording.GRADES.items():
        mine = [f for f in done.findings if f.grade == grade and not f.waived]
        if not mine or not done.shown:
            continue
        yield ""
        yield f"{grade} {title}（{len(mine)} 个）"
        for finding in mine[: done.shown]:
            place = " ".join(part for part in finding.where if part)
            yield f"  {finding.rule} {finding.message}"
            yield f"      {finding.fix}（{place}）" if place else f"      {finding.fix}"
        if len(mine) > done.shown:
            yield f"  ……另有 {len(mine) - done.shown} 个，{done.others}。"
    if done.next_step:
        yield ""
        yield f"下一步：{done.next_step}"


def _print_json(document: Any) -> None:
    import json  # not for `--help`

    text = json.dumps(document, ensure_ascii=False, indent=2)
    # A name with undecodable bytes must not stop the document, which is UTF-8 on any console.
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


@contextmanager
def progress(label: str) -> Iterator[Callable[[Iterable[Any], int], Iterator[Any]]]:
    """A bar on stderr while something is read, and only on a terminal."""

    def tell(items: Iterable[Any], total: int) -> Iterator[Any]:
        if not sys.stderr.isatty():
            yield from items
            return
        with click.progressbar(items, length=total, label=label, file=sys.stderr) as bar:
            yield from bar

    yield tell


def run(cli: click.Command) -> NoReturn:
    """Run; the one place where a failed run becomes a sentence and a status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        cli.main(standalone_mode=False)
    except OperatorError as error:
        _fail(str(error))
    except click.UsageError as error:
        _fail(f"命令写得不对：{_usage(error)}。请运行 pdsfz-xl --help 查看用法。")
    except click.exceptions.Exit as error:
        raise SystemExit(error.exit_code) from None
    except (click.Abort, KeyboardInterrupt):
        _fail("已中断；没有写完的文件都没有改动，可以重新运行。")
    raise SystemExit(0)


def _usage(error: click.UsageError) -> str:
    """What click found wrong, in Chinese; its own words only where there are none of ours."""
    if isinstance(error, click.NoSuchOption):
        return f"没有 {error.option_name} 这个选项"
    if isinstance(error, click.MissingParameter):
        name = error.param.make_metavar(error.ctx) if error.param and error.ctx else ""
        return f"缺少{name or '参数'}"
    if isinstance(error, click.BadParameter):
        return f"参数的值不合适（{error.message}）"
    return "多写了参数" if "unexpected extra" in error.message else error.message


def _fail(sentence: str) -> NoReturn:
    if "--json" in sys.argv:
        _print_json({"error": sentence})
    else:
        click.echo(sentence, err=True)
    raise SystemExit(2) from None
