"""The command line: parse, call the story of the command, show."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from pdsfz_xl import console
from pdsfz_xl.console import Group, Wish, common, progress, show
from pdsfz_xl.errors import OperatorError

if TYPE_CHECKING:
    from datetime import date

    from pdsfz_xl import secret
    from pdsfz_xl.mail_case import Asked


@click.group(cls=Group, invoke_without_command=True)
@common
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
@common
@click.argument("notice", metavar="通知文件", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="已有任务分解表时，旧表加时间另存，再生成新表。")
@click.pass_obj
def init(wish: Wish, notice: Path, force: bool) -> None:
    """读通知（.txt、.docx、.xlsx），生成任务分解表。"""
    from pdsfz_xl import campaign

    show(wish, campaign.init(wish.new_workspace, notice, wish.now, force=force))


@cli.command()
@common
@click.option("--fix", is_flag=True, help="给插入的行补写编码。")
@click.pass_obj
def lint(wish: Wish, fix: bool) -> None:
    """检查任务分解表，一次列出全部问题。"""
    from pdsfz_xl import campaign

    show(wish, campaign.lint(wish.workspace, wish.now, fix=fix))


@cli.command()
@common
@click.option(
    "--refill",
    metavar="[文件夹]",
    is_flag=False,
    flag_value=".",
    type=click.Path(path_type=Path),
    help="带上以前填报的内容：不写文件夹是本次已收到的，写上一年的文件夹是那一年的。",
)
@click.pass_obj
def generate(wish: Wish, refill: Path | None) -> None:
    """给每个单位生成一份填报表，放在 out/1-下发。"""
    from pdsfz_xl import campaign
    from pdsfz_xl.workspace import Workspace

    here = refill == Path()
    before = wish.workspace if here else Workspace(refill) if refill else None
    with progress("读取") as tell:
        show(wish, campaign.generate(wish.workspace, wish.now, before=before, tell=tell))


def _some(_: click.Context, __: click.Parameter, units: str | None) -> str:
    """A list of units that was asked for and is empty must not mean all of them."""
    from pdsfz_xl.units import is_empty

    if units is not None and is_empty(units):
        raise OperatorError("--units 后面没有写单位；请写单位名称、别名、代码或分组名。")
    return units or ""


_units = click.option(
    "--units",
    metavar="单位",
    callback=_some,
    help="只对这些单位：名称、别名、代码或分组名，几个之间用顿号。",
)
_passwords = click.option(
    "--password",
    "passwords",
    metavar="密码",
    multiple=True,
    help="打开有密码的文件和压缩包时试的密码，可以写几个。",
)


@cli.command()
@common
@click.argument("kind", metavar="[种类]", required=False)
@_units
@click.option("--by", "who", metavar="姓名", default="", help="经手人；写了就登记。")
@click.option("--on", metavar="日期", default="", help="哪天转交、催报的，默认今天。")
@click.option("--via", metavar="方式", default="", help="怎么转交、催报的，如 微信、电话、当面。")
@click.option("--note", metavar="结果", default="", help="对方怎么说，如 周五前报。")
@click.option("--record", is_flag=True, help="不做材料，只登记已经转交或催过的。")
@click.pass_obj
def handout(
    wish: Wish, kind: str | None, units: str, who: str, on: str, via: str, note: str, record: bool
) -> None:
    """不用邮件的下发和催报：种类是 下发、更正、退回修改、催报；不写种类看登记。"""
    from pdsfz_xl import handing
    from pdsfz_xl.text import parse_date

    day = parse_date(on) if on else None
    if on and day is None:
        raise OperatorError(f"“{on}”不是日期；--on 请写 2019-10-24 这样的日期。")
    if kind is None:
        if record or any((units, who, on, via, note)):
            raise OperatorError("请写明种类，如 handout 下发、handout 催报 --record。")
        show(wish, handing.register(wish.workspace, wish.now))
    elif (which := handing.KINDS.get(kind)) is None:
        raise OperatorError(f"没有“{kind}”这一种；handout 能做 {'、'.join(handing.KINDS)}。")
    else:
        said = handing.Note(who.strip(), day, via.strip(), note.strip())
        show(wish, handing.hand(wish.workspace, wish.now, which, units, said, record=record))


@cli.command()
@common
@_passwords
@click.option(
    "--review",
    "copy",
    metavar="文件",
    default="",
    help="并入另一份汇总表里经办人新写的，只并一次；写 none 是放弃丢了的汇总表。",
)
@click.pass_obj
def collect(wish: Wish, passwords: tuple[str, ...], copy: str) -> None:
    """读 out/2-收件 里的文件，汇总、审核，写出汇总表。"""
    from pdsfz_xl import campaign

    with progress("读取") as tell:
        done = campaign.collect(wish.workspace, wish.now, tell, passwords, copy)
    show(wish, done)


@cli.command()
@common
@click.option("--since", metavar="日期", default="", help="从这一天起的邮件重新看一遍。")
@click.option("--pop3", is_flag=True, help="邮箱没有 IMAP 时用 POP3 收。")
@click.option(
    "--folder",
    "folders",
    metavar="文件夹",
    multiple=True,
    help="除收件箱和垃圾邮件外还要看的邮箱文件夹，可以写几个。",
)
@click.option(
    "--from", "senders", metavar="邮箱", multiple=True,
    help="不在“责任单位”里、但也要取的发件人，可以写几个。",
)  # fmt: skip
@click.option("--list", "listing", is_flag=True, help="不联网，只列出取过和没有取的信。")
@click.pass_obj
def fetch(
    wish: Wish,
    since: str,
    pop3: bool,
    folders: tuple[str, ...],
    senders: tuple[str, ...],
    listing: bool,
) -> None:
    """从办公室邮箱取各单位的来信，放进 out/2-收件/邮件；邮箱里什么都不改。"""
    from pdsfz_xl import fetching, mailbox, secret

    if listing:
        show(wish, fetching.overview(wish.workspace))
        return
    day, ask = _day(since, "--since"), _ask_code(wish)
    with progress("收信") as tell:
        done = fetching.run(
            wish.workspace,
            wish.now,
            lambda user: secret.password(user, ask),
            protocol=mailbox.POP3 if pop3 else None,
            since=day,
            folders=folders,
            senders=senders,
            tell=tell,
        )
    show(wish, done)


@cli.command()
@common
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
def watch(wish: Wish, passwords: tuple[str, ...], every: float) -> None:
    """看守 out/2-收件：有新文件放稳了就汇总，每份一行；按 Ctrl-C 结束。"""
    from pdsfz_xl import intake
    from pdsfz_xl import watch as watching

    if wish.as_json:
        raise OperatorError("watch 一直运行，没有一份 JSON 可给；请用 collect --json。")
    rounds = watching.watch(wish.workspace, lambda: wish.now, intake.quiet, passwords, every=every)
    click.echo(f"正在看守 out/2-收件，每 {every:g} 秒看一次；按 Ctrl-C 结束。")
    try:
        for done in rounds:
            for line in done.arrived or done.said[:1]:
                click.echo(f"{wish.now:%H:%M:%S} {line}")
    except KeyboardInterrupt:
        click.echo("已停止看守；收件夹里的文件都还在。")


@cli.group(invoke_without_command=True)
@common
@click.pass_context
def mail(ctx: click.Context) -> None:
    """发邮件：下发、催报、退回修改、回执、更正；每封只发一次。

    不带命令时列出每封邮件的情况。
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(mail_show)


