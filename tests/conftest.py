"""Fixtures all tests share: golden texts that are reviewed as diffs."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden-update", action="store_true", help="write the golden texts anew")
    parser.addoption("--mutants", type=int, default=500, help="how many files test_fuzz damages")
    parser.addoption("--steps", type=int, default=2000, help="how many steps test_story takes")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/golden/NAME, or write it with --golden-update."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--golden-update"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")
        assert path.exists(), f"no {name} yet: pytest --golden-update"
        assert text == path.read_text("utf-8"), f"{name} differs: pytest --golden-update"

    return compare
