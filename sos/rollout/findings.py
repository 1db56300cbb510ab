"""What is wrong with a release: pages that were made, or were not, in; problems to be told out.

One problem is told once, however many pages have it. Its text is one line that a terminal and a
log can take, whatever a template put into it. Renders nothing, decides nothing.
"""

from collections.abc import Iterator

import msgspec

from sos.errors import TemplateError
from sos.release.fixtures.thin import RAW
from sos.rollout.limits import SlowTemplateError

SHORTEST, LONGEST = 64, 5 * 1024 * 1024
"""Bounds of a page, bytes."""

SLOWEST = 1.0
"""Processor time that a page may take, seconds."""

MESSAGE_LENGTH = 400


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, on which page first, and on how many. ``line`` is 1-based, 0 where unknown;
    ``costly`` says that the page took more time, memory or bytes than a page may."""

    message: str
    template: str = ""
    line: int = 0
    page: str = ""
    pages: int = 1
    costly: bool = False

    def __str__(self) -> str:
        place = f"{self.template}:{self.line}: " if self.template else ""
        more = f" and {self.pages - 1} more" if self.pages > 1 else ""
        return f"{place}{self.message}" + (f" [{self.page}{more}]" if self.page else "")


class Findings:
    """Problems of many pages, each told once. ``costly`` counts the pages that took too much."""

    def __init__(self) -> None:
        self.pages = 0
        self.costly = 0
        self._found: dict[tuple[str, int, str], Problem] = {}

    def add(self, problem: Problem | None) -> None:
        """Count a page, and what was wrong with it."""
        self.pages += 1
        if problem is None:
            return
        self.costly += problem.costly
        key = (problem.template, problem.line, problem.message)
        known = self._found.get(key)
        if known:
            problem = msgspec.structs.replace(known, pages=known.pages + 1)
        self._found[key] = problem

    @property
    def any(self) -> bool:
        """Whether there was a problem."""
        return bool(self._found)

    @property
    def merged(self) -> tuple[Problem, ...]:
        """Every problem with the first of its pages, in the order of templates and lines."""
        return tuple(sorted(self._found.values(), key=lambda p: (p.template, p.line, p.message)))


def judge_output(body: bytes, seconds: float = 0.0) -> str | None:
    """Return why this is not the body of a whole page made within ``seconds``; None if it is one.

    Where a page must end is what `sos.produce.producer.require_whole` asks: a release that passes
    here and fails there would take every node out of service.
    """
    if not body.strip():
        return "the page is empty"
    if len(body) < SHORTEST:
        return f"the page is only {len(body)} bytes long"
    if len(body) > LONGEST:
        return f"the page has {len(body):,} bytes, more than {LONGEST:,}"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "the page is not UTF-8"
    if b"</html>" not in body[-200:]:
        return "the page does not end with </html>: it is cut short"
    if RAW.encode() in body:
        return "prints the text of a field as HTML"
    if seconds > SLOWEST:
        return f"takes {seconds:.1f} s of processor time, more than {SLOWEST:.1f}"
    return None


def build_output_problem(body: bytes, seconds: float, page: str, template: str) -> Problem | None:
    """What `judge_output` says of a page, as a problem."""
    reason = judge_output(body, seconds)
    costly = len(body) > LONGEST or seconds > SLOWEST
    return build_problem(reason, page, template, costly=costly) if reason else None


def build_error_problem(exc: Exception, page: str, template: str = "") -> Problem:
    """What an exception says; ``template`` where it doesn't name one. Lets go of what it holds."""
    line, message = 0, str(exc)
    if isinstance(exc, TemplateError):
        message = message.removeprefix(f"{exc.template}:{exc.line}: ")
        template, line = exc.template or template, exc.line
    chain = list(_chain(exc))
    costly = True
    if any(isinstance(link, MemoryError) for link in chain):
        message = "needs more memory than a trial may take"
    elif any(isinstance(link, SlowTemplateError) for link in chain):
        message = f"takes more than {SLOWEST:.1f} s of processor time"
    else:
        costly = False
    for link in chain:
        link.__traceback__ = None  # its frames hold what the template made
    return build_problem(message, page, template, line, costly=costly)


def build_problem(
    message: str, page: str = "", template: str = "", line: int = 0, *, costly: bool = False
) -> Problem:
    """A problem whose message is one short line, whatever it was made of."""
    text = "".join(c if c.isprintable() else " " for c in message[:MESSAGE_LENGTH])
    if len(message) > MESSAGE_LENGTH:
        text += "…"
    return Problem(message=text, template=template, line=line, page=page, costly=costly)


def _chain(exc: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = exc
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
