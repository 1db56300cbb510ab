"""Typed settings, loaded once at start and passed down: environment over file over defaults.

In: ``SOS_*`` variables and ``config/sos.toml``. Out: one frozen `Settings`. Never a global,
never read again, and a secret never leaves through `describe`.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec import Meta

from sos.errors import SettingsError

DEFAULT_FILE = Path("config/sos.toml")

Seconds = Annotated[int, Meta(ge=0, le=31_536_000)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every setting of sos. The environment variable is ``SOS_`` plus the upper-case name."""

    site: Annotated[
        str,
        Meta(
            pattern=r"^https?://[^/?#@\s]+$",
            description="Public base URL, without a path. Its host is the site's name in Redis.",
        ),
    ] = "http://127.0.0.1:8080"
    hosts: Annotated[
        tuple[str, ...],
        Meta(description="Host header values that are answered; default: the host of `site`."),
    ] = ()
    listen: Annotated[
        str, Meta(description="Public address and port; port 0 takes a free one.")
    ] = "127.0.0.1:8080"
    health_listen: Annotated[
        str,
        Meta(description="Private address and port: health, metrics. Keep it off the internet."),
    ] = "127.0.0.1:8081"
    workers: Annotated[
        int, Meta(ge=0, le=256, description="Worker processes; 0 means one per core.")
    ] = 0
    redis_url: Annotated[
        str,
        Meta(
            pattern=r"^(embedded:.+|(redis|rediss|redis\+sentinel|redis\+cluster|unix)://.+)$",
            description=(
                "Content store: `redis://`, `rediss://` (TLS), `redis+sentinel://h1,h2/service`, "
                "`redis+cluster://h1,h2`, `unix://`, or `embedded:FOLDER` (a Valkey of its own)."
            ),
        ),
    ] = "embedded:var/valkey"
    redis_timeout_ms: Annotated[
        int,
        Meta(
            ge=10,
            le=10_000,
            description="Time-out towards Redis in the request path, milliseconds.",
        ),
    ] = 250
    templates: Annotated[
        str, Meta(description="Folder of templates; empty takes the theme that comes with sos.")
    ] = ""
    cache_mb: Annotated[
        int,
        Meta(
            ge=1,
            le=65_536,
            description=(
                "Memory of each worker for pages and what they are made of, MiB; it takes about 50 "
                "MB besides."
            ),
        ),
    ] = 24
    cache_pages: Annotated[
        int,
        Meta(
            ge=1,
            le=90,
            description=(
                "Share of `cache_mb` for finished pages, percent; the rest is for what the next "
                "ones are made of."
            ),
        ),
    ] = 35
    front: Annotated[
        bool,
        Meta(
            description=(
                "Answer pages that are in memory before aiohttp sees the request; `off` leaves "
                "every request to aiohttp."
            )
        ),
    ] = True
    max_connections: Annotated[
        int,
        Meta(
            ge=16,
            le=1_000_000,
            description=(
                "Open connections of each worker; the idlest ones make room for new ones. The "
                "system's limit of open files may be lower."
            ),
        ),
    ] = 20_000
    access_log_every: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="Log one request in so many; 0 logs none, 1 logs each.",
        ),
    ] = 1000
    max_age: Annotated[
        Seconds,
        Meta(description="How long the edge may serve a page without asking, seconds (s-maxage)."),
    ] = 10
    stale_while_revalidate: Annotated[
        Seconds,
        Meta(description="How long after that the edge may serve it while it asks, seconds."),
    ] = 30
    stale_if_error: Annotated[
        Seconds,
        Meta(description="How long the edge may serve it while sos fails, seconds."),
    ] = 86_400
    embed_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Hosts whose iframes survive in content, and load when the reader agrees; "
            "empty takes the built-in list."
        ),
    ] = ()
    uploads_origin: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s?#@]+|file:.+)?$",
            description=(
                "Where `/wp-content/uploads/` comes from when sos has to serve it itself (demo, "
                "small sites): a base URL, or `file:FOLDER`. Empty: it is the edge's business, "
                "and 404."
            ),
        ),
    ] = ""
    bucket: Annotated[
        str,
        Meta(
            pattern=r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^?#\s]*)?|file:.+)$",
            description="Where releases are published: `s3://bucket/prefix` or `file:FOLDER`.",
        ),
    ] = "file:var/releases"
    pointer: Annotated[
        str,
        Meta(
            pattern=r"^(consul:[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*|file:.+)$",
            description=(
                "What says which release is live: `consul:PREFIX` (keys PREFIX/templateRelease, "
                "PREFIX/templateReleaseCanary; the agent is CONSUL_HTTP_ADDR), or `file:FOLDER`."
            ),
        ),
    ] = "file:var/pointer"
    release_public_key: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{43}=$")], ...],
        Meta(
            description=(
                "Public keys (`sos release keygen`); where set, a release that none of them "
                "signed is refused."
            )
        ),
    ] = ()
    release_spread_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=3600,
            description=(
                "Over how long the nodes of a fleet change to a new release, each at a moment of "
                "its own; a rollback never waits."
            ),
        ),
    ] = 0
    preview_secret: Annotated[
        str,
        Meta(
            pattern=r"^(.{16,})?$",
            description=(
                "Secret that signs preview links, 16 characters or more, the same on every node "
                "and in WordPress; empty: no previews."
            ),
        ),
    ] = ""
    node: Annotated[
        str,
        Meta(
            pattern=r"^([A-Za-z0-9][A-Za-z0-9_.:-]{0,127})?$",
            description="Name of this node in its fleet; default: host name and private port.",
        ),
    ] = ""
    advertise: Annotated[
        str,
        Meta(
            description=(
                "Host at which the fleet, and Consul's checks, reach the private port; default: "
                "that of `health_listen`, or the host name where it listens on every address."
            )
        ),
    ] = ""
    state_dir: Annotated[
        str,
        Meta(
            description=(
                "Folder that a node may write to: its last good release and a snapshot of content, "
                "which every start begins with."
            )
        ),
    ] = "var"
    drain_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=300,
            description=(
                "After SIGTERM: how long health answers 503 while traffic is still served, so that "
                "the load balancer takes the node out first."
            ),
        ),
    ] = 15
    hang_seconds: Annotated[
        int,
        Meta(ge=1, le=300, description="A worker silent for this long is killed and replaced."),
    ] = 5
    log_format: Annotated[
        str, Meta(pattern="^(auto|json|console)$", description="`json`, `console`, or `auto`.")
    ] = "auto"
    log_level: Annotated[
        str, Meta(pattern="^(debug|info|warning|error)$", description="Least level that is logged.")
    ] = "info"

    @property
    def host(self) -> str:
        """Host of `site` without its port: the site's name in Redis."""
        return urlsplit(self.site).hostname or ""

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Lower-case Host header values that are answered."""
        return frozenset(h.lower() for h in (self.hosts or (urlsplit(self.site).netloc,)))

    @property
    def worker_count(self) -> int:
        """Number of worker processes, at least 1."""
        return self.workers or os.cpu_count() or 1


class Source(msgspec.Struct, frozen=True):
    """One effective setting: its printable value, where it came from, what it is for."""

    name: str
    value: Any
    origin: str
    description: str


def load_settings(
    environ: Mapping[str, str] | None = None, file: Path | None = None
) -> tuple[Settings, tuple[Source, ...]]:
    """Merge defaults, file and environment into settings and where each came from.

    ``file`` defaults to ``SOS_CONFIG`` or ``config/sos.toml`` where that exists.
    Raises SettingsError naming the first setting that is unknown or invalid.
    """
    environ = os.environ if environ is None else environ
    explicit = file or (Path(environ["SOS_CONFIG"]) if environ.get("SOS_CONFIG") else None)
    path = explicit or DEFAULT_FILE
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if explicit or path.is_file():
        for name, value in _read_toml(path).items():
            _require_known(name, f"{path}")
            values[name], origins[name] = value, str(path)
    for variable, text in environ.items():
        if not variable.startswith("SOS_") or variable in _NOT_SETTINGS:
            continue
        name = variable.removeprefix("SOS_").lower()
        _require_known(name, variable)
        values[name], origins[name] = _from_text(name, text), variable
    converted = {name: _convert(name, value, origins[name]) for name, value in values.items()}
    settings = Settings(**converted)
    for name in ("listen", "health_listen"):
        parse_address(getattr(settings, name), name)
    return settings, tuple(
        Source(n, _redact(getattr(settings, n), n), origins.get(n, "default"), d)
        for n, d in descriptions().items()
    )


def descriptions() -> dict[str, str]:
    """Name and description of every setting, in the order of declaration."""
    hints = get_type_hints(Settings, include_extras=True)
    return {
        f: next(m.description or "" for m in reversed(hints[f].__metadata__) if isinstance(m, Meta))
        for f in Settings.__struct_fields__
    }


def parse_address(text: str, setting: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` as a pair. Raises SettingsError naming the setting."""
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})", text)
    if not match or int(match[2]) > 65_535:
        raise SettingsError(f"{setting}: expected host:port, got {text!r}")
    return match[1].strip("[]"), int(match[2])


