"""A WordPress site over HTTP, behind the port of `content.source`.

In: URLs. Out: answers of bounded size within bounded time. An exception of the driver never leaves
this module. No redirect is followed, no cookie kept, no proxy taken from the environment; a name
that leads to a private address is refused unless the site that was given is private itself.
"""

import asyncio
import ipaddress
import socket
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from sos import __version__
from sos.errors import SourceError
from sos.wordpress.source import Answer, AnswerTooLargeError, Credentials, PassingSourceError

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Longest answer that is read, bytes after decompression."""


class StrangeAddressError(OSError):
    """A public site leads to a private address, or a private one to the public web."""


def is_private(address: str) -> bool:
    """Whether an IP address is loopback, link-local, private, reserved, multicast, or hides one.

    Anything but the globally reachable of IANA's special-purpose registries counts (RFC 6890), also
    behind an IPv4-mapped (RFC 4291), 6to4 (RFC 3056) or NAT64 (RFC 6052) address.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        nat64 = ip in ipaddress.ip_network("64:ff9b::/96")
        inner = ip.ipv4_mapped or ip.sixtofour
        inner = inner or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if nat64 else None)
        if inner is not None:
            return is_private(str(inner))
    return not ip.is_global or ip.is_multicast


class _GuardedResolver(AbstractResolver):
    """Resolves names at the moment of connecting, and drops what is not of the site's own kind.

    A public site has public addresses only, a private one private ones only. Checking here rather
    than before the request leaves no gap in which a name could change (DNS rebinding).
    """

    def __init__(self, inner: AbstractResolver, *, private: bool) -> None:
        self._inner = inner
        self._private = private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        results = await self._inner.resolve(host, port, family)
        kept = [r for r in results if is_private(r["host"]) == self._private]
        if results and not kept:
            kind = "public" if self._private else "private"
            raise StrangeAddressError(f"{host} leads to the {kind} address {results[0]['host']}")
        return kept

    async def close(self) -> None:
        await self._inner.close()


class WordPressHttp:
    """The HTTP side of the site at ``url``; an async context manager that owns its connections.

    ``timeout`` bounds a whole answer and ``silence`` the wait for its next byte, in seconds.
    Raises SourceError for what is no URL.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 120.0,
        silence: float = 60.0,
        max_bytes: int = MAX_ANSWER_BYTES,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._host = _find_host(url)
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=15, sock_read=silence)
        self._max_bytes = max_bytes
        self._given_resolver = resolver
        self._private = False
        self._session: aiohttp.ClientSession | None = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection; calling it again is fine."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(self, url: str, credentials: Credentials | None = None) -> Answer:
        """See `SourceHttp.fetch`."""
        try:
            session = await self._open()
            self._guard(url, secret=credentials is not None)
            async with session.get(
                url,
                headers=_authorization(credentials),
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                headers = {k.lower(): v for k, v in response.headers.items() if k.lower() != "link"}
                headers["link"] = ", ".join(response.headers.getall("link", []))
                body = await self._read(response, url)
                return Answer(url, response.status, headers, body)
        except StrangeAddressError as exc:
            raise SourceError(f"{url}: {exc}; it is not asked for anything") from exc
        except aiohttp.ClientConnectorCertificateError as exc:
            reason = exc.certificate_error
            raise SourceError(f"{url}: its certificate can't be trusted: {reason}") from exc
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as exc:
            _raise_unreachable(url, exc)
        except TimeoutError as exc:
            raise PassingSourceError(f"{url} did not answer in time", "slow") from exc
        except (aiohttp.InvalidURL, ValueError) as exc:
            raise SourceError(f"{url!r} is not a URL that can be asked: {exc}") from exc
        except (aiohttp.ClientError, OSError) as exc:
            detail = str(exc) or type(exc).__name__
            raise PassingSourceError(f"{url} broke off: {detail}", "failed") from exc

    async def _read(self, response: aiohttp.ClientResponse, url: str) -> bytes:
        chunks = bytearray()
        async for chunk in response.content.iter_chunked(256 * 1024):
            chunks += chunk
            if len(chunks) > self._max_bytes:
                response.close()
                raise AnswerTooLargeError(
                    f"{url} answered with more than {self._max_bytes // 1024 // 1024} MB"
                )
        return bytes(chunks)

    async def _open(self) -> aiohttp.ClientSession:
        async with self._lock:
            if self._session is None:
                resolver = self._given_resolver or ThreadedResolver()
                self._private = await _is_private_host(self._host, resolver)
                guarded = _GuardedResolver(resolver, private=self._private)
                self._session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(resolver=guarded, ttl_dns_cache=300),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    headers={
                        "User-Agent": f"sos/{__version__} (importer)",
                        "Accept": "application/json, text/html;q=0.8, */*;q=0.5",
                    },
                )
            return self._session

    def _guard(self, url: str, *, secret: bool) -> None:
        """Refuse what the resolver does not see: literal addresses, and secrets in the clear."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if _is_literal(host) and is_private(host) != self._private:
            raise StrangeAddressError(f"{host} is not an address that this site may lead to")
        if secret and parts.scheme != "https" and not self._private:
            raise SourceError(
                f"{url}: a password is sent over https only; give the https address of the site"
            )


def _find_host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError as exc:
        raise SourceError(f"not a URL: {url!r}: {exc}") from exc


async def _is_private_host(host: str, resolver: AbstractResolver) -> bool:
    """Whether each address of a host is private; an unknown host is not."""
    if _is_literal(host):
        return is_private(host)
    try:
        results = await resolver.resolve(host, 0, socket.AF_UNSPEC)
    except OSError:
        return False
    return bool(results) and all(is_private(r["host"]) for r in results)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _raise_unreachable(url: str, error: aiohttp.ClientError) -> NoReturn:
    cause = getattr(error, "os_error", None)
    if isinstance(cause, StrangeAddressError):
        raise SourceError(f"{url}: {cause}; it is not asked for anything") from error
    raise PassingSourceError(f"{url} can't be reached: {error}", "unreachable") from error


def _authorization(credentials: Credentials | None) -> dict[str, str]:
    if credentials is None:
        return {}
    value = aiohttp.encode_basic_auth(credentials.user, credentials.password, encoding="utf-8")
    return {"Authorization": value}