_kind = click.argument("kind", metavar="种类")
_force = click.option(
    "--force", is_flag=True, help="一天内催过的也催；登记过已下发的也发下发邮件。"
)
_until = click.option(
    "--until", metavar="日期", default="", help="退回修改时，报回的截止日期，如 2019-11-01。"
)
_style = click.option(
    "--name-style",
    "style",
    type=click.Choice(["dual2047", "hybrid"]),
    default="dual2047",
    show_default=True,
    help="附件中文名的写法；对方看不到附件名时换 hybrid。",
)


@mail.command(name="plan")
@common
@_kind
@_units
@_force
@_until
@click.pass_obj
def mail_plan(wish: Wish, kind: str, units: str, force: bool, until: str) -> None:
    """看看会发给谁、带什么附件，哪些单位不发、为什么。什么也不写，什么也不发。

    种类：下发、催报、退回修改、回执、更正（或 issue、remind、return、receipt、amend）。
    """
    from pdsfz_xl import mailing

    with progress("读取") as tell:
        done = mailing.plan(wish.workspace, _asked(kind, units, force, until), wish.now, tell)
    show(wish, done)


@mail.command(name="send")
@common
@_kind
@_units
@_force
@_until
@_style
@click.option("--drafts", "--dry-run", is_flag=True, help="只写草稿（.eml）到 out/邮件，不连接。")
@click.option("--yes", is_flag=True, help="不再询问。")
@click.option(
    "--pace", metavar="秒", type=click.FloatRange(min=0), default=None, help="两封之间隔多久。"
)
@click.pass_obj
def mail_send(
    wish: Wish,
    kind: str,
    units: str,
    force: bool,
    until: str,
    style: str,
    drafts: bool,
    yes: bool,
    pace: float | None,
) -> None:
    """发邮件，每个单位每种只发一次；先给出名单，问一声再发。

    种类：下发、催报、退回修改、回执、更正（或 issue、remind、return、receipt、amend）。
    """
    from pdsfz_xl import mailing, outbox

    ws, asked = wish.workspace, _asked(kind, units, force, until, style)
    if drafts:
        with progress("写草稿") as tell:
            done = mailing.drafts(ws, asked, wish.now, tell)
        return show(wish, done)
    confirmed = None
    if not yes and not wish.as_json:
        shown = mailing.plan(ws, asked, wish.now)
        show(wish, shown)
        confirmed = {mail["key"] for mail in shown.more["mails"]}
        if confirmed and not click.confirm(f"现在发出这 {len(confirmed)} 封吗？"):
            raise OperatorError("没有发出任何邮件。")
    speed = None if pace is None else outbox.Pace(pace, 0)
    with progress("发信") as tell:
        done = mailing.send(
            ws, asked, wish.now, _ask_code(wish), confirmed=confirmed, pace=speed, tell=tell
        )
    return show(wish, done)


