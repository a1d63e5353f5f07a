"""The command line: parse, call `campaign`, show. The only module that prints or exits."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from pdsfz_xl.errors import OperatorError

if TYPE_CHECKING:
    from pdsfz_xl.campaign import Done
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


class _Group(click.Group):
    context_class = _Context
    command_class = _Command

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
class _Wish:
    """What the options say, before or after the command's name."""

    folder: Path | None = None
    as_json: bool = False
    strict: bool = False
    clock: datetime | None = None

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

    @property
    def workspace(self) -> "Workspace":
        from pdsfz_xl.workspace import Workspace

        return Workspace(self.base)

    @property
    def now(self) -> datetime:
        return self.clock or datetime.now().replace(microsecond=0)


def _keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    wish = ctx.ensure_object(_Wish)
    if value and parameter.name:
        setattr(wish, parameter.name, value)


def _common(function: Decorated) -> Decorated:
    """The options every command takes, before or after its name."""
    for option in (
        click.option(
            "--clock", type=click.DateTime(), hidden=True, expose_value=False, callback=_keep
        ),
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


@click.group(cls=_Group, invoke_without_command=True)
@_common
@click.version_option(
    None, "--version", package_name="pdsfz-xl", message="%(version)s", help="显示版本。"
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """任务分解表 → 各单位填报表 → 汇总、审核、打印。

    不带命令时显示当前进度和下一步。
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(status)


@cli.command()
@_common
@click.argument("notice", metavar="通知文件", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="已有任务分解表时，旧表加时间另存，再生成新表。")
@click.pass_obj
def init(wish: _Wish, notice: Path, force: bool) -> None:
    """读通知（.txt、.docx、.xlsx），生成任务分解表。"""
    from pdsfz_xl import campaign

    _show(wish, campaign.init(wish.workspace, notice, wish.now, force=force))


@cli.command()
@_common
@click.option("--fix", is_flag=True, help="给插入的行补写编码。")
@click.pass_obj
def lint(wish: _Wish, fix: bool) -> None:
    """检查任务分解表，一次列出全部问题。"""
    from pdsfz_xl import campaign

    _show(wish, campaign.lint(wish.workspace, wish.now, fix=fix))


@cli.command()
@_common
@click.option(
    "--refill",
    metavar="[文件夹]",
    is_flag=False,
    flag_value=".",
    type=click.Path(path_type=Path),
    help="带上以前填报的内容：不写文件夹是本次已收到的，写上一年的文件夹是那一年的。",
)
@click.pass_obj
def generate(wish: _Wish, refill: Path | None) -> None:
    """给每个单位生成一份填报表，放在 out/1-下发。"""
    from pdsfz_xl import campaign
    from pdsfz_xl.workspace import Workspace

    here = refill == Path()
    before = wish.workspace if here else Workspace(refill) if refill else None
    with _progress("读取") as tell:
        _show(wish, campaign.generate(wish.workspace, wish.now, before=before, tell=tell))


_passwords = click.option(
    "--password",
    "passwords",
    metavar="密码",
    multiple=True,
    help="打开有密码的文件和压缩包时试的密码，可以写几个。",
)


@cli.command()
@_common
@_passwords
@click.pass_obj
def collect(wish: _Wish, passwords: tuple[str, ...]) -> None:
    """读 out/2-收件 里的文件，汇总、审核，写出汇总表。"""
    from pdsfz_xl import campaign

    with _progress("读取") as tell:
        done = campaign.collect(wish.workspace, wish.now, tell, passwords)
    _show(wish, done)


@cli.command()
@_common
@_passwords
@click.option(
    "--every",
    metavar="秒",
    type=click.FloatRange(min=0.5),
    default=10,
    show_default=True,
    help="隔多久看一次。",
)
@click.pass_obj
def watch(wish: _Wish, passwords: tuple[str, ...], every: float) -> None:
    """看守 out/2-收件：有新文件放稳了就汇总，每份一行；按 Ctrl-C 结束。"""
    from pdsfz_xl import watch as watching

    if wish.as_json:
        raise OperatorError("watch 一直运行，没有一份 JSON 可给；请用 collect --json。")
    rounds = watching.watch(wish.workspace, lambda: wish.now, _silent, passwords, every=every)
    click.echo(f"正在看守 out/2-收件，每 {every:g} 秒看一次；按 Ctrl-C 结束。")
    try:
        for done in rounds:
            for line in done.arrived or done.said[:1]:
                click.echo(f"{wish.now:%H:%M:%S} {line}")
    except KeyboardInterrupt:
        click.echo("已停止看守；收件夹里的文件都还在。")


def _silent(items: Iterable[Any], _total: int) -> Iterator[Any]:
    yield from items


@cli.command()
@_common
@click.argument("target", metavar="[压缩包]", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def pack(wish: _Wish, target: Path | None) -> None:
    """把整个任务打成一个压缩包，拿到另一台电脑上接着做。"""
    from pdsfz_xl import campaign

    place = target.absolute() if target else None
    _show(wish, campaign.pack(wish.workspace, wish.now, place))


@cli.command()
@_common
@click.argument("file", metavar="文件", type=click.Path(path_type=Path))
@click.option("--reason", metavar="理由", default="", help="为什么清除，如“涉密，按规定处理”。")
@click.option("--by", "who", metavar="姓名", default="", help="经手人。")
@click.option("--yes", is_flag=True, help="不再询问。")
@click.pass_obj
def purge(wish: _Wish, file: Path, reason: str, who: str, yes: bool) -> None:
    """清除一份文件的所有副本（收件、存档、材料），只留哈希值、理由、经手人和时间。"""
    from pdsfz_xl import campaign

    asked = "清除后不能恢复，收件夹里的原件也会删去。确定吗？"
    if not yes and not wish.as_json and not click.confirm(asked):
        raise OperatorError("没有清除任何文件。")
    _show(wish, campaign.purge(wish.workspace, file, reason, who, wish.now))


@cli.command(name="return")
@_common
@click.option("--until", metavar="日期", default="", help="修改后报回的截止日期，如 2019-11-01。")
@click.pass_obj
def return_command(wish: _Wish, until: str) -> None:
    """给有问题的单位做标出问题的表和说明，放在 out/4-退回修改。"""
    from pdsfz_xl import campaign
    from pdsfz_xl.text import parse_date

    day = parse_date(until) if until else None
    if until and day is None:
        raise OperatorError(f"“{until}”不是日期；--until 请写 2019-11-01 这样的日期。")
    with _progress("读取") as tell:
        done = campaign.give_back(wish.workspace, wish.now, day, tell)
    _show(wish, done)


@cli.command()
@_common
@click.pass_obj
def export(wish: _Wish) -> None:
    """整理要录入省平台的文字和材料，放在 out/7-上报。"""
    from pdsfz_xl import campaign

    with _progress("读取") as tell:
        done = campaign.export(wish.workspace, wish.now, tell)
    _show(wish, done)


@cli.command(name="print")
@_common
@click.pass_obj
def print_command(wish: _Wish) -> None:
    """把汇总内容排成 A3 横版 PDF，放在 out/5-打印。"""
    from pdsfz_xl import campaign

    with _progress("读取") as tell:
        done = campaign.printout(wish.workspace, wish.now, tell)
    _show(wish, done)


@cli.command()
@_common
@click.pass_obj
def status(wish: _Wish) -> None:
    """显示当前进度和下一步。"""
    from pdsfz_xl import campaign

    _show(wish, campaign.status(wish.workspace, wish.now))


@cli.command()
@_common
@click.pass_obj
def rules(wish: _Wish) -> None:
    """列出全部审核规则。"""
    from pdsfz_xl import campaign

    _show(wish, campaign.rule_table())


@cli.command()
@_common
@click.argument("place", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def demo(wish: _Wish, place: Path | None) -> None:
    """用真实通知和演示样例把整个流程走一遍。"""
    from pdsfz_xl import demo as play

    _show(wish, play.run(wish.base / (place or "pdsfz-demo")))


# --- showing -------------------------------------------------------------------------------


def _show(wish: _Wish, done: "Done") -> None:
    if wish.as_json:
        _print_json(done.document())
    else:
        for line in (*done.said, *_told(done)):
            click.echo(line)
    if wish.strict and any(f.grade == "A" and not f.waived for f in done.findings):
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
    text = json.dumps(document, ensure_ascii=False, indent=2)
    # A name with undecodable bytes must not stop the document, which is UTF-8 on any console.
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


@contextmanager
def _progress(label: str) -> Iterator[Callable[[Iterable[Any], int], Iterator[Any]]]:
    """A bar on stderr while something is read, and only on a terminal."""

    def tell(items: Iterable[Any], total: int) -> Iterator[Any]:
        if not sys.stderr.isatty():
            yield from items
            return
        with click.progressbar(items, length=total, label=label, file=sys.stderr) as bar:
            yield from bar

    yield tell


def main() -> NoReturn:
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
