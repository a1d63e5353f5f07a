"""How many examples a property gets: all of them with `pytest --deep`, else a tenth."""

from math import ceil

deep = False
"""Set by conftest before any test is imported."""


def examples(most: int, *, least: int = 10) -> int:
    """`most` with --deep; else a tenth of them, but at least `least` where there are so many."""
    return most if deep else max(ceil(most / 10), min(least, most))
