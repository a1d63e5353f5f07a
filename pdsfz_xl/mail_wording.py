"""What people read of mails: what is refused, what went out, what became of it."""

from datetime import date, datetime
from typing import Final

from pdsfz_xl import wording as w
from pdsfz_xl.states import LetterKind, MailState, Verdict

MAIL_FIELDS: Final = {
    "subject": "主题",
    "name": "单位名称",
    "sender": "发件人名称",
    "file": "附件名",
}
NO_ADDRESS: Final = "没有邮箱"


def control_in(field: str, code: str, said: str) -> str:
    return f"{field}“{said}”里有不能发送的控制字符 {code}，请在任务分解表里改正"


def bad_address(said: str) -> str:
    return f"邮箱地址“{said}”写得不对"


def megabytes(size: int) -> str:
    return f"{size / (1 << 20):.2f} MB"


def too_large(size: int, limit: int) -> str:
    return f"邮件编码后有 {megabytes(size)}，超过服务器的上限 {megabytes(limit)}，没有发出"


TIMED_OUT: Final = "等不到回答"
HUNG_UP: Final = "对方断开了连接"
CONNECTION_REFUSED: Final = "对方拒绝连接"
NO_REPLY: Final = "回答不是邮件服务器的话"
NO_LOGIN: Final = "服务器不提供登录"
CODE_NOT_ASCII: Final = "发信账号或授权码里有中文或全角字符，没有登录；请核对后重新运行"
UNSTABLE: Final = "与服务器的连接接连中断，请检查网络，过一会儿再运行"
TRY_LATER: Final = "请过一会儿再运行"
CHECK_HOST: Final = "请检查网络是否连通、任务设置里的“发信服务器”是否写对"
CHECK_CERTIFICATE: Final = (
    "服务器的证书不可信，授权码没有送出；请核对“发信服务器”，还不行就问网络管理员"
)
CHECK_SECURITY: Final = "端口和加密方式可能不配：SSL 一般用 465，STARTTLS 用 587；请核对任务设置"
CHECK_PORT: Final = "请检查网络是否连通、任务设置里的“发信服务器”和“端口”是否写对"


def broke_off(said: str) -> str:
    return f"连接中断（{said}）"


def no_connection(host: str, port: int, said: str, advice: str) -> str:
    return f"连不上发信服务器 {host}:{port}（{said}）；{advice}"


def no_login(host: str) -> str:
    return f"发信服务器 {host} 没有我们能用的登录方式（PLAIN、LOGIN）；请问邮箱的管理员"


def login_refused(user: str, said: str) -> str:
    return (
        f"邮箱 {user} 登录被拒绝（{said}）；请核对账号和授权码：要填网页邮箱里生成的授权码，"
        "不是登录密码，并且要先在那里开启 SMTP 服务"
    )


def sender_refused(said: str) -> str:
    return f"服务器不许这个账号发信（{said}）；请核对任务设置里的“发信账号”，它要与发件邮箱一致"


def looks_like_spam(said: str) -> str:
    return f"服务器把邮件当作垃圾邮件（{said}）；请改一改通知模板里的主题和正文，15 分钟后再运行"


def quota_used_up(said: str) -> str:
    return f"邮箱今天的发信额度用完了（{said}）；请明天再运行"


def too_fast(said: str) -> str:
    return f"服务器嫌发得太快、太多（{said}）；请 15 分钟后再运行"


OPEN_MAIL: Final = "上一封不知道送到没有，请先用 pdsfz-xl mail resolve 说明"
NO_FORM: Final = "没有可发的填报表（没有生成，或者被改动过），请运行 pdsfz-xl generate"
IS_OUT: Final = "填报表已经下发（登记过，或已有报来的），还要发邮件请加 --force"
USE_AMEND: Final = "下发后填报表有变化，请用 pdsfz-xl mail send 更正"
AMEND_FIRST: Final = "下发后填报表有变化，请先用 pdsfz-xl mail send 更正"
NEVER_ISSUED: Final = "还没有下发过，请用 pdsfz-xl mail send 下发"
SAME_FORM: Final = "已有现在的填报表"
NOTHING_WRONG: Final = "没有要退回修改的"
NOTHING_ARRIVED: Final = "没有新到的材料"
ALTERED_MAIL: Final = "冻结的邮件文件被改动过或不见了，没有发送；请重新运行"


def cannot_mail(said: str, sheet: str, cell: str) -> str:
    return f"{said}（{sheet} {cell}）"


def refused_before(reply: str) -> str:
    return f"上次被拒收（{reply}）；请改正邮箱或通知模板，确实要照原样重发用 pdsfz-xl mail resolve"


def has_bounced(said: str, unit: str, kind: str) -> str:
    return (
        f"发出后被退信（{said}）；请先运行 pdsfz-xl mail resolve {unit} --resend，再改正邮箱重发，"
        f"或用 pdsfz-xl handout {kind} --units {unit} 转交"
    )


def came_back(said: str) -> str:
    return f"退信：{said}"


def sent_on(day_: str) -> str:
    return f"{day_}已下发"


def returned_on(day_: str) -> str:
    return f"{day_}已退回，问题没有变化"


def reminded_at(when: datetime) -> str:
    return f"一天内催过（{when:%m-%d %H:%M}），还要催请加 --force"


def reminded_by(day_: date, who: str, via: str) -> str:
    by, how = (f"由{who}" if who else ""), (f"（{via}）" if via else "")
    return f"{w.month_day(day_)}已{by}催过{how}，还要催请加 --force"


