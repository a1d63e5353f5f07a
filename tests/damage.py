"""Damage done to foreign files, the same every time, and what a reader makes of it."""

from collections.abc import Callable
from random import Random
from typing import Any

from counts import examples

from pdsfz_xl.reader import Refused

Load = Callable[[bytes], Any]


def outcomes(load: Load, mutant: Callable[[], bytes], most: int) -> set[str]:
    """What becomes of `examples(most)` mutants."""
    return {outcome(load, mutant()) for _ in range(examples(most))}


def outcome(load: Load, data: bytes) -> str:
    """`read`, or the rule by which it is refused; any other exception is a bug."""
    try:
        load(data)
    except Refused as refused:
        return refused.rule
    return "read"


def markup(
    data: bytes, chance: Random, *names: bytes, numbers: tuple[bytes, bytes] = (b'="', b'="9')
) -> bytes:
    """A mutant of XML or HTML: also an element by another of these names, numbers far larger."""
    changed = bytearray(data)
    at = chance.randrange(len(changed))
    match chance.choice(["bits", "cut", "gone", "again", "digit", *["tag"] * bool(names)]):
        case "bits":
            for _ in range(chance.choice([1, 9])):
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        case "cut":
            del changed[at:]
        case "gone":
            del changed[at : at + chance.randrange(1, 60)]
        case "again":
            changed[at:at] = changed[at : at + chance.randrange(1, 400)]
        case "digit":
            return data.replace(*numbers, chance.randrange(1, 90))
        case "tag":
            name, other = chance.sample(names, 2)
            for mark in (b">", b" "):
                changed = changed.replace(name + mark, other + mark)
    return bytes(changed)
