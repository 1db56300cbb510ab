"""From the CONSUL_… variables to where the agent is and how to be let in; pure.

In: an environment. Out: a `ConsulAddress`, which never prints its token. Names and meanings are
those of Consul's own commands (Consul documentation, "Consul commands: environment variables"),
not those of py-consul, which reads fewer of them, and some otherwise.
"""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from sos.errors import SettingsError

DEFAULT_ADDRESS = "127.0.0.1:8500"

_YES = frozenset({"1", "t", "true"})
_NO = frozenset({"0", "f", "false"})


class ConsulAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the agent's HTTP API is; a ``socket`` (path) stands in for host and port.

    ``token_file`` wins over ``token``, as with Consul's own commands. ``server_name`` is the name
    in the agent's certificate where it is not ``host``.
    """

    scheme: Literal["http", "https"] = "http"
    host: str = "127.0.0.1"
    port: int = 8500
    socket: str = ""
    token: str = ""
    token_file: str = ""
    namespace: str = ""
    verify: bool = True
    ca_file: str = ""
    ca_path: str = ""
    client_cert: str = ""
    client_key: str = ""
    server_name: str = ""

    @property
    def label(self) -> str:
        """How messages name the agent."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.socket or f"{host}:{self.port}"

    def __repr__(self) -> str:
        return f"ConsulAddress({self.scheme}, {self.label})"


def parse_environment(environ: Mapping[str, str]) -> ConsulAddress:
    """The agent that CONSUL_HTTP_ADDR and its relatives name; 127.0.0.1:8500 where none does.

    Raises SettingsError naming the variable, never a token.
    """
    given = {name: value.strip() for name, value in environ.items() if name.startswith("CONSUL_")}
    token = given.get("CONSUL_HTTP_TOKEN", "")
    if not token.isascii() or not token.isprintable():
        raise SettingsError("CONSUL_HTTP_TOKEN holds characters that no header may carry")
    if bool(given.get("CONSUL_CLIENT_CERT")) != bool(given.get("CONSUL_CLIENT_KEY")):
        raise SettingsError("CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY need each other")
    fields = _parse_address(given.get("CONSUL_HTTP_ADDR") or DEFAULT_ADDRESS)
    # As in Consul: the variable turns TLS on, and an address with http:// does not turn it off.
    secure = _parse_flag(given, "CONSUL_HTTP_SSL", default=False) or fields.scheme == "https"
    return msgspec.structs.replace(
        fields,
        scheme="https" if secure else "http",
        token=token,
        token_file=given.get("CONSUL_HTTP_TOKEN_FILE", ""),
        namespace=given.get("CONSUL_NAMESPACE", ""),
        verify=_parse_flag(given, "CONSUL_HTTP_SSL_VERIFY", default=True),
        ca_file=given.get("CONSUL_CACERT", ""),
        ca_path=given.get("CONSUL_CAPATH", ""),
        client_cert=given.get("CONSUL_CLIENT_CERT", ""),
        client_key=given.get("CONSUL_CLIENT_KEY", ""),
        server_name=given.get("CONSUL_TLS_SERVER_NAME", ""),
    )


def _parse_address(text: str) -> ConsulAddress:
    """Scheme, host and port, or socket. The text is not repeated: a password may be in it."""
    problem = SettingsError(
        "CONSUL_HTTP_ADDR: expected host:port, http://host:port, https://host:port or unix:///path"
    )
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        port = parts.port
    except ValueError:
        raise problem from None
    if parts.scheme == "unix":
        if parts.netloc or not parts.path.startswith("/"):
            raise problem
        return ConsulAddress(host="localhost", port=0, socket=parts.path)
    if parts.scheme not in ("", "http", "https") or not _is_plain(parts):
        raise problem
    if port is None:
        if not parts.scheme:
            raise problem
        port = 443 if parts.scheme == "https" else 80
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    return ConsulAddress(scheme=scheme, host=parts.hostname or "", port=port)


def _is_plain(parts: SplitResult) -> bool:
    """Whether there is nothing but a host and a port."""
    extras = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    host = parts.hostname or ""
    return bool(host) and not extras and host.isprintable() and " " not in host


def _parse_flag(given: Mapping[str, str], name: str, *, default: bool) -> bool:
    """As Go's strconv.ParseBool, in any case."""
    text = given.get(name, "").lower()
    if text and text not in _YES | _NO:
        raise SettingsError(f"{name}: expected true or false")
    return text in _YES if text else default