# Variables with the prefix that steer the process or its tests rather than a node.
_NOT_SETTINGS = frozenset(
    {
        "SOS_CONFIG",
        "SOS_DIFFERENTIAL_REQUESTS",
        "SOS_DIFFERENTIAL_SEED",
        "SOS_FUZZ_SECONDS",
        "SOS_TEST_CACHE",
        "SOS_WP_PASSWORD",
        "SOS_WP_USER",
    }
)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(f"can't read settings file {path}: {exc}") from exc


def _require_known(name: str, origin: str) -> None:
    if name not in Settings.__struct_fields__:
        raise SettingsError(f"unknown setting {name!r} (from {origin}); see docs/settings.md")


_WORDS = {"on": True, "yes": True, "off": False, "no": False}
"""What the environment may say besides ``true``, ``false``, ``1`` and ``0``."""


def _from_text(name: str, text: str) -> Any:
    hint = get_type_hints(Settings)[name]
    if hint is bool:
        return _WORDS.get(text.strip().lower(), text)
    return [t.strip() for t in text.split(",") if t.strip()] if hint == tuple[str, ...] else text


def _convert(name: str, value: Any, origin: str) -> Any:
    hint = get_type_hints(Settings, include_extras=True)[name]
    try:
        return msgspec.convert(value, hint, strict=False)
    except msgspec.ValidationError as exc:
        shown = "…" if name in _UNQUOTED else repr(_redact(value, name))
        raise SettingsError(f"{name} = {shown} (from {origin}): {exc}") from exc


_SECRETS = frozenset({"preview_secret"})

_UNQUOTED = _SECRETS | {"release_public_key"}
"""A wrong value is not repeated: it may be another secret in the wrong place."""


def _redact(value: Any, name: str = "") -> Any:
    """Hide a secret, or the password of a URL; everything else as it is."""
    if name in _SECRETS:
        return "***" if value else ""
    if isinstance(value, list | tuple):
        return [_redact(v) for v in value]
    if not isinstance(value, str) or "@" not in value:
        return value
    parts = urlsplit(value)
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{name}:***@{host}")) if user else value
