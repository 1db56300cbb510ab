"""The parts of a rollout that settings name: releases, pointer, register of nodes.

In: settings. Out: the adapters behind their ports, each open for as long as its context is. Nothing
is asked of a server here, and only what is used is imported, drivers take 0.2 s each: a rollback
pays for Consul's alone.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sos.errors import SettingsError
from sos.rollout.pointer import Pointer
from sos.rollout.ports import FleetRegister, KeyStore, ObjectStore
from sos.settings import Settings

if TYPE_CHECKING:
    from sos.rollout.releases import Releases

REGISTER_TIMEOUT_MS = 1000
"""Time-out of a call to the register; a command can wait longer than a page can."""


@asynccontextmanager
async def open_objects(settings: Settings) -> AsyncIterator[ObjectStore]:
    """The store that ``bucket`` names: S3 or a folder."""
    objects = _build_objects(settings.bucket)
    try:
        yield objects
    finally:
        await objects.aclose()


@asynccontextmanager
async def open_releases(settings: Settings) -> AsyncIterator["Releases"]:
    """What was published in the store that ``bucket`` names."""
    from sos.rollout.releases import Releases

    async with open_objects(settings) as objects:
        yield Releases(objects)


@asynccontextmanager
async def open_keys(settings: Settings) -> AsyncIterator[KeyStore]:
    """The keys that ``pointer`` names: Consul's or a file's. Their prefix is `pointer_prefix`.

    Raises SettingsError for an address of Consul that can't be understood.
    """
    keys = _build_keys(settings.pointer)
    try:
        yield keys
    finally:
        await keys.aclose()


@asynccontextmanager
async def open_pointer(settings: Settings) -> AsyncIterator[Pointer]:
    """What says which release is live."""
    async with open_keys(settings) as keys:
        yield Pointer(keys, pointer_prefix(settings))


@asynccontextmanager
async def open_register(
    settings: Settings, timeout_ms: int = REGISTER_TIMEOUT_MS
) -> AsyncIterator[FleetRegister]:
    """The register of nodes, in the server of the content store.

    An embedded server is not started: where none runs there is no node, and asking the register
    raises StoreUnavailableError.
    """
    from sos.adapters.embedded import EmbeddedValkey, parse_folder
    from sos.adapters.redis.fleet import RedisFleet

    folder = parse_folder(settings.redis_url)
    url = EmbeddedValkey(folder).url if folder else settings.redis_url
    register = RedisFleet(url, settings.host, timeout_ms)
    try:
        yield register
    finally:
        await register.aclose()


def pointer_prefix(settings: Settings) -> str:
    """What the pointer's keys begin with, without the slash: ``sos`` of ``consul:sos``."""
    scheme, _, rest = settings.pointer.partition(":")
    return rest.strip("/") if scheme == "consul" else ""


def _build_objects(bucket: str) -> ObjectStore:
    store: ObjectStore | None
    if bucket.startswith("s3:"):
        from sos.adapters.s3 import S3Objects

        store = S3Objects.from_url(bucket)
    else:
        from sos.adapters.folder_objects import FolderObjects

        store = FolderObjects.from_url(bucket)
    if store is None:
        raise SettingsError(f"bucket: {bucket!r} is neither s3://bucket/prefix nor file:FOLDER")
    return store


def _build_keys(pointer: str) -> KeyStore:
    if pointer.startswith("consul:"):
        from sos.adapters.consul import ConsulKeys

        return ConsulKeys.from_environment()
    from sos.adapters.file_keys import FileKeys

    return FileKeys.from_url(pointer)
