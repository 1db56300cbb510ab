"""The store of releases: bundles and seals in, bundles and seals out, over any object store.

A release is two objects, ``<id>/bundle.tar.gz`` and then ``<id>/release.json``, its seal: one
without the seal is not published. Nothing is ever overwritten. Checks that the bytes are those that
were sealed; who sealed them (`signature`) and what is in them (`bundle`) is judged by its callers.
"""

import asyncio

import structlog

from sos.errors import BundleError, ObjectExistsError, ObjectNotFoundError, ReleaseNotFoundError
from sos.release.archive import MAX_PACKED_BYTES
from sos.release.bundle import (
    Seal,
    check_bytes,
    encode_seal,
    is_release_id,
    parse_seal,
)
from sos.release.names import describe_name
from sos.rollout.ports import ObjectStore

CONCURRENCY = 16
"""Most seals that are fetched at a time."""

MAX_FETCHED_BYTES = 1024 * 1024
"""Most bytes that are fetched of what lies in a seal's place."""

log = structlog.get_logger()

_BUNDLE, _SEAL = "bundle.tar.gz", "release.json"


class Releases:
    """What was published. Every method raises ObjectStoreError when the store fails."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def publish(self, bundle: bytes, seal: Seal) -> None:
        """Publish a release; one that was interrupted is completed by doing it again.

        Raises BundleError for bytes that are not those of the seal, and ObjectExistsError when the
        release was published before, or another bundle lies in its place. Then nothing has changed.
        """
        await asyncio.to_thread(check_bytes, bundle, seal)
        name = _object_name(seal.id, _BUNDLE)
        try:
            await self._objects.put(name, bundle)
        except ObjectExistsError:
            if await self._objects.fetch(name, MAX_PACKED_BYTES) != bundle:
                message = f"{name} is there already, and is another bundle; nothing was changed"
                raise ObjectExistsError(message) from None
        try:
            await self._objects.put(_object_name(seal.id, _SEAL), encode_seal(seal))
        except ObjectExistsError:
            message = f"release {seal.id} was published already; nothing was changed"
            raise ObjectExistsError(message) from None

    async def fetch_seal(self, release_id: str) -> Seal:
        """The seal of a release.

        Raises ReleaseNotFoundError when it was not published, BundleError when what lies there is
        not its seal.
        """
        unknown = f"no release {describe_name(release_id)} was published"
        if not is_release_id(release_id):
            raise ReleaseNotFoundError(unknown)
        try:
            # More than a seal may have: one that is too large is broken, not the store's fault.
            content = await self._objects.fetch(_object_name(release_id, _SEAL), MAX_FETCHED_BYTES)
        except ObjectNotFoundError:
            raise ReleaseNotFoundError(unknown) from None
        return parse_seal(content, release_id)

    async def fetch_bundle(self, seal: Seal) -> bytes:
        """The bundle that was sealed. Raises BundleError for any other bytes."""
        # Not the sealed size as the limit: a bundle of another size is not the store's fault.
        content = await self._objects.fetch(_object_name(seal.id, _BUNDLE), MAX_PACKED_BYTES)
        await asyncio.to_thread(check_bytes, content, seal)
        return content

    async def fetch_ids(self) -> list[str]:
        """Ids of all releases that are published; their seals may be broken all the same."""
        names = await self._objects.list_names()
        return [name.removesuffix(f"/{_SEAL}") for name in names if _is_ours(name, _SEAL)]

    async def fetch_seals(self) -> list[Seal]:
        """The seals of all releases, the newest first.

        Broken ones, and objects that are not of a release, are left out with a warning in the log.
        """
        names = await self._objects.list_names()
        foreign = [name for name in names if not _is_ours(name)]
        if foreign:
            some = [describe_name(name) for name in foreign[:3]]
            log.warning("foreign_objects_in_release_store", count=len(foreign), some=some)
        wanted = iter([n.removesuffix(f"/{_SEAL}") for n in names if _is_ours(n, _SEAL)])
        seals: list[Seal] = []

        async def work() -> None:
            for release_id in wanted:
                try:
                    seals.append(await self.fetch_seal(release_id))
                except BundleError as exc:
                    log.warning("broken_seal_in_release_store", release=release_id, reason=str(exc))
                except ReleaseNotFoundError:
                    pass  # deleted since the names were listed

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(CONCURRENCY):
                    tasks.create_task(work())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group
        return sorted(seals, key=lambda seal: (seal.created, seal.id), reverse=True)

    async def delete(self, release_id: str) -> None:
        """Unpublish a release, then delete it; one that is not there is no error."""
        if is_release_id(release_id):
            # In this order, so that no seal is ever without its bundle.
            await self._objects.delete(_object_name(release_id, _SEAL))
            await self._objects.delete(_object_name(release_id, _BUNDLE))


def _object_name(release_id: str, file: str) -> str:
    return f"{release_id}/{file}"


def _is_ours(name: str, *files: str) -> bool:
    release_id, _, file = name.partition("/")
    return is_release_id(release_id) and file in (files or (_BUNDLE, _SEAL))
