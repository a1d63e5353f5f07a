"""What all tests share: how many examples, which of them first, golden texts to review as diffs."""

import ctypes
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache, wraps
from pathlib import Path
from typing import Any

import client
import counts
import pytest
import typst
from hypothesis import settings

from pdsfz_xl import engine, rules, typeset
from pdsfz_xl.reader import FORM_LIMITS, Book, Refused, read

GOLDEN = Path(__file__).parent / "golden"
LONG = (
    "test_client_review", "test_survival", "test_story", "test_flow", "test_fetching",
    "test_client_locks", "test_printing", "test_mail_loop", "test_printout", "test_mailing",
    "test_print_book", "test_companions", "test_flow_paper", "test_filing", "test_postfix",
    "test_hostile", "test_legacy", "test_encrypted",
)  # fmt: skip
"""They start first, so that no worker waits for another in the end."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="all examples, not a tenth of them")
    parser.addoption("--golden-update", action="store_true", help="write the golden texts anew")
    parser.addoption("--mutants", type=int, help="how many files test_fuzz damages")
    parser.addoption("--steps", type=int, help="how many steps of other stories test_story takes")


def pytest_configure(config: pytest.Config) -> None:
    _glibc("mallopt", -8, 1)  # M_ARENA_MAX: one for all threads, or each keeps what it freed
    counts.deep = config.getoption("--deep")
    settings.register_profile("deep", deadline=None)
    settings.register_profile("default", deadline=None, max_examples=counts.examples(100))
    settings.load_profile("deep" if counts.deep else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONG)))


def pytest_unconfigure() -> None:
    client.close()


@pytest.fixture(scope="session", autouse=True)
def _started_once() -> Iterator[None]:
    """What takes long or much memory to start, and is the same every time.

    The fonts are opened once, and what a child would read is read in this process: `children` is
    for the tests whose point they are.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "run", _in_process)
        patch.setattr(typeset, "available_fonts", cache(typeset.available_fonts))
        patch.setattr(typeset, "typeset", _forgetful(typeset.typeset))
        yield


def _forgetful(typeset: Callable[..., Any]) -> Callable[..., Any]:
    """Typst keeps what it has set until ten more documents are: empty ones.

    Else a worker would grow to a gigabyte; glibc gives back what is free only when it is asked.
    """
    fonts = typst.Fonts(include_system_fonts=False)

    @wraps(typeset)
    def forgetful(*given: Any, **more: Any) -> Any:
        printed = typeset(*given, **more)
        for _ in range(10):
            typst.compile(b"", font_paths=fonts)
        _glibc("malloc_trim", 0)
        return printed

    return forgetful


def _glibc(name: str, *values: int) -> None:
    with suppress(OSError, AttributeError, TypeError):  # elsewhere there is no such call
        getattr(ctypes.CDLL(None), name)(*values)


@pytest.fixture(scope="module", autouse=True)
def _fonts_closed() -> Iterator[None]:
    yield
    typeset.available_fonts.cache_clear()


_run = engine.run


def _in_process(function: Callable[[Any], Any], tasks: Iterable[Any], **_: object) -> Any:
    """As a child gets its task and we its result: copies of them."""
    for task in tasks:
        yield task, pickle.loads(pickle.dumps(function(pickle.loads(pickle.dumps(task)))))


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "run", _run)


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
