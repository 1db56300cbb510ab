"""What `sos dev` says in the terminal: builds and problems in, lines out. Pure, but for printing.

Names and sources of a theme are printed as they are, never as markup of the terminal.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from sos.dev.builds import Build
from sos.dev.problems import Problem, explain
from sos.errors import TemplateError

SHOWN_FILES, SHOWN_PROBLEMS = 3, 12


class Terminal:
    """Says what happens, as it happens."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def tell_build(self, build: Build) -> None:
        """One line for a build that is sound; else every problem, with its source."""
        names = ", ".join(build.changed[:SHOWN_FILES])
        if len(build.changed) > SHOWN_FILES:
            names += f" and {len(build.changed) - SHOWN_FILES} more"
        if build.problems:
            self.tell_problems(build, build.problems, names)
            return
        line = Text(f"{build.seconds * 1000:.0f} ms", style="green")
        self._console.print(line.append(f"  {names}", style="default"))

    def tell_problems(
        self, build: Build, problems: Sequence[TemplateError], where: str = ""
    ) -> None:
        """Each problem with its source and what was probably meant."""
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        self._console.print(Text(count, style="bold red").append(f"  {where}", style="default"))
        for problem in problems[:SHOWN_PROBLEMS]:
            self._console.print(build_text(explain(problem, build)))
        if len(problems) > SHOWN_PROBLEMS:
            self._console.print(
                Text(f"  and {len(problems) - SHOWN_PROBLEMS} more: /__dev/problems")
            )

    def tell_mended(self) -> None:
        """That there is no problem any more."""
        self._console.print(Text("no problem on any page", style="green"))


def build_text(problem: Problem) -> Text:
    """A problem as lines for a terminal."""
    text = Text("  ")
    if problem.place:
        text.append(f"{problem.place}: ", style="bold")
    text.append(problem.message)
    if problem.meant:
        text.append(f"\n    did you mean {' or '.join(map(repr, problem.meant))}?", style="yellow")
    if problem.advice:
        text.append(f"\n    {problem.advice}", style="yellow")
    for number, line in problem.source:
        here = number == problem.line
        text.append(f"\n    {number:>4} {'>' if here else ' '} {line}", style="" if here else "dim")
    return text
