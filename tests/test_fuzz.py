"""Damage done to a genuine return: no answer of it ever changes without being seen.

Every mutant is refused, or gives the same answers, or the change can be seen: there is a finding
or a leftover that the whole file does not give. `pytest tests/test_fuzz.py --mutants 10000`.
"""

import io
import random
import re
import zipfile
from collections import defaultdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import docx
import pytest
from client import convert, needs_office
from counts import examples
from samples import arrival, batch, master, requirement

from pdsfz_xl import collect, engine, form, reader, rules
from pdsfz_xl.form import Filled

SILENT_XLS = 0.05
"""The share of mutants of an .xls that may read otherwise without a word: nothing in that format
is a checksum, so a flipped bit in a text is another text. One in eighty does."""

TEXTS = (
    "2019 年 1 至 7 月办理行政复议 12 件。", "第一段：制度健全\n第二段：😀 𠮷野家", "=1+1", "00123",
    "全\u3000角 空 格", "a" * 300, "字" * 900, "<b>&amp;</b>", "无", "98.50%",
    "已办理 3 件，另见附件",
)  # fmt: skip
PLAN = master(
    requirements=tuple(
        requirement(f"{n:02d}", "01", kind="数据" if n % 3 == 0 else "情况说明", measure="件")
        for n in range(1, len(TEXTS) + 1)
    ),
    indicators=(),
)


@pytest.mark.usefixtures("children")
@pytest.mark.parametrize(
    "suffix",
    [
        "xlsx",
        "docx",
        pytest.param("xls", marks=needs_office),
        pytest.param("ods", marks=needs_office),
    ],
)
def test_no_mutant_changes_an_answer_unseen(whole, suffix, request, capsys):
    path = str(whole(suffix))
    many = (request.config.getoption("--mutants") or examples(500)) // 4
    outcomes: dict[str, list[int]] = defaultdict(list)
    for task, outcome in engine.run(judged, [Task(path, number) for number in range(many)]):
        said = outcome.kind if isinstance(outcome, engine.Failure) else outcome
        outcomes[said].append(task.number)
    with capsys.disabled():
        print(f"\n.{suffix}", {said: len(numbers) for said, numbers in outcomes.items()})
    silent = outcomes.pop("silent", [])
    assert len(silent) <= (1 + SILENT_XLS * many if suffix == "xls" else 0), silent
    assert outcomes.keys() <= {"refused", "equal", "visible"}, outcomes


# --- a genuine return in every format ------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The same filled form in some format."""
    folder = tmp_path_factory.mktemp("whole")
    filled = {
        r.key: Filled("已填报", text, 12 if r.kind == "数据" else None)
        for r, text in zip(PLAN.requirements, TEXTS, strict=True)
    }
    made = folder / "form.xlsx"
    made.write_bytes(form.build(PLAN, PLAN.unit["01"], filled))

    def whole(suffix):
        path = made.with_suffix(f".{suffix}")
        if suffix == "docx":
            path.write_bytes(typed_off(made))
        elif suffix != "xlsx":
            path = convert(made, path.suffix)
        assert untouched(str(path)).answers == untouched(str(made)).answers
        return path

    return whole


def typed_off(path):
    """The table of the form in a document."""
    cells = {at: c.text for at, c in reader.read(path).sheets[0].cells.items()}
    document = docx.Document()
    height, width = (max(at[i] for at in cells) + 1 for i in (0, 1))
    rows = [row.cells for row in document.add_table(height, width).rows]
    for (row, column), said in cells.items():
        rows[row][column].text = said
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


# --- what is told of a file ----------------------------------------------------------------


class Told(NamedTuple):
    """What a file comes to: its answers, and everything that tells somebody to look at it."""

    rule: str
    answers: tuple[tuple[object, ...], ...]
    seen: frozenset[tuple[object, ...]]


def told(path: str) -> Told:
    manifest = collect.read_return(path)
    result = batch(PLAN, arrival(manifest, "a"))
    answers = tuple((a.requirement, a.text, a.number, a.status) for a in result.answers)
    findings = {(f.rule, f.unit, f.requirement) for f in rules.run(result)}
    left = {(found.text,) for found in result.leftover}
    return Told(manifest.rule, answers, frozenset(findings | left))


untouched = cache(told)


class Task(NamedTuple):
    path: str
    number: int


