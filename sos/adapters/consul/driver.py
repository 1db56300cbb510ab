"""py-consul's calls over an HTTP client that is bounded in time and in size.

In: questions put to py-consul's API objects. Out: answers, or errors of the port. Importing this
costs 0.1 s to 0.3 s (py-consul brings `requests` along), which is why `connection` does it late, in
a thread.

Why py-consul's own asyncio client is not used as it is (1.8.0): it gives aiohttp an argument that
is deprecated, on every start; it reads answers of any size; it has no time-out of its own for
writes, and none for connecting; it follows redirects, with the token; its transactions carry no
token at all; it loads the authorities of the system in the event loop; it knows no unix sockets;
and a write whose connection breaks is sent twice. So `BoundedHttp` takes the place of that client,
which is the one thing py-consul lets one replace; its KV, Txn, Agent and Health stay as they are.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import consul.aio
import consul.base
import msgspec
from yarl import URL

from sos.adapters.consul.environment import ConsulAddress
from sos.errors import KeyStoreDeniedError, KeyStoreError

MAX_ANSWER_BYTES = 1024 * 1024
"""Longest answer that is read. Consul's largest value is 512 KiB, which is 683 KiB as base64."""

T = TypeVar("T")

_DENIALS = ("Permission denied", "ACL not found")
"""How Consul says so, also in an answer of 500 that another server gave first."""


class ConflictError(consul.ConsulException):  # type: ignore[misc]  # py-consul has no types
    """409: a transaction that was rolled back; ``body`` says why."""

    def __init__(self, body: str) -> None:
        super().__init__("409")
        self.body = body


class Access(msgspec.Struct, frozen=True):
    """What had to be read from disk: the token, and what a connection with TLS needs."""

    token: str = ""
    context: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return "Access(…)"


def read_access(address: ConsulAddress) -> Access:
    """Read the token and the certificates; blocks. Raises KeyStoreError naming the variable."""
    return Access(read_token(address), _build_context(address))


