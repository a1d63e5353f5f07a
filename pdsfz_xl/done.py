"""What every command gives back: values in, what people read and what machines read out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pdsfz_xl import contract
from pdsfz_xl import wording as w
from pdsfz_xl.model import Finding


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command did: sentences for people, the rest for machines."""

    said: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    shown: int = 12
    """How many findings of each class people see one by one."""
    others: str = w.SEE_FINDINGS
    """Where people find those beyond."""
    arrived: tuple[str, ...] = ()
    """One line for each file that was not there before."""
    next_step: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The JSON document of this command."""
        return {
            "outputs": dict(self.outputs),
            "findings": [contract.finding(found) for found in self.findings],
            **self.more,
        }
