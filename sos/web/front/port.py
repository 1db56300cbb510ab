"""The public port with the front on: makes each connection, and ends them all when the worker does.

In: what a worker serves, and how many connections it may have. Out: fills `service.Port`.
"""

import asyncio
import resource
from collections.abc import Callable
from typing import Final

from sos.web.front.answers import Answers
from sos.web.front.connection import FrontConnection
from sos.web.front.register import Register
from sos.web.protocol import Connection

SPARE_FILES: Final = 256
"""Descriptors that are left for everything but connections of clients."""


class FrontPort:
    """``connect`` makes an aiohttp protocol object that reports each answer that it has written."""

    def __init__(
        self,
        answers: Answers,
        register: Register,
        connect: Callable[[Callable[[bool], None]], Connection],
    ) -> None:
        self._answers = answers
        self._register = register
        self._connect = connect

    def __call__(self) -> asyncio.BaseProtocol:
        """The protocol of a new connection."""
        return FrontConnection(self._answers, self._register, self._connect)

    def __len__(self) -> int:
        """Open connections."""
        return len(self._register)

    def drain(self) -> None:
        """From now on every answer tells its client that the connection ends."""
        self._answers.stop()

    def close_idle(self) -> None:
        """End the connections that nobody waits at."""
        self._register.close_idle()

    def stop(self) -> None:
        """Watch over connections no more."""
        self._register.stop()


def raise_limit(wanted: int) -> int:
    """Let this process have ``wanted`` connections, as far as the system allows; how many it may.

    The soft limit of open files is 1,024 on most systems, for the sake of select(2), which nothing
    here uses.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted + SPARE_FILES:
        most = hard if hard != resource.RLIM_INFINITY else wanted + SPARE_FILES
        soft = min(wanted + SPARE_FILES, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(wanted, max(16, soft - SPARE_FILES))