def read_token(address: ConsulAddress) -> str:
    """The token, from its file where there is one; blocks. Raises KeyStoreError."""
    if not address.token_file:
        return address.token
    try:
        token = Path(address.token_file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not a token"
        raise KeyStoreError(f"CONSUL_HTTP_TOKEN_FILE {address.token_file}: {reason}") from None
    if not token.isprintable():
        raise KeyStoreError(f"CONSUL_HTTP_TOKEN_FILE {address.token_file}: not a token")
    return token or address.token


def _build_context(address: ConsulAddress) -> ssl.SSLContext | None:
    if address.scheme != "https":
        return None
    try:
        context = ssl.create_default_context(
            cafile=address.ca_file or None, capath=address.ca_path or None
        )
        if address.client_cert:
            context.load_cert_chain(address.client_cert, address.client_key)
    except (OSError, ValueError) as exc:  # ssl.SSLError is an OSError
        raise KeyStoreError(
            "CONSUL_CACERT, CONSUL_CAPATH, CONSUL_CLIENT_CERT or CONSUL_CLIENT_KEY can't be used: "
            f"{exc}"
        ) from exc
    if not address.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class BoundedHttp(consul.aio.HTTPClient):  # type: ignore[misc]  # py-consul has no types
    """The client under py-consul's calls: their URLs, our bounds. ``timeout`` is in seconds."""

    def __init__(self, address: ConsulAddress, access: Access, timeout: float) -> None:
        # Not that of the class in between, which opens a session of its own.
        consul.base.HTTPClient.__init__(self, address.host, address.port, address.scheme)
        if ":" in address.host:
            self.base_uri = f"{address.scheme}://[{address.host}]:{address.port}"
        elif address.socket:
            self.base_uri = f"{address.scheme}://localhost"
        self.token = access.token
        self._timeout = timeout
        self._namespace = address.namespace
        self._server_name = address.server_name or None
        self._session = aiohttp.ClientSession(
            connector=_build_connector(address, access),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
        )

    def uri(self, path: str, params: list[tuple[str, Any]] | None = None) -> str:
        """The URL of a call; the namespace, where one is set, belongs to each."""
        extra = [("ns", self._namespace)] if self._namespace else []
        uri: str = super().uri(path, [*(params or []), *extra])
        return uri

    async def _request(
        self,
        callback: Callable[[consul.base.Response], T],
        method: str,
        uri: str,
        headers: Mapping[str, str] | None,
        data: str | bytes | None = None,
        connections_timeout: float | None = None,
        raw: bool = False,
    ) -> T:
        headers = {"X-Consul-Token": self.token} if self.token else {}
        content = data.encode() if isinstance(data, str) else data
        if content is not None:
            headers["Content-Length"] = str(len(content))
        async with self._session.request(
            method,
            URL(uri, encoded=True),
            headers=headers,
            data=None if content is None else _send_once(content),
            timeout=aiohttp.ClientTimeout(
                total=connections_timeout or self._timeout, sock_connect=self._timeout
            ),
            allow_redirects=False,
            server_hostname=self._server_name,
        ) as response:
            body = await _read(response)
        if response.status == 409:
            raise ConflictError(body)
        if response.status != 200 and not 400 <= response.status < 600:
            raise consul.ConsulException(f"{response.status}")
        return callback(consul.base.Response(response.status, response.headers, body))


def _build_connector(address: ConsulAddress, access: Access) -> aiohttp.BaseConnector:
    if address.socket:
        return aiohttp.UnixConnector(address.socket)
    return aiohttp.TCPConnector(ssl=access.context or True)


async def _send_once(content: bytes) -> AsyncIterator[bytes]:
    """A body that can't be sent again.

    aiohttp repeats a PUT whose connection breaks (RFC 9110, 9.2.2 calls it idempotent), but the
    second of two compare-and-sets fails if the first went through, and would report a lost race
    that was won.
    """
    yield content


async def _read(response: aiohttp.ClientResponse) -> str:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            response.close()
            raise consul.ConsulException(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
    return body.decode()


class Driver(consul.aio.Consul):  # type: ignore[misc]  # py-consul has no types
    """py-consul's API on `BoundedHttp`; to be made and closed in the event loop that uses it."""

    http: BoundedHttp

    def __init__(self, address: ConsulAddress, access: Access, timeout: float) -> None:
        self._address, self._access, self._timeout = address, access, timeout
        # py-consul takes what is not given from the environment; everything is given.
        super().__init__(
            host=address.host, port=address.port, scheme=address.scheme, verify=address.verify
        )
        self.token = None  # the client below sends it, with every call

    def http_connect(self, *_: object, **__: object) -> BoundedHttp:
        """Called by py-consul, once."""
        return BoundedHttp(self._address, self._access, self._timeout)

    async def ask(self, question: Callable[["Driver"], Awaitable[T]]) -> T:
        """Put a question. Raises KeyStoreDeniedError and KeyStoreError.

        They name no cause: an agent, or what sits in its place, may repeat the token in what it
        says, and drivers' errors repeat all of that.
        """
        try:
            return await question(self)
        except consul.ConsulException as exc:
            text = str(exc)
            denied = isinstance(exc, consul.ACLPermissionDenied) or any(d in text for d in _DENIALS)
            kind = KeyStoreDeniedError if denied else KeyStoreError
            problem = f"{'denies it' if denied else 'fails'}: {self.tidy(text)}"
        except TimeoutError:
            kind, problem = KeyStoreError, "does not answer in time"
        except (aiohttp.ClientError, OSError) as exc:
            kind = KeyStoreError
            problem = f"can't be asked: {self.tidy(str(exc) or type(exc).__name__)}"
        except _NONSENSE as exc:
            kind, problem = KeyStoreError, f"answers nonsense: {self.tidy(str(exc))}"
        raise kind(f"Consul at {self._address.label} {problem}")

    def tidy(self, text: str) -> str:
        """What an agent or a driver said, fit for a log: one short line, and never the token."""
        if self.http.token:
            text = text.replace(self.http.token, "***")
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


# What py-consul and the conversion of its answers raise for JSON that is not what Consul sends.
_NONSENSE = (
    ValueError, TypeError, AttributeError, LookupError, RecursionError, msgspec.MsgspecError,
)  # fmt: skip
