"""Where a command works: the folder it is called in, one above it, or the one that is named."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pdsfz_xl import demo

NOTICE = Path(demo.__file__).parent / "data" / "notice.txt"


@pytest.fixture(scope="module")
def campaign_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("2019")
    assert call(folder, "init", str(NOTICE)).returncode == 0
    return folder


def call(here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One call in a folder, as a clerk makes it who went there."""
    path = os.pathsep.join([str(Path(demo.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": path}
    command = [sys.executable, "-m", "pdsfz_xl", *words]
    return subprocess.run(
        command, cwd=here, capture_output=True, encoding="utf-8", env=environment, check=False
    )


@pytest.mark.parametrize("below", ["out", "out/2-收件", "master"])
def test_inside_a_workspace_the_one_above_is_used_and_said(campaign_folder, below):
    done = call(campaign_folder / below)
    assert done.stderr == f"这里是任务文件夹里面，任务在 {campaign_folder}。\n"
    assert "pdsfz-xl init" not in done.stdout
    told = call(campaign_folder / below, "--json", "status")
    assert json.loads(told.stdout)["campaign"] == "F201921"
    assert str(campaign_folder) in told.stderr


def test_the_folder_that_is_named_is_taken_as_it_is(campaign_folder):
    done = call(campaign_folder / "out", "-C", ".")
    assert ("pdsfz-xl init" in done.stdout, done.stderr) == (True, "")


def test_a_workspace_inside_another_is_its_own(campaign_folder):
    inner = campaign_folder / "县区" / "甲县"
    shutil.copytree(campaign_folder / "master", inner / "master")
    assert call(inner, "--json", "status").stderr == ""
    assert str(inner) in call(inner / "master", "--json", "status").stderr


def test_no_campaign_begins_inside_another_unless_the_folder_is_named(campaign_folder, tmp_path):
    inner = campaign_folder / "out" / "3-汇总"
    done = call(inner, "init", str(NOTICE))
    assert done.returncode == 2
    assert f"{inner} 在另一个任务的文件夹 {campaign_folder} 里面" in done.stderr
    assert not (inner / "master").exists()
    shutil.copytree(campaign_folder, tmp_path / "任务")
    (tmp_path / "任务" / "新").mkdir()
    assert call(tmp_path / "任务" / "新", "-C", ".", "init", str(NOTICE)).returncode == 0


def test_forms_in_a_folder_that_is_not_the_drop_zone_are_said(campaign_folder, tmp_path):
    shutil.copytree(campaign_folder, tmp_path / "任务")
    wrong = tmp_path / "任务/out/2收件"
    wrong.mkdir()
    (wrong / "司法局.xlsx").write_bytes(b"x")
    for command in ("status", "collect"):
        said = call(tmp_path / "任务", command).stdout
        assert "out/2收件 里有 1 个文件没有读：收件夹是 out/2-收件，请把它们移到那里" in said
    assert (wrong / "司法局.xlsx").read_bytes() == b"x"
