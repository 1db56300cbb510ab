"""A transport without a network: what is written is kept, what is wished for is noted."""

from __future__ import annotations

import asyncio
from typing import Any


class FakeTransport(asyncio.Transport):
    """Remembers what is written. Closing tells the protocol on the next round, as a real one."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.protocol: Any = None
        self.paused = False
        self.closing = False
        self.lost = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Take bytes; what comes after the end is lost, as it would be."""
        assert isinstance(data, bytes | bytearray | memoryview)
        if not self.closing:
            self.written += data

    def is_closing(self) -> bool:
        """Whether the end was announced."""
        return self.closing

    def close(self) -> None:
        """Announce the end."""
        if not self.closing:
            self.closing = True
            asyncio.get_running_loop().call_soon(self.lose)

    def abort(self) -> None:
        """The same: nothing is buffered here."""
        self.close()

    def lose(self) -> None:
        """The end."""
        self.closing = True
        if not self.lost:
            self.lost = True
            self.protocol.connection_lost(None)

    def pause_reading(self) -> None:
        """No more, please."""
        self.paused = True

    def resume_reading(self) -> None:
        """More, please."""
        self.paused = False

    def is_reading(self) -> bool:
        """Whether more is wanted."""
        return not self.paused and not self.closing

    def get_write_buffer_size(self) -> int:
        """Nothing waits here."""
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """No socket, no names."""
        return default
