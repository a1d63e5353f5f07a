"""A small campaign for tests: three bureaus, four requirements, and returns of any shape."""

import pickle
from dataclasses import replace
from datetime import date, datetime

from pdsfz_xl import collect, form, merge
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Arrival, Duty, Indicator, Manifest, Master, Requirement, Settings, Unit

NOW = datetime(2019, 10, 24, 16, 5)
AFTER = datetime(2019, 10, 28, 9, 0)

SETTINGS = Settings(
    name="法治政府建设示范市补充材料",
    code="F201921",
    deadline=date(2019, 10, 25),
    period_start=date(2018, 1, 1),
    period_end=date(2019, 7, 31),
    contact="张三",
    phone="2663225",
    email="office@example.cn",
)


def requirement(key: str, *units: str, **more: object) -> Requirement:
    number = int(key.split(".")[0])
    values: dict[str, object] = {
        "key": key,
        "number": number,
        "level1": "一、政府职能依法全面履行",
        "level2": "2.加强事中事后监管",
        "text": f"第{number}个三级指标的要求",
        "method": "材料查证",
        "material": f"填报材料{key}",
        "kind": "情况说明",
        "duties": tuple(Duty(u) for u in units),
        "row": number + 1,
        **more,
    }
    return Requirement(**values)


def master(**more: object) -> Master:
    """Units 01 (02.1, 02.2), 02 (03, 04) and 03 (04); 04 has nothing due."""
    values: dict[str, object] = {
        "path": "master/任务分解表.xlsx",
        "settings": SETTINGS,
        "requirements": (
            requirement("02.1", "01", kind="数据", measure="条"),
            requirement("02.2", "01"),
            requirement("03", "02", pieces=1, kind="案例"),
            requirement("04", "02", "03"),
        ),
        "indicators": tuple(
            Indicator(number=n, text=f"第{n}个三级指标的要求", row=n + 1) for n in range(1, 6)
        ),
        "units": tuple(
            Unit(code=f"{i:02d}", name=name, row=i + 1)
            for i, name in enumerate(("市发改委", "市司法局", "市公安局", "市财政局"), 1)
        ),
        **more,
    }
    return Master(**values)


def returned(plan: Master, unit: str, filled: dict[str, Filled], tmp_path, **more) -> Manifest:
    """The manifest of a unit's form with some answers, through the real reader.

    Thousands of tests begin with the same few forms: each is made and read once.
    """
    known = pickle.dumps((replace(plan), unit, filled, more))  # without what it remembers
    if known not in _READ:
        path = tmp_path / f"{unit}-{len(list(tmp_path.iterdir()))}.xlsx"
        path.write_bytes(form.build(plan, plan.unit[unit], filled, **more))
        _READ[known] = collect.read_return(str(path))
    return _READ[known]


_READ: dict[bytes, Manifest] = {}


def arrival(manifest: Manifest, path: str, seen: datetime = NOW, *, original: bool = True):
    return Arrival(path, manifest.sha256, seen, original, manifest)


def batch(plan: Master, *arrivals: Arrival, clerk=None, now: datetime = NOW, **more):
    path = "out/3-汇总/汇总表.xlsx"
    return merge.batch(plan, arrivals, clerk or {}, now, merged_path=path, **more)
