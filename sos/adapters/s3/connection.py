"""From AWS's environment to clients of the driver that give up early.

In: time-outs, and AWS's own chain of credentials: environment, profiles, web identity, container,
instance. Out: clients of the driver, reused until they are closed. Asks the store for nothing, and
shows credentials to nobody.
"""

import asyncio
import contextlib
import os
from typing import Any

import msgspec

CREDENTIALS_SECONDS = 20.0
"""Longest wait for the first credentials: an instance's metadata service is asked up to three times
for up to 5 s (its default of one time for 1 s fails on instances that have just started)."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long the store may take, seconds.

    ``connect`` for a connection. ``read`` between two bytes of an answer, also before the first;
    ``write`` is that for an upload, which the store acknowledges when it is safe. Each request is
    made at most twice. A whole call takes at most ``total`` and the time its bytes take at
    ``slowest`` bytes/s, so that a transfer that trickles ends; a list takes at most ``listing``.
    """

    connect: float = 1.0
    read: float = 2.0
    write: float = 10.0
    total: float = 10.0
    slowest: float = 1_000_000.0
    listing: float = 60.0


class Connection:
    """The driver's session and its clients, one for each time-out; made when first needed.

    Whoever uses it counts itself in ``users``, so that one that was ``retired``, because its
    credentials were refused, is closed by the last of them.
    """

    def __init__(self, patience: Patience) -> None:
        self.users = 0
        self.retired = False
        self._patience = patience
        self._lock = asyncio.Lock()
        self._session: Any = None
        self._clients: dict[float, Any] = {}
        self._exits = contextlib.AsyncExitStack()

    async def open(self, silence: float) -> Any:
        """A client that gives up after ``silence`` seconds without a byte.

        Raises the driver's errors, one of them when there are no credentials after 20 s.
        """
        client = self._clients.get(silence)
        if client is not None:
            return client
        try:
            async with asyncio.timeout(CREDENTIALS_SECONDS), self._lock:
                if self._session is None:
                    self._session = await asyncio.to_thread(_load_driver)
                if silence not in self._clients:
                    self._clients[silence] = await self._create(silence)
                return self._clients[silence]
        except TimeoutError as exc:
            from botocore.exceptions import CredentialRetrievalError

            chain = f"AWS's chain in {CREDENTIALS_SECONDS:.0f} s"
            raise CredentialRetrievalError(provider=chain, error_msg="time-out") from exc

    async def _create(self, silence: float) -> Any:
        from aiobotocore.config import AioConfig
        from botocore.exceptions import NoCredentialsError

        # Here rather than within a request, where their delay would count as the store's.
        credentials = await self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        await credentials.get_frozen_credentials()
        config = AioConfig(
            connect_timeout=self._patience.connect,
            read_timeout=silence,
            retries={"mode": "standard", "total_max_attempts": 2},
            response_checksum_validation="when_required",  # `fetch` does it, at every store
        )
        # AWS's other tools read AWS_REGION; this driver knows AWS_DEFAULT_REGION only.
        region = os.environ.get("AWS_REGION") or None
        client = self._session.create_client("s3", region_name=region, config=config)
        return await self._exits.enter_async_context(client)

    async def aclose(self) -> None:
        """Close every connection; calling it again is fine."""
        async with self._lock:
            self._clients.clear()
            await self._exits.aclose()


def _load_driver() -> Any:
    """A session of the driver with all that it reads from disk: 0.4 s, so call it in a thread."""
    from aiobotocore.session import AioSession

    session = AioSession()
    session.set_config_variable("metadata_service_timeout", 5)
    session.set_config_variable("metadata_service_num_attempts", 3)
    session.warm_up_loader_caches("s3")
    return session
