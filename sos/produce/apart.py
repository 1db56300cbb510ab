"""Large documents, read in a process of their own: JSON in, typed and sanitised posts out.

Whatever an editor wrote, to read it never keeps the event loop of a worker waiting; a thread would,
because most of the time goes to regular expressions and parsers that hold the interpreter. The
process lives as long as one page needs it.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence

import msgspec

from sos.content.post import Post, parse_post
from sos.errors import DocumentError

SECONDS = 20.0
"""What takes longer is not read. Eight hostile megabytes take about five."""

_COMMAND = (sys.executable, "-m", "sos.produce.apart")
_KEPT = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


class Job(msgspec.Struct, frozen=True):
    """Documents to read; ``body`` as `parse_post` has it."""

    documents: list[bytes]
    embed_hosts: frozenset[str] | None
    body: bool


async def parse_apart(
    documents: Sequence[bytes], embed_hosts: frozenset[str] | None, *, body: bool
) -> list[Post | DocumentError]:
    """Each document as `parse_post` reads it, or why it can't be read."""
    job = Job(list(documents), embed_hosts, body)
    try:
        answers = await _ask(msgspec.msgpack.encode(job))
        read = msgspec.msgpack.decode(answers, type=list[Post | str])
    except (TimeoutError, msgspec.MsgspecError) as exc:
        reason = str(exc) or type(exc).__name__
        read = [f"could not be read in a process of its own: {reason}"] * len(documents)
    except OSError:  # no process is to be had: to be slow is better than to fail
        read = await asyncio.to_thread(_read, job)
    return [DocumentError(a) if isinstance(a, str) else a for a in read]


async def _ask(job: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
        # Its own session: Ctrl-C at the terminal reaches the supervisor alone.
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(SECONDS):
            answer, _ = await process.communicate(job)
            return answer
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def read_one(
    document: bytes, embed_hosts: frozenset[str] | None, *, body: bool
) -> Post | DocumentError:
    """A document as `parse_post` reads it, or why it can't be read."""
    try:
        return parse_post(document, embed_hosts, body=body)
    except DocumentError as exc:
        return exc


def _read(job: Job) -> list[Post | str]:
    read = (read_one(d, job.embed_hosts, body=job.body) for d in job.documents)
    return [str(post) if isinstance(post, DocumentError) else post for post in read]


def main() -> None:
    """Read one job, write its answer, end."""
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.msgpack.encode(_read(job)))


if __name__ == "__main__":
    main()
