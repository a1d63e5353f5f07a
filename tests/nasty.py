"""A form with one answer in each row that programs and formats like to change."""

from pathlib import Path

from samples import arrival, batch, master, requirement

from pdsfz_xl import collect, form
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Manifest, Master

TEXTS = (
    "=1+1", "00123", "TRUE", "1-2", "-3%", "98.50%", "+86", "@x", "'引号", "2025-9-1", "1,286",
    "😀 笑脸", "𠮷野家", "第一段\n第二段", "_x000D_ 原样", "a" * 900, "123456789012345678901",
    "<b>&amp;</b>", "全\u3000角\u00a0空\u200b格", "字" * 1000, " 前后 空格  ",
    "a  b   c", '引"号', "逗号,;分号", "#N/A", "\n\n上下\n\n", "无",
)  # fmt: skip


def plan(texts: tuple[str, ...]) -> Master:
    """Unit 01 owes one answer for each text."""
    keys = (f"{i:02d}" for i in range(1, len(texts) + 1))
    return master(requirements=tuple(requirement(key, "01") for key in keys), indicators=())


def filled(texts: tuple[str, ...]) -> bytes:
    """The form of that unit with the texts in it."""
    asked = plan(texts)
    said = {r.key: Filled(text=text) for r, text in zip(asked.requirements, texts, strict=True)}
    return form.build(asked, asked.unit["01"], said)


def answers(came: Path | Manifest, texts: tuple[str, ...]) -> list[str]:
    """What a form with these texts that came back in any format says."""
    manifest = came if isinstance(came, Manifest) else collect.read_return(str(came))
    return [answer.text for answer in batch(plan(texts), arrival(manifest, "a")).answers]
