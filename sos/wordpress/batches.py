"""The writing end of an import: documents in, bounded batches to the store's one writer out.

Counts what became of each. A store that does not answer is asked a few more times, because the
writer is idempotent; then StoreUnavailableError ends the import, which can be resumed.
"""

from collections.abc import Iterator, Sequence

import stamina

from sos.content.store import ContentWriter, Operation
from sos.errors import StoreUnavailableError
from sos.wordpress.listing import Skipped
from sos.wordpress.summary import Summary

MAX_DOCUMENTS = 50
"""Documents of one call: the store answers nobody else while it applies them."""

MAX_BATCH_BYTES = 2 * 1024 * 1024
"""Bytes of one call, unless a single document is longer."""


async def apply_operations(
    writer: ContentWriter, operations: Sequence[Operation], collection: str, summary: Summary
) -> None:
    """Write operations in order, counting outcomes under ``collection``."""
    count = summary.count(collection)
    for batch in split_batches(operations):
        outcomes = await _apply(writer, batch)
        for operation, outcome in zip(batch, outcomes, strict=True):
            if outcome.startswith("error"):
                summary.skip(Skipped(collection, operation.ref, outcome))
            elif operation.op == "remove":
                count.removed += outcome == "applied"
            elif outcome == "applied":
                count.applied += 1
            elif outcome == "unchanged":
                count.unchanged += 1
            else:
                count.stale += 1


def split_batches(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Operations in order, in batches of bounded length and size."""
    batch: list[Operation] = []
    size = 0
    for operation in operations:
        longer = size + len(operation.json)
        if batch and (len(batch) == MAX_DOCUMENTS or longer > MAX_BATCH_BYTES):
            yield batch
            batch, longer = [], len(operation.json)
        batch.append(operation)
        size = longer
    if batch:
        yield batch


async def _apply(writer: ContentWriter, batch: Sequence[Operation]) -> tuple[str, ...]:
    async for attempt in stamina.retry_context(
        on=StoreUnavailableError, attempts=4, timeout=30.0, wait_initial=0.2, wait_max=5.0
    ):
        with attempt:
            return await writer.apply(batch)
    raise AssertionError("stamina neither returned nor raised")