@mail.command(name="show")
@common
@click.pass_obj
def mail_show(wish: Wish) -> None:
    """列出每封邮件：已发、没发成、退信、不知道送到没有。"""
    from pdsfz_xl import mailing

    show(wish, mailing.show(wish.workspace, wish.now))


@mail.command(name="resolve")
@common
@click.argument("units", metavar="单位...", nargs=-1)
@click.option("--sent", "outcome", flag_value="sent", help="核实过：对方收到了，不再发。")
@click.option("--resend", "outcome", flag_value="resend", help="核实过：对方没有收到，再发一次。")
@click.option("--kind", metavar="种类", default="", help="只说明这一种邮件。")
@click.pass_obj
def mail_resolve(wish: Wish, units: tuple[str, ...], outcome: str | None, kind: str) -> None:
    """说明“不知道送到没有”的邮件：已送达，还是重发。"""
    from pdsfz_xl import mailing

    if outcome is None:
        raise OperatorError("请加 --sent（对方收到了）或 --resend（没有收到，再发一次）。")
    only = mailing.kind(kind) if kind else None
    named = "、".join(units)
    done = mailing.resolve(wish.workspace, named, wish.now, sent=outcome == "sent", kind=only)
    show(wish, done)


@mail.command(name="check")
@common
@click.option("--remember", is_flag=True, help="登录成功后，把授权码存进系统的密码库。")
@click.pass_obj
def mail_check(wish: Wish, remember: bool) -> None:
    """连上发信服务器登录一次，看设置和授权码对不对；不发邮件。"""
    from pdsfz_xl import mailing

    show(wish, mailing.check(wish.workspace, _ask_code(wish), remember=remember))


def _asked(kind: str, units: str, force: bool, until: str, style: str = "dual2047") -> "Asked":
    from pdsfz_xl import mailing
    from pdsfz_xl.mail_case import Asked

    return Asked(mailing.kind(kind), units, force, _day(until), style)


def _ask_code(wish: Wish) -> "secret.Ask | None":
    """How to ask for the authorization code, where somebody sits there."""
    if wish.as_json or not sys.stdin.isatty():
        return None
    return lambda user: click.prompt(f"邮箱 {user} 的授权码（输入时不显示）", hide_input=True)


