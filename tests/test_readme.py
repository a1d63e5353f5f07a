"""The README says what the code says."""

from pathlib import Path

import pytest
from cogapp import Cog

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.skipif(not README.exists(), reason="the README is not beside the tests")
def test_the_readme_is_fresh():
    assert Cog().main(["cog", "--check", str(README)]) == 0, "run: cog -r README.md"


def test_every_command_is_in_the_manual():
    from pdsfz_xl.cli import cli

    manual = README.read_text("utf-8")
    assert [name for name in cli.commands if f"pdsfz-xl {name}" not in manual] == []
