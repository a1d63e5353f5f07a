"""What all tests share: how many examples, which of them first, golden texts to review as diffs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import counts
import pytest
from hypothesis import settings

from pdsfz_xl import rules
from pdsfz_xl.reader import FORM_LIMITS, Book, Refused, read

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="all examples, not a tenth of them")
    parser.addoption("--golden-update", action="store_true", help="write the golden texts anew")
    parser.addoption("--mutants", type=int, help="how many files test_fuzz damages")
    parser.addoption("--steps", type=int, help="how many steps of other stories test_story takes")


def pytest_configure(config: pytest.Config) -> None:
    counts.deep = config.getoption("--deep")
    settings.register_profile("deep", deadline=None)
    settings.register_profile("default", deadline=None, max_examples=counts.examples(100))
    settings.load_profile("deep" if counts.deep else "default")


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


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Book]:
    """What the reader makes of a file of these bytes, by these limits."""

    def load(data: bytes | str, *passwords: str, name: str = "来件", **limits: int) -> Book:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read(path, limits=replace(FORM_LIMITS, **limits), passwords=passwords)

    return load


@pytest.fixture
def refusal(load: Callable[..., Book]) -> Callable[..., tuple[str, str]]:
    """Rule and detail of a file that must be refused."""

    def refusal(*given: object, **more: object) -> tuple[str, str]:
        with pytest.raises(Refused) as caught:
            load(*given, **more)
        assert caught.value.rule in rules.RULES
        return caught.value.rule, caught.value.detail

    return refusal