@cli.command()
@common
@click.argument("target", metavar="[压缩包]", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def pack(wish: Wish, target: Path | None) -> None:
    """把整个任务打成一个压缩包，拿到另一台电脑上接着做。"""
    from pdsfz_xl import campaign

    place = target.absolute() if target else None
    show(wish, campaign.pack(wish.workspace, wish.now, place))


@cli.command()
@common
@click.argument("file", metavar="文件", type=click.Path(path_type=Path))
@click.option("--reason", metavar="理由", default="", help="为什么清除，如“涉密，按规定处理”。")
@click.option("--by", "who", metavar="姓名", default="", help="经手人。")
@click.option("--yes", is_flag=True, help="不再询问。")
@click.pass_obj
def purge(wish: Wish, file: Path, reason: str, who: str, yes: bool) -> None:
    """清除一份文件的所有副本（收件、存档、材料），只留哈希值、理由、经手人和时间。"""
    from pdsfz_xl import campaign

    asked = "清除后不能恢复，收件夹里的原件也会删去。确定吗？"
    if not yes and not wish.as_json and not click.confirm(asked):
        raise OperatorError("没有清除任何文件。")
    show(wish, campaign.purge(wish.workspace, file, reason, who, wish.now))


@cli.command(name="return")
@common
@_units
@click.option("--until", metavar="日期", default="", help="修改后报回的截止日期，如 2019-11-01。")
@click.pass_obj
def return_command(wish: Wish, units: str, until: str) -> None:
    """给有问题的单位做标出问题的表和说明，放在 out/4-退回修改。"""
    from pdsfz_xl import campaign

    with progress("读取") as tell:
        done = campaign.give_back(wish.workspace, wish.now, _day(until), tell, units)
    show(wish, done)


def _day(said: str, option: str = "--until") -> "date | None":
    from pdsfz_xl.text import parse_date

    day = parse_date(said) if said else None
    if said and day is None:
        raise OperatorError(f"“{said}”不是日期；{option} 请写 2019-11-01 这样的日期。")
    return day


@cli.command()
@common
@_units
@click.pass_obj
def export(wish: Wish, units: str) -> None:
    """整理要录入省平台的文字和材料，放在 out/7-上报。

    清单另有 .csv 和 .json；也要 .parquet 的，请先运行 pip install "pdsfz-xl[export]"。
    """
    from pdsfz_xl import campaign

    with progress("读取") as tell:
        done = campaign.export(wish.workspace, wish.now, tell, units)
    show(wish, done)


@cli.command(name="print")
@common
@click.argument("kind", metavar="[种类]", required=False)
@_units
@click.option("--only", type=click.Choice(["missing"]), help="只打印未报的事项。")
@click.option("--raw", is_flag=True, help="打印单位报来的原文，不用定稿文本和修改稿。")
@click.option(
    "--paper",
    "sheet",
    type=click.Choice(["A3", "A4"]),
    default="A3",
    show_default=True,
    help="纸张，横向。",
)
@click.option(
    "--layout",
    type=click.Choice(["band", "columns"]),
    default="band",
    show_default=True,
    help="一级、二级指标：band 横贯一行、每页重复，columns 像通知那样各占一列。",
)
@click.option(
    "--copies",
    metavar="份数",
    type=click.IntRange(1, 99_999),
    help="封面上写共印多少份；不写则留空手填。",
)
@click.option("--submit", is_flag=True, help="呈送稿：编为第几稿、写上日期、存入 out/存档。")
@click.option("--anyway", is_flag=True, help="还有待定、待综合或必须改的，也照现在的样子呈送。")
@click.option(
    "--since",
    metavar="第几稿",
    type=click.IntRange(min=1),
    help="附变动清单：与呈送过的第几稿相比，新旧对照，改动的字标出。",
)
@click.pass_obj
def print_command(  # one parameter for each option
    wish: Wish,
    kind: str | None,
    units: str,
    only: str | None,
    raw: bool,
    sheet: str,
    layout: str,
    copies: int | None,
    submit: bool,
    anyway: bool,
    since: int | None,
) -> None:
    """把汇总内容排成横版 PDF，放在 out/5-打印。

    不加 --submit 是工作稿，随时可以重做。写上种类就打印另一种：
    通报（bulletin）、催报单（calls）、单位材料（units）、佐证材料目录（evidence）。
    """
    from pdsfz_xl import companions, printing

    order = printing.Order(
        units=units,
        missing=only == "missing",
        raw=raw,
        sheet=sheet,
        layout=layout,
        copies=copies or 0,
        submit=submit,
        anyway=anyway,
        since=since or 0,
    )
    if submit and not (kind or anyway or wish.as_json) and sys.stdin.isatty():
        order = replace(order, anyway=_submit_as_it_is(wish))
    with progress("读取") as tell:
        if kind:
            done = companions.print_out(wish.workspace, wish.now, kind, order, tell)
        else:
            done = printing.print_out(wish.workspace, wish.now, order, tell)
    show(wish, done)


def _submit_as_it_is(wish: Wish) -> bool:
    """Whether something is open that goes up all the same; raises OperatorError if it must not."""
    from pdsfz_xl import printing

    open_ = printing.unsettled(wish.workspace, wish.now)
    for line in open_:
        click.echo(line)
    if open_ and not click.confirm("还有上面这些没处理完，照现在的样子呈送吗？"):
        raise OperatorError("没有编号，没有打印。")
    return bool(open_)


@cli.command()
@common
@click.pass_obj
def status(wish: Wish) -> None:
    """显示当前进度和下一步。"""
    from pdsfz_xl import campaign

    show(wish, campaign.status(wish.workspace, wish.now))


@cli.command()
@common
@click.pass_obj
def rules(wish: Wish) -> None:
    """列出全部审核规则。"""
    from pdsfz_xl import campaign

    show(wish, campaign.rule_table())


@cli.command()
@common
@click.argument("place", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def demo(wish: Wish, place: Path | None) -> None:
    """用真实通知和演示样例把整个流程走一遍。"""
    from pdsfz_xl import demo as play

    show(wish, play.run(wish.base / (place or "pdsfz-demo")))


def main() -> NoReturn:
    """What `pdsfz-xl` runs."""
    console.run(cli)
