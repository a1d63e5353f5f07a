"""The merged table and the list of entries as data frames."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pandas
import pytest
from batches import example
from samples import NOW

import pdsfz_xl
from pdsfz_xl import campaign, entries, form, frames, layout
from pdsfz_xl import master as master_stage
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.form import Filled
from pdsfz_xl.workspace import Workspace

NOTICE = Path(campaign.__file__).parent / "data" / "notice.txt"


def test_every_column_has_its_type(tmp_path):
    result = example(tmp_path)[0]
    merged = frames.merged(result)
    assert {c: str(merged[c].dtype) for c in merged} == layout.ANSWER_FRAME
    assert list(merged["已报"]) == [answer.answered for answer in result.answers]
    listed = frames.listed(entries.entries(result), {})
    assert {c: str(listed[c].dtype) for c in listed} == layout.ENTRY_FRAME


def test_the_frames_come_back_from_parquet_as_they_were(tmp_path):
    pytest.importorskip("pyarrow")
    result = example(tmp_path)[0]
    for data in (frames.merged(result), frames.listed(entries.entries(result), {})):
        again = pandas.read_parquet(
            io.BytesIO(frames.parquet(data)), dtype_backend="numpy_nullable"
        )
        pandas.testing.assert_frame_equal(again, data, check_dtype=False)
        assert frames.parquet(data) == frames.parquet(data)


# --- of a folder ---------------------------------------------------------------------------


@pytest.fixture
def campaign_folder(tmp_path):
    """A return lies in the drop zone that no command has read yet."""
    ws = Workspace(tmp_path / "任务")
    campaign.init(ws, NOTICE, NOW)
    plan = master_stage.read(ws.master)
    unit = next(u for u in plan.units if u.name == "市审计局")
    said = {r.key: Filled("", f"{r.key} 已办理。") for r in plan.due(unit.code)}
    ws.dropzone.mkdir(parents=True, exist_ok=True)
    (ws.dropzone / "表.xlsx").write_bytes(form.build(plan, unit, said))
    return ws.root


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_gives_its_merged_table_and_stays_as_it_is(campaign_folder, monkeypatch):
    before = everything(campaign_folder)
    table = pdsfz_xl.frame(campaign_folder)
    answered = table[table["已报"]]
    assert set(answered["单位"]) == {"市审计局"}
    assert list(answered["情况说明"]) == [f"{key} 已办理。" for key in answered["编码"]]
    assert everything(campaign_folder) == before
    monkeypatch.chdir(campaign_folder)
    pandas.testing.assert_frame_equal(
        pdsfz_xl.frame().drop(columns="收到时间"),
        pdsfz_xl.frame(str(campaign_folder)).drop(columns="收到时间"),
    )


@pytest.mark.parametrize("place", [".", "没有", "master"])
def test_a_folder_without_a_campaign_is_named(tmp_path, place):
    with pytest.raises(OperatorError, match=f"{re.escape(str(tmp_path / place))} .*请写") as why:
        pdsfz_xl.frame(tmp_path / place)
    assert "-C" not in str(why.value)


@pytest.mark.parametrize("how", ["script", "-c", "-"])
def test_it_works_in_a_script_without_a_guard(campaign_folder, how):
    """The reader's processes must not run the script again."""
    lines = "import pdsfz_xl\nprint(len(pdsfz_xl.frame().query('已报')))\n"
    (campaign_folder / "script.py").write_text(lines, "utf-8")
    words = {"script": ["script.py"], "-c": ["-c", lines], "-": ["-"]}[how]
    done = subprocess.run(
        [sys.executable, *words], input=lines, cwd=campaign_folder,
        capture_output=True, encoding="utf-8", check=True, timeout=60,
    )  # fmt: skip
    assert (int(done.stdout), done.stderr) == (
        len(pdsfz_xl.frame(campaign_folder).query("已报")),
        "",
    )


def test_its_columns_are_in_its_documentation():
    said = re.findall(r"- (\S+): ([^-]*)", pdsfz_xl.frame.__doc__.partition("Raises")[0])
    types = {caption: kind for kind, captions in said for caption in captions.split()}
    assert types == layout.ANSWER_FRAME
