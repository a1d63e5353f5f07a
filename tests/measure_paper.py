"""Measures a print: `python tests/measure_paper.py 3000 500 [A4|A3] [band|columns]`.

Prints pages, seconds, peak memory of the process, characters missing and lines cut.
"""

import random
import resource
import sys
import time

import geocheck
from test_printout import NOW, requirement, said

from pdsfz_xl import paper, printout
from pdsfz_xl.model import Batch, Indicator, Master, Settings, Standing, Unit

SENTENCES = (
    "2019年以来，全市办理行政执法案件1,286件，合格率98.5%（其中“双随机”36次）；",
    "组织培训4期，参训386人次，覆盖全部执法人员。",
    "对照要求逐条自查，发现问题5个，已全部整改到位，整改情况已向社会公开。",
)


def answer(length: int, seed: int) -> str:
    """Exactly so many characters, in sentences and paragraphs."""
    draw = random.Random(seed)
    text = ""
    while len(text.replace("\n", "")) < length:
        text += draw.choice(SENTENCES) + ("\n" if draw.random() < 0.1 else "")
    extra = len(text.replace("\n", "")) - length
    return text.rstrip("\n")[: -extra or None]


def batch(rows: int, length: int | None) -> Batch:
    """So many answers of one length; without one, of lengths between 0 and 1000."""
    draw = random.Random(7)
    per = 1 if rows < 100 else 10
    units = tuple(Unit(code=f"{i:02d}", name=f"第{i}局") for i in range(1, 41))
    requirements, indicators, answers = [], [], []
    for i in range(rows // per):
        number = i + 1
        codes = [units[(i * per + j) % 40].code for j in range(per)]
        key = f"{number:03d}"
        levels = {"level1": f"{number // 60 + 1}、一级", "level2": f"{number // 12 + 1}.二级指标"}
        one = requirement(key, *codes, **levels)
        one = type(one)(**{**{f: getattr(one, f) for f in one.__slots__}, "number": number})
        requirements.append(one)
        indicators.append(
            Indicator(number=number, text="健全制度，规范程序。" * 4, requirements=(key,), **levels)
        )
        for code in codes:
            size = draw.randrange(1001) if length is None else length
            answers.append(said(code, key, *([answer(size, i)] if size else [])))
    master = Master(
        settings=Settings(name="测量", code="M1"),
        units=units,
        indicators=tuple(indicators),
        requirements=tuple(requirements),
    )
    standings = tuple(
        Standing(unit=u.code, assigned=1, answered=1, missing=(), status="complete") for u in units
    )
    return Batch(master=master, now=NOW, answers=tuple(answers), standings=standings)


def main(rows: str, length: str, sheet: str = "A3", layout: str = "band") -> None:
    result = batch(int(rows), None if length == "mixed" else int(length))
    begun = time.perf_counter()
    style = printout.Style(sheet=sheet, layout=layout)
    printed = printout.pdf(paper.compose(result, ()), style)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    lost = geocheck.missing((a.text for a in result.answers), printed.data).total()
    cut = geocheck.cut(printed.data)
    print(
        f"{rows} x {length} {sheet} {layout}: {printed.pages} pages, {seconds:.1f} s, "
        f"{peak} MiB, {len(printed.data) >> 10} KiB, missing {lost}, cut {len(cut)} {cut[:3]}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
