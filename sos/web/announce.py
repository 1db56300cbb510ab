"""Say where a node listens: one log line, and ``node.json`` in its state folder while it runs.

In: the addresses that were bound. Out: a file that tests, scripts and ``sos fleet`` can read. A
state folder that can't be written to is reported and costs nothing else.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

log = structlog.get_logger()


class NodeAddresses(msgspec.Struct, frozen=True):
    """Where a node can be reached: ``host:port`` of both ports, and the supervisor's process id."""

    pid: int
    public: str
    private: str


@contextlib.contextmanager
def announce(addresses: NodeAddresses, folder: Path) -> Iterator[None]:
    """Log ``node_started`` and keep ``node.json`` in ``folder``; the file goes at the end."""
    path = folder / "node.json"
    body = msgspec.json.encode(addresses)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"node.json.{addresses.pid}"
        draft.write_bytes(body)
        draft.replace(path)
    except OSError as exc:
        log.warning("node_file_not_written", path=str(path), error=exc.strerror)
    log.info("node_started", public=addresses.public, private=addresses.private)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if path.read_bytes() == body:  # not that of a node started since
                path.unlink()
