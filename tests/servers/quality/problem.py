"""What every judge hands back: one finding, and how a list of them reads in a failure message."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding about one address.

    ``line`` counts from 1 in the judged bytes (for HTTP findings: in the response head, the
    status line being 1); 0 means that the finding belongs to no single line.
    """

    url: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.url} line {self.line}" if self.line else self.url
        return f"{place}: {self.message}"

    def __repr__(self) -> str:
        """The readable form, because pytest prints lists of problems by repr."""
        return f"<{self}>"


@dataclass(slots=True)
class Findings:
    """Collects the problems of one document while a judge walks through it."""

    url: str
    problems: list[Problem] = field(default_factory=list)

    def report(self, message: str, at: Any = None) -> None:
        """Add a problem; ``at`` is a line number, an lxml element, or None for the document."""
        line = at if isinstance(at, int) else getattr(at, "sourceline", None)
        self.problems.append(Problem(self.url, line or 0, message))


def describe_problems(problems: Iterable[Problem], *, at_most: int = 40) -> str:
    """A failure message: how many problems there are, then the first ``at_most``, one per line."""
    listed = [str(problem) for problem in problems]
    left_out = len(listed) - at_most
    lines = [f"{len(listed)} problem(s)", *listed[:at_most]]
    if left_out > 0:
        lines.append(f"… and {left_out} more")
    return "\n  ".join(lines)
