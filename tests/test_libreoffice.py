"""The form in a real client: what a person types is what we read, locks and limits hold."""

import json
import shutil
import subprocess
from functools import cache

import pytest
from samples import arrival, batch, master, requirement

from pdsfz_xl import collect, form, text
from pdsfz_xl import wording as w

OFFICE = shutil.which("soffice")
SYSTEM_PYTHON = "/usr/bin/python3"


@cache
def _has_uno() -> bool:
    try:
        return not subprocess.run(
            [SYSTEM_PYTHON, "-c", "import uno"], capture_output=True, check=False
        ).returncode
    except OSError:
        return False


pytestmark = pytest.mark.skipif(
    OFFICE is None or not _has_uno(), reason="LibreOffice with python3-uno is not installed"
)

NASTY = [
    "=1+1", "00123", "TRUE", "1-2", "-3%", "98.50%", "+86", "@x", "'引号", "2025-9-1", "1,286",
    "😀 笑脸", "𠮷野家", "第一段\n第二段", "_x000D_ 原样", "a" * 900, "123456789012345678901",
    "<b>&amp;</b>", "全\u3000角\u00a0空\u200b格", "字" * 1000,
]  # fmt: skip


def typed(tmp_path, data: bytes, jobs: list[tuple[str, str]]):
    """What LibreOffice says after a person typed `jobs`, and the workbook it saved."""
    (tmp_path / "form.xlsx").write_bytes(data)
    (tmp_path / "jobs.json").write_text(json.dumps(jobs), "utf-8")
    script = str(__file__).replace("test_libreoffice.py", "office.py")
    done = subprocess.run(
        [SYSTEM_PYTHON, script, "form.xlsx", "jobs.json", "saved.xlsx"],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return json.loads(done.stdout), tmp_path / "saved.xlsx"


def wide_master(count: int):
    requirements = tuple(requirement(f"{i:02d}", "01") for i in range(1, count + 1))
    return master(requirements=requirements, indicators=())


def test_what_a_person_types_is_what_we_read(tmp_path):
    """Every nasty text; and the client's counter shows our count."""
    plan = wide_master(len(NASTY))
    first = form.HEADER + 2
    jobs = [(f"J{first + i}", said) for i, said in enumerate(NASTY)]
    report, saved = typed(tmp_path, form.build(plan, plan.unit["01"]), jobs)
    result = batch(plan, arrival(collect.read_return(str(saved)), "a.xlsx"))
    assert [a.text for a in result.answers] == NASTY
    counters = [report["shown"][f"L{first + i}"] for i in range(len(NASTY))]
    assert counters == [str(text.count(said)) for said in NASTY]
    assert report["shown"]["A4"] == w.progress(len(NASTY), len(NASTY), 0, 0)
    assert result.leftover == ()


def test_locks_and_the_limit_hold(tmp_path):
    """Every locked cell refuses; 1000 characters are taken, 1001 are not."""
    plan = wide_master(3)
    first = form.HEADER + 2
    locked = [f"{c}{r}" for r in range(1, first + 3) for c in "ABCDEFGHLM"]
    jobs = [(cell, "改动") for cell in locked]
    jobs += [(f"J{first}", "字" * 1000), (f"J{first + 1}", "字" * 1001), (f"I{first}", "随便")]
    jobs += [(f"I{first + 1}", "无此情况")]
    report, _ = typed(tmp_path, form.build(plan, plan.unit["01"]), jobs)
    tried = report["typed"][: len(locked)]
    assert [t["cell"] for t in tried if t["after"] != t["before"]] == []
    answers = {t["cell"]: t["after"] for t in report["typed"][len(locked) :]}
    assert answers == {
        f"J{first}": "字" * 1000,
        f"J{first + 1}": "",
        f"I{first}": "",
        f"I{first + 1}": "无此情况",
    }
    assert report["shown"][f"M{first}"] == form.hint(plan.requirements[0], 1000, "", None)
    assert report["shown"][f"M{first + 1}"] == w.REASON_HINT