def judged(task: Task) -> str:
    """What becomes of the nth mutant of a file: refused, equal, visible or silent."""
    before = untouched(task.path)
    whole = Path(task.path)
    with TemporaryDirectory() as folder:
        path = Path(folder) / whole.name
        path.write_bytes(mutant(whole.read_bytes(), random.Random(task.number)))
        after = told(str(path))
    if after.rule:
        return "refused"
    if after.answers == before.answers:
        return "equal"
    return "visible" if after.seen - before.seen else "silent"


# --- damage --------------------------------------------------------------------------------


def mutant(data: bytes, chance: random.Random) -> bytes:
    ways = [bits, numbers, zeros, cut, again, gone, swapped]
    if data.startswith(b"PK"):
        ways += [inside] * len(ways)
    return chance.choice(ways)(data, chance)


def bits(data, chance):
    changed = bytearray(data)
    for _ in range(chance.choice([1, 3, 10, 40])):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def numbers(data, chance):
    changed = bytearray(data)
    for _ in range(chance.choice([1, 4, 16])):
        at = chance.randrange(len(changed) - 4)
        extreme = chance.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff", b"\x80", b"\1"])
        changed[at : at + len(extreme)] = extreme
    return bytes(changed)


def zeros(data, chance):
    at = chance.randrange(len(data))
    return data[:at] + bytes(len(data[at : at + 512])) + data[at + 512 :]


def cut(data, chance):
    return data[: chance.randrange(1, len(data))]


def again(data, chance):
    at = chance.randrange(len(data))
    return data[:at] + data[at : at + chance.randrange(1, 2_000)] + data[at:]


def gone(data, chance):
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.randrange(1, 2_000) :]


def swapped(data, chance):
    """Two blocks of a disk, each in the other's place."""
    one, other = (chance.randrange(0, len(data), 512) for _ in range(2))
    changed = bytearray(data)
    size = min(512, len(data) - one, len(data) - other)
    changed[one : one + size] = data[other : other + size]
    changed[other : other + size] = data[one : one + size]
    return bytes(changed)


# --- damage that no checksum shows ---------------------------------------------------------


def inside(data, chance):
    """One part changed and packed again, as a program with a fault would leave it."""
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        parts = {name: pack.read(name) for name in pack.namelist()}
    names = [name for name in parts if name.endswith((".xml", ".rels"))]
    (name,) = chance.choices(names, [len(parts[name]) for name in names])  # the sheets above all
    how = chance.choice(
        [tag_gone, tag_twice, element_gone, element_twice, digit, truncated, emptied]
    )
    parts[name] = how(parts[name], chance)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, part in parts.items():
            if part:
                pack.writestr(name, part)
    return buffer.getvalue()


TAG = re.compile(rb"<[^<>]+>")
TYPED = re.compile(
    rb"<(text:(s|tab|line-break|p|span)|w:(br|cr|tab|p|r|t)|r|t)\b|(office:(value|[\w-]+-value)|text:c)="
)
"""Tags that are characters a person typed, or hold them: to change these is to type."""


def tags(part):
    return [match for match in TAG.finditer(part) if not TYPED.search(match[0])]


def tag_gone(part, chance):
    match = chance.choice(tags(part))
    return part[: match.start()] + part[match.end() :]


def tag_twice(part, chance):
    match = chance.choice(tags(part))
    return part[: match.end()] + match[0] + part[match.end() :]


def element_gone(part, chance):
    start, end = element(part, chance)
    return part[:start] + part[end:]


def element_twice(part, chance):
    start, end = element(part, chance)
    return part[:end] + part[start:]


def element(part, chance):
    """Where one begins and ends that has no other of its name in it."""
    match = chance.choice(tags(part))
    name = re.match(rb"<[/?!]?([\w:.-]+)", match[0])[1]
    end = part.find(b"</" + name + b">", match.start())
    whole = match[0].startswith((b"</", b"<?", b"<!")) or match[0].endswith(b"/>") or end < 0
    return match.start(), match.end() if whole else end + len(name) + 3


def digit(part, chance):
    """Another number somewhere in an attribute."""
    places = [
        match.start() + found.start()
        for match in tags(part)
        if b"?" not in match[0][:2]
        for found in re.finditer(rb"\d+(?=[^\s]*\")", match[0])
    ]
    if not places:
        return truncated(part, chance)
    at = chance.choice(places)
    new = chance.choice([b"0", b"1", b"2", b"9", b"-1", b"4294967296", b"99999999999999999999"])
    return part[:at] + new + part[at + 1 :]


def truncated(part, chance):
    return part[: chance.randrange(len(part))]


def emptied(_part, _chance):
    return b""
