"""Who is meant: what somebody wrote in, units out, by name, code, alias or group (分组).

Every command and every column asks here. Names are compared without blanks, width and case.
"""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import Master, Unit

_WORD = re.compile(r"[^、,，;；\s]+")
_YES = frozenset({w.YES, "√", "✓", "✔", "Y", "y"})


def key(name: str) -> str:
    """A name for comparing."""
    return texts.squash(name).casefold()


class Names:
    """Whom every name means. A unit comes before a group, and of two units the first."""

    def __init__(self, units: Iterable[Unit]) -> None:
        units = tuple(units)
        names = [(unit.name, unit.code) for unit in units]
        codes = [(unit.code, unit.code) for unit in units]
        aliases = [(alias, unit.code) for unit in units for alias in unit.aliases]
        groups = [(unit.group, unit.code) for unit in units]
        self._unit = {key(name): code for name, code in reversed([*names, *codes, *aliases])}
        self._unit.pop("", None)
        self._group: dict[str, list[str]] = {}
        for name, code in groups:
            if name:
                self._group.setdefault(key(name), []).append(code)
        self._written = {key(name): name for name, _ in reversed([*names, *aliases, *groups])}

    def unit(self, name: str) -> str:
        """The code of the unit of this name, code or alias, or empty."""
        return self._unit.get(key(name), "")

    def codes(self, name: str) -> tuple[str, ...]:
        """The codes of the unit or of all units of the group; none where nobody is meant."""
        wanted = key(name)
        if wanted in self._unit:
            return (self._unit[wanted],)
        return tuple(self._group.get(wanted, ()))

    def nearest(self, name: str) -> str:
        """The name, alias or group most like one that nobody has, or empty."""
        near = get_close_matches(key(name), self._written, n=1, cutoff=0.5)
        return self._written[near[0]] if near else ""


def named(master: Master, said: str) -> tuple[Unit, ...]:
    """The units in a list such as `市司法局、02，各县区`, in the order of 责任单位; none for "".

    Raises OperatorError with everything in it that nobody is called.
    """
    names = Names(master.units)
    phrases = list(_phrases(names, said))
    if unknown := [phrase for phrase in dict.fromkeys(phrases) if not names.codes(phrase)]:
        lacking = (f"没有“{texts.brief(name)}”{w.nearest(names.nearest(name))}" for name in unknown)
        raise OperatorError(
            f"责任单位里{'；'.join(lacking)}；"
            "请写单位名称、别名、代码或分组名，几个之间用顿号。命令没有执行。"
        )
    codes = {code for phrase in phrases for code in names.codes(phrase)}
    return tuple(unit for unit in master.units if unit.code in codes)


def is_empty(said: str) -> bool:
    """Whether a list has nothing in it that could be a name."""
    return not _WORD.search(said)


def _phrases(names: Names, said: str) -> Iterator[str]:
    """The list taken apart. A name may hold what stands between names, too: the shortest run of
    words that means somebody is taken, and what means nobody word by word."""
    words = list(_WORD.finditer(said))
    while words:
        first = words[0].start()
        ends = (i for i, word in enumerate(words) if names.codes(said[first : word.end()]))
        last = next(ends, 0)
        yield said[first : words[last].end()]
        del words[: last + 1]


def is_yes(said: str) -> bool:
    """Whether the clerk ticked a cell; anything else than a tick does nothing, and is said."""
    return texts.squash(said) in _YES
