"""A connection to the agent that opens with the first question; cheap to import and to make.

In: questions. Out: answers, or errors of the port. The driver is imported, and files are read, in
a thread, so that the event loop goes on meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from sos.adapters.consul.environment import ConsulAddress
from sos.errors import KeyStoreDeniedError, KeyStoreError

if TYPE_CHECKING:
    from sos.adapters.consul.driver import Access, Driver

T = TypeVar("T")


class ConsulConnection:
    """Questions to one agent. ``timeout`` bounds a call that does not wait, in seconds."""

    def __init__(self, address: ConsulAddress, timeout: float = 5.0) -> None:
        self.timeout = timeout
        self._address = address
        self._driver: Driver | None = None
        self._lock = asyncio.Lock()
        self._closed = False
        self._refresh = False

    async def ask(self, question: Callable[["Driver"], Awaitable[T]]) -> T:
        """See `Driver.ask`. A token in a file is read anew after it was denied."""
        driver = await self._open()
        try:
            return await driver.ask(question)
        except KeyStoreDeniedError:
            self._refresh = bool(self._address.token_file)
            raise

    async def aclose(self) -> None:
        """Close every connection; what waits fails. Calling it again is fine."""
        self._closed = True
        async with self._lock:
            if self._driver is not None:
                await self._driver.close()
                self._driver = None

    async def _open(self) -> "Driver":
        async with self._lock:
            if self._closed:
                raise KeyStoreError("the connection to Consul is closed")
            if self._driver is None:
                access = await asyncio.to_thread(_load, self._address)
                # Loaded by now: this costs nothing.
                from sos.adapters.consul.driver import Driver

                self._driver = Driver(self._address, access, self.timeout)
            elif self._refresh:
                from sos.adapters.consul.driver import read_token

                self._driver.http.token = await asyncio.to_thread(read_token, self._address)
                self._refresh = False
            return self._driver


def _load(address: ConsulAddress) -> "Access":
    from sos.adapters.consul.driver import read_access

    return read_access(address)
