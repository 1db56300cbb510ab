"""The port `ObjectStore` on a bucket.

In: names and bytes. Out: bytes that are those that were put, within bounded time, and errors of the
port alone. Never overwrites an object.
"""

import asyncio
import base64
import contextlib
import hashlib
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self

from sos.adapters.s3.connection import Connection, Patience
from sos.adapters.s3.explain import are_credentials_refused, build_error, parse_refusal
from sos.errors import ObjectExistsError, ObjectStoreError, RolloutError

_NAME = re.compile(r"(?=.{1,200}$)[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")
_TYPES = {".gz": "application/gzip", ".json": "application/json"}
_CHUNK = 256 * 1024


class S3Objects:
    """The objects of ``bucket`` below ``prefix``; owns its connections until `aclose`.

    ``AWS_ENDPOINT_URL_S3``, ``AWS_REGION`` and the rest of AWS's environment are read when the
    first call is made, and again after credentials were refused. Encryption at rest is what the
    bucket says. Each object carries its sha256 as metadata, and the store is told it as well
    (``x-amz-checksum-sha256``), so that it refuses an upload that was damaged on its way.
    """

    def __init__(self, bucket: str, prefix: str = "", *, patience: Patience | None = None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._patience = patience or Patience()
        self._connection = Connection(self._patience)

    @classmethod
    def from_url(cls, url: str) -> Self | None:
        """The store of an ``s3://bucket/prefix`` URL, None for any other URL."""
        scheme, _, place = url.partition("://")
        bucket, _, prefix = place.partition("/")
        return cls(bucket, prefix) if scheme == "s3" and bucket else None

    async def put(self, name: str, content: bytes) -> None:
        """See `ObjectStore.put`. After an ObjectStoreError of another kind it may have been put.

        ``If-None-Match: *`` makes the store decide. Some stores ignore it, so they are asked for
        the object before; there, of two writers at the same moment both may believe to have won.
        """
        key, patience = self._key(name), self._patience
        digest = (await asyncio.to_thread(hashlib.sha256, content)).digest()
        writer = uuid.uuid4().hex
        seconds = patience.write + patience.total + len(content) / patience.slowest
        async with (
            self._call("put", key, patience.read, patience.write) as (reading, writing),
            asyncio.timeout(seconds),
        ):
            if await self._fetch_metadata(reading, key) is not None:
                raise ObjectExistsError(f"{self._place(key)} exists already, and is kept")
            try:
                await writing.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=content,
                    IfNoneMatch="*",
                    ContentType=_TYPES.get(f".{name.rpartition('.')[2]}", "binary/octet-stream"),
                    ChecksumSHA256=base64.b64encode(digest).decode(),
                    Metadata={"sha256": digest.hex(), "writer": writer},
                )
            except Exception as exc:
                status = parse_refusal(exc)[0]
                if status not in (409, 412):
                    raise
                found = await self._fetch_metadata(reading, key)
                if found is not None and found.get("writer") == writer:
                    return  # it was ours: the answer to the first attempt got lost
                if found is None and status == 409:
                    raise  # another write was under way, and came to nothing
                raise ObjectExistsError(f"{self._place(key)} exists already, and is kept") from exc

    async def fetch(self, name: str, limit: int) -> bytes:
        """See `ObjectStore.fetch`. ObjectStoreError also when bytes differ from what was put."""
        key, patience = self._key(name), self._patience
        async with (
            self._call("fetch", key, patience.read) as (client,),
            asyncio.timeout(patience.total) as deadline,
        ):
            answer = await client.get_object(Bucket=self._bucket, Key=key)
            body, announced = answer["Body"], answer.get("ContentLength")
            async with body:  # closes the connection where not all of it is read
                if announced is None:
                    raise ObjectStoreError(f"{self._place(key)}: the store did not say how long")
                if announced > limit:
                    raise ObjectStoreError(
                        f"{self._place(key)} has {announced} bytes, more than the {limit} allowed"
                    )
                deadline.reschedule((deadline.when() or 0) + announced / patience.slowest)
                content, digest = await _read(body)
        if len(content) != announced:
            raise ObjectStoreError(
                f"{self._place(key)}: {len(content)} bytes came, {announced} were announced"
            )
        if answer.get("Metadata", {}).get("sha256", digest) != digest:
            raise ObjectStoreError(f"{self._place(key)}: other bytes came than were put (sha256)")
        return content

    async def list_names(self) -> tuple[str, ...]:
        """See `ObjectStore.list_names`. Objects that `put` would not name so are not ours."""
        names = []
        async with (
            self._call("list", self._prefix, self._patience.read) as (client,),
            asyncio.timeout(self._patience.listing),
        ):
            pages = client.get_paginator("list_objects_v2")
            async for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                names += [entry["Key"][len(self._prefix) :] for entry in page.get("Contents", ())]
        return tuple(sorted(name for name in names if _NAME.fullmatch(name)))

    async def delete(self, name: str) -> None:
        """See `ObjectStore.delete`. In a bucket with versions the bytes stay, as S3 has it."""
        key, patience = self._key(name), self._patience
        async with (
            self._call("delete", key, patience.read) as (client,),
            asyncio.timeout(patience.total),
        ):
            await client.delete_object(Bucket=self._bucket, Key=key)

    async def aclose(self) -> None:
        """Close every connection; calling it again is fine."""
        connection, self._connection = self._connection, Connection(self._patience)
        await connection.aclose()

    @contextlib.asynccontextmanager
    async def _call(self, what: str, key: str, *silences: float) -> AsyncIterator[list[Any]]:
        """Clients of the driver, one for each time-out, for one call of the port.

        Within, the driver's errors become those of the port.
        """
        connection = self._connection
        connection.users += 1
        try:
            yield [await connection.open(silence) for silence in silences]
        except RolloutError:
            raise
        except Exception as exc:  # the driver raises whatever a broken answer breaks
            if are_credentials_refused(exc) and connection is self._connection:
                self._connection = Connection(self._patience)
                connection.retired = True
            raise build_error(what, self._place(key), exc) from exc
        finally:
            connection.users -= 1
            if connection.retired and not connection.users:
                await connection.aclose()

    async def _fetch_metadata(self, client: Any, key: str) -> Mapping[str, str] | None:
        """What the store keeps beside an object; None where there is none, or none to be seen."""
        try:
            answer = await client.head_object(Bucket=self._bucket, Key=key)
        except Exception as exc:
            # Who may write may not be allowed to look, and S3 says 403 then for what is missing.
            # Without a body, 400 and 403 say little: what the write gets says more.
            if parse_refusal(exc)[0] in (400, 403, 404):
                return None
            raise
        metadata: Mapping[str, str] = answer.get("Metadata", {})
        return metadata

    def _key(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ObjectStoreError(f"{name[:200]!r} is not the name of an object")
        return self._prefix + name

    def _place(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"


async def _read(body: Any) -> tuple[bytes, str]:
    """What is left of an answer, and its sha256."""
    content, digest = bytearray(), hashlib.sha256()
    while chunk := await body.read(_CHUNK):
        content += chunk
        digest.update(chunk)
    return bytes(content), digest.hexdigest()
