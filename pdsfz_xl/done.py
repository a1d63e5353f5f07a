"""What every command gives back: values in, what people read and what machines read out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pdsfz_xl import contract
from pdsfz_xl import wording as w
from pdsfz_xl.model import Finding
from pdsfz_xl.next_step import Step


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
    steps: tuple[Step, ...] = ()
    """What there is to do in the campaign, the first thing first."""
    next_step: str = ""
    """The one thing people are told to do: the first step, unless something else comes before."""
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.steps and not self.next_step:
            object.__setattr__(self, "next_step", str(self.steps[0]))

    def document(self) -> dict[str, Any]:
        """The JSON document of this command."""
        return {
            "outputs": dict(self.outputs),
            "findings": [contract.finding(found) for found in self.findings],
            "next": [step._asdict() for step in self.steps],
            **self.more,
        }
