"""One public connection: bytes of a client in, answers in the order of the requests out.

It is in charge as long as requests are plain and their pages at hand. Any other whole request goes
to an aiohttp protocol object, which is in charge until its answer is written; what comes meanwhile
waits. What is not whole (it has a body, wants another protocol, is nonsense) goes there for good,
with all that follows: no second opinion on where such a request ends is ever acted on.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final, cast

import structlog

from sos.web.front.answers import Answers
from sos.web.front.head import MAX_PLAIN, Head
from sos.web.front.register import (
    FOREVER,
    HEAD_SECONDS,
    UNUSUAL_SECONDS,
    WRITE_SECONDS,
    Register,
)
from sos.web.protocol import Connection

MAX_HEAD: Final = 32_768
"""Most bytes of a head; also how much may wait before no more is read."""

AT_ONCE: Final = 32
"""Most requests of one connection that are answered before it is the turn of the others."""

_EMPTY_LINE: Final = b"\r\n\r\n"
_NO_LINGER: Final = struct.pack("ii", 1, 0)

log = structlog.get_logger()


class FrontConnection(asyncio.Protocol):
    """Fills `register.Timed`. ``connect`` makes an aiohttp protocol object for the connection."""

    __slots__ = (
        "_answers",
        "_connect",
        "_for_good",
        "_free",
        "_full",
        "_held",
        "_inner",
        "_is_reading",
        "_probe",
        "_register",
        "_scanned",
        "_transport",
        "_waiting",
        "deadline",
    )

    def __init__(
        self,
        answers: Answers,
        register: Register,
        connect: Callable[[Callable[[bool], None]], Connection],
    ) -> None:
        self._answers = answers
        self._register = register
        self._connect = connect
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._inner: Connection | None = None
        self._probe: Head | None = None
        self._held = bytearray()
        self._scanned = 0
        self._waiting = self._for_good = self._full = False
        self._free = self._is_reading = True
        self.deadline = FOREVER

    # ------------------------------------------------------------ what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)
        self.deadline = self._register.idle_until
        if not self._register.add(self):
            self._refuse(503, "connections")

    def data_received(self, data: bytes) -> None:
        """Answer at once what can be; the way of nearly all requests."""
        if not self._free or len(data) > MAX_PLAIN:
            self._receive(data)
            return
        try:
            response = self._answers.find(data)
        except Exception:  # whatever it is, aiohttp can do without
            response = None
            log.exception("front_failed")
        if response is not None:
            self._transport.write(response)
            self.deadline = self._register.idle_until
        elif self._answers.head.is_whole:
            self._free = False
            self._hand_over(data, for_good=False)
        else:
            self._receive(data)

    def pause_writing(self) -> None:
        """The client takes its answers slower than they come."""
        self._full, self._free = True, False
        self._set_deadline()
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """It has taken most of them."""
        self._full = False
        self._set_deadline()
        if self._inner is not None:
            self._inner.resume_writing()
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._free = False
        self._for_good = True
        self._held.clear()
        self._probe = None
        self._register.remove(self)
        if self._inner is not None:
            self._inner.connection_lost(exc)
            self._inner = None

    # ------------------------------------------------------------ what the register calls

    @property
    def idle(self) -> bool:
        """Whether nothing of a request has come, and nothing is owed."""
        return self._free

    def close(self) -> None:
        """End it, once what was written is sent."""
        self._free = False
        self._transport.close()

    def expire(self) -> None:
        """Its time is up."""
        if self._full or self._transport.is_closing():
            self._register.cut("slow_reader")
            # Else the kernel would keep what it never takes, for minutes.
            self._transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
            )
            self._transport.abort()
        elif self._probe is not None:
            self._refuse(408, "slow_head")
        else:
            self.close()
        # Whoever does not take the last bytes either is cut off.
        self.deadline = asyncio.get_running_loop().time() + WRITE_SECONDS

    # ------------------------------------------------------------ all but the shortest way

    def _receive(self, data: bytes) -> None:
        if self._for_good:
            if self._inner is not None:
                self._inner.data_received(data)
            return
        self._free = False
        self._held += data
        self._go_on()
        if len(self._held) > MAX_HEAD and self._is_reading and not self._transport.is_closing():
            self._is_reading = False
            self._transport.pause_reading()

    def _go_on(self) -> None:
        """Answer or hand over what has come, as far as it is its turn."""
        if self._transport.is_closing():
            return
        left = AT_ONCE
        while self._held and not (self._waiting or self._for_good or self._full):
            if not left:
                asyncio.get_running_loop().call_soon(self._go_on)
                break
            left -= 1
            end = self._held.find(_EMPTY_LINE, max(0, self._scanned - 3)) + len(_EMPTY_LINE)
            if end < len(_EMPTY_LINE):
                self._wait_for_more()
                self._read_on()
                return
            request = bytes(self._held[:end])
            del self._held[:end]
            self._scanned, self._probe = 0, None
            self._answer(request)
        self._read_on()
        if not (self._held or self._waiting or self._for_good or self._full):
            self._free = True
            self.deadline = self._register.idle_until

    def _read_on(self) -> None:
        """Read again, when not too much is left of what has come."""
        if self._is_reading or len(self._held) > MAX_HEAD or self._transport.is_closing():
            return
        self._is_reading = True
        self._transport.resume_reading()

    def _answer(self, request: bytes) -> None:
        try:
            response = self._answers.find(request)
        except Exception:
            response = None
            log.exception("front_failed")
        if response is not None:
            self._transport.write(response)
        else:
            self._hand_over(request, for_good=not self._answers.head.is_whole)

    def _wait_for_more(self) -> None:
        """The head is not complete; find out early when it never will be."""
        if len(self._held) > MAX_HEAD:
            self._refuse(431, "head")
            return
        if self._probe is None:
            self._probe = Head()
            self._set_deadline()
        if not self._probe.may_go_on(bytes(self._held[self._scanned :])):
            self._probe = None
            self._hand_over(b"", for_good=True)
        self._scanned = len(self._held)

    def _hand_over(self, request: bytes, *, for_good: bool) -> None:
        if self._inner is None:
            self._inner = self._connect(self._finished)
            self._inner.connection_made(self._transport)
        self._waiting, self._for_good = not for_good, for_good
        if for_good:
            request += bytes(self._held)
            self._held.clear()
            self._read_on()  # from now on aiohttp says when
        self._set_deadline()
        self._inner.data_received(request)

    def _finished(self, keep_alive: bool) -> None:
        """An answer of aiohttp's is written. It ends the connection itself where it has to."""
        self._waiting = False
        self._for_good = self._for_good or not keep_alive
        self._set_deadline()
        if not self._for_good:
            asyncio.get_running_loop().call_soon(self._go_on)

    def _refuse(self, status: int, reason: str) -> None:
        self._register.cut(reason)
        self._free, self._for_good, self._probe = False, True, None
        self._held.clear()
        self._transport.write(self._answers.refusal(status))
        self._transport.close()
        self._set_deadline()

    def _set_deadline(self) -> None:
        """How long the present state may last."""
        now = asyncio.get_running_loop().time()
        if self._full:
            self.deadline = now + WRITE_SECONDS
        elif self._waiting:
            self.deadline = FOREVER
        elif self._for_good:
            self.deadline = now + UNUSUAL_SECONDS
        else:
            self.deadline = now + HEAD_SECONDS