def please_check(problems: str) -> str:
    return f"请核对以下问题：\n{problems}"


def received_line(name: str, when: datetime, verdict: Verdict, taken: int, message: str) -> str:
    what = f"采用 {taken} 项" if taken else w.VERDICTS[verdict]
    why = f"：{message}" if verdict == Verdict.REJECTED and message else ""
    return f"{name}（{when.month}月{when.day}日 {when:%H:%M} 收到，{what}{why}）"


MAIL_STATES: Final = {
    MailState.PLANNED: "待发",
    MailState.SENDING: "正在发",
    MailState.SENT: "已发",
    MailState.FAILED_TEMP: "没发成，可再发",
    MailState.FAILED_PERM: "被拒收",
    MailState.UNKNOWN: "不知道送到没有",
}


def decided(sent: bool) -> str:
    return "经办人说明：已送达" if sent else "经办人说明：重发"


def mail_file(unit: str, name: str, number: int) -> str:
    """The name of a mail's frozen bytes, before it is made safe."""
    return f"{unit}_{name}_{number}"


DRAFTS: Final = "草稿"
DRAFTS_BY_HAND: Final = "从草稿自己发出去的，程序不知道；同一封请不要再用程序发。"


def enough_for_today(sent: int) -> str:
    return f"今天已发 {sent} 封，再多会被当作群发；其余的请明天再运行"


# --- mails that are read
MAIL_DAMAGED: Final = "邮件内容损坏"
MAIL_TOO_DEEP: Final = "邮件套邮件的层次过深"
MAIL_TOO_MANY: Final = "邮件里的部件过多"
MAIL_TOO_LARGE: Final = "邮件里的附件加起来比邮件本身还大"
MAIL_CUT: Final = "邮件不完整，末尾的附件可能缺失"
UNNAMED: Final = "未命名附件"


def on_the_web(link: str) -> str:
    return f"有附件没有随信寄来，放在网盘上，请人工下载后放入收件夹：{link}"


def not_in_mail(name: str) -> str:
    return f"附件“{name}”没有随信寄来（只是链接，或是嵌入的对象），请人工取出"


# --- what is fetched from the mailbox
MAIL_FACTS: Final = "来信.txt"
"""Beside the files of a mail: who sent it, when, and what it says."""
SENDER: Final = "发件人"
SUBJECT: Final = "主题"
SENT_AT: Final = "发出时间"
NO_SENDER: Final = "发件人不明"
RAW_MAIL: Final = "原信.eml"
LETTER_KINDS: Final = {
    LetterKind.TAKEN: "已收",
    LetterKind.MANUAL: "人工下载",
    LetterKind.LETTER: "只有文字",
    LetterKind.BOUNCE: "退信",
    LetterKind.UNREAD: "没有读出来",
    LetterKind.OTHER: "没有取",
}
"""What became of a mail, of those a person is told of one by one."""
JUNK_NOTE: Final = "在垃圾邮件里"
NOT_A_FILE: Final = "签名、日历或名片"
PROGRAM: Final = "是程序，可能有害"
PURGED: Final = "是已经清除过的文件"
BLANK_FORM: Final = "与下发的空表完全相同"
MAIL_NESTED: Final = "邮件套邮件超过 3 层，里面的请到邮箱里查看"
ANOTHER_MAIL: Final = "同一封邮件取过了"
SECRET_TEXT: Final = "主题或正文有涉密标志，正文没有写在这里，请按保密规定处理"


def minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def mail_box(folder: str) -> str:
    return "收件箱" if folder in ("INBOX", "POP3") else folder


def bounce_line(unit: str, why: str) -> str:
    return f"{LETTER_KINDS[LetterKind.BOUNCE]}：{unit or '认不出是哪个单位'} {why}"


STRANGERS: Final = (
    "没有取的，发件人不在“责任单位”表里，信里也没有本任务的填报表；"
    "要取的，把邮箱补进“责任单位”，或用 --from 邮箱，再运行一次。"
)


def more_letters(number: int) -> str:
    return f"……另有 {number} 封带附件的没有取，运行 pdsfz-xl fetch --list 可看全部。"


def from_whom(unit: str, sender: str) -> str:
    return " ".join(part for part in (unit, sender or NO_SENDER) if part)


def about(subject: str) -> str:
    return f"《{subject}》" if subject else "（无主题）"


def not_taken(name: str, why: str) -> str:
    return f"附件“{name}”没有取（{why}）"


def with_files(names: str) -> str:
    return f"附件：{names}"


def bounced(address: str, reason: str, final: bool) -> str:
    said = address or "收件地址不明"
    return f"{said}：{reason or '原因不明'}" if final else f"{said} 暂未送达，对方服务器还在重试"


def still_bounced(unit: str, address: str, reason: str) -> str:
    return (
        f"{unit}的邮箱 {address} 收不到信：{reason or '原因不明'}；"
        "请核对后改正任务分解表里“责任单位”的邮箱，再发一次。"
    )


def mail_too_large(size: int) -> str:
    return f"邮件有 {size / (1 << 20):.0f} MB，太大，请到邮箱里人工下载"


def mail_facts(facts: dict[str, str], files: list[str], notes: tuple[str, ...], text: str) -> str:
    """来信.txt."""
    lines = [*(f"{name}：{said}" for name, said in facts.items() if said), ""]
    lines += ["附件：", *(f"  {name}" for name in files or ["（没有）"]), ""]
    lines += ["提示：", *(f"  {note}" for note in notes), ""] if notes else []
    return "\n".join([*lines, "正文：", "", text or "（没有文字）", ""])
