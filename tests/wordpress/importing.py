"""What tests of the importer share: a quick patience, and one-line imports of a fake site."""

from __future__ import annotations

from typing import Any

import msgspec
from sos.adapters.redis import RedisStore
from sos.adapters.wordpress import WordPressHttp
from sos.wordpress.fetching import Patience
from sos.wordpress.importer import ImportOptions, import_site
from sos.wordpress.reconcile import Report, VerifyOptions, verify_site
from sos.wordpress.source import Credentials
from sos.wordpress.summary import Summary

from tests.servers.fake_wordpress import PASSWORD, USER

OWNER = Credentials(USER, PASSWORD)
QUICK = Patience(attempts=3, wait_initial=0.01, wait_max=0.02, wait_jitter=0.01, wait_asked=2.0)


async def run_import(url: str, store: RedisStore, **options: Any) -> Summary:
    """Import the site at `url`."""
    async with WordPressHttp(url) as http:
        return await import_site(url, store, http, ImportOptions(patience=QUICK, **options))


async def run_verify(url: str, store: RedisStore, **options: Any) -> Report:
    """Verify the store against the site at `url`."""
    async with WordPressHttp(url) as http:
        return await verify_site(url, store, http, VerifyOptions(patience=QUICK, **options))


async def document_of(store: RedisStore, ref: str) -> dict[str, Any]:
    """A stored document, parsed; empty when there is none."""
    found = await store.fetch_documents([ref])
    return msgspec.json.decode(found[ref]) if ref in found else {}


async def paths_of(store: RedisStore) -> dict[str, str]:
    """Public path of each document that has one, by reference."""
    return {ref: e.path for ref, e in (await store.fetch_all_entries()).items() if e.path}


async def is_ready(store: RedisStore) -> bool:
    """Whether the store is marked as complete."""
    return (await store.fetch_meta()).get("ready") == "1"
