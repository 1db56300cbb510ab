"""One worker's service, put together: settings in, an aiohttp application and its status out.

The only module that sees all the parts. Everything with a lifetime is started and stopped here.
"""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sos.adapters.redis import RedisStore
from sos.cache.headers import Lifetimes
from sos.cache.pages import PageCache
from sos.cache.shares import divide
from sos.content.sanitize import DEFAULT_EMBED_HOSTS
from sos.content.snapshot_file import FILE
from sos.content.store import ContentReader
from sos.lean import give_back
from sos.page.model import MenuItem
from sos.produce.compress import Leisure
from sos.produce.documents import DocumentCache
from sos.produce.fallback import Fallback
from sos.produce.keep_snapshot import SnapshotKeeper
from sos.produce.preview import PreviewProducer
from sos.produce.producer import Producer
from sos.release.environment import Release
from sos.release.remember import ROOM
from sos.rollout.shelf import ReleaseFile
from sos.settings import Settings
from sos.web.access_log import AccessLog
from sos.web.channel import ServiceStatus
from sos.web.content_previews import ContentPreviews
from sos.web.front.answers import Answers
from sos.web.front.port import FrontPort, raise_limit
from sos.web.front.register import Register
from sos.web.handlers import Handlers
from sos.web.loaded import LoadedReleases, load_first, load_release
from sos.web.pages import Pages
from sos.web.previews import Previews
from sos.web.protocol import LIMITS, LINGERING_SECONDS, PlainPort, build_connect
from sos.web.responses import SERVER, Responder
from sos.web.service import Port, WorkerContext
from sos.web.uploads import Uploads

WARM_PATHS = 40
"""Pages that front page and main menu lead to and that are rendered at start."""

START_SECONDS = 0.8
"""How long a start waits for the front page; a silent store must not hold it up."""

GIVE_BACK_SECONDS = 5.0
"""How often memory that is free goes back to the system."""

LONG_SECONDS = 86_400.0
"""How long aiohttp lets a connection idle that the front watches over: for ever, as it were."""

UPDATE_SECONDS = 0.25
"""How long it waits for the store when it has the front page of the snapshot already."""


class SiteService:
    """The site as one worker serves it; fills `WorkerService`."""

    def __init__(self, context: WorkerContext, reader: RedisStore | None = None) -> None:
        settings, metrics = context.settings, context.metrics
        self._context = context
        self._store = reader or RedisStore(
            settings.redis_url, settings.host, settings.redis_timeout_ms
        )
        self._loaded = LoadedReleases(load_first(context.releases, settings.templates))
        self._pages = build_pages(context, self._store, self._loaded.active)
        self._keeper = build_keeper(context, self._store, self._pages)
        self._uploads = Uploads(settings.uploads_origin) if settings.uploads_origin else None
        self._responder = Responder(
            lifetimes_of(settings), https=urlsplit(settings.site).scheme == "https"
        )
        self._content_previews = ContentPreviews(
            self._store,
            build_preview_producer(context, self._store),
            self._loaded,
            self._responder,
            context,
        )
        self._access_log = AccessLog(settings.access_log_every)
        self._answers: Answers | None = None
        self._handlers = handlers = Handlers(
            self._pages,
            self._loaded,
            self._responder,
            metrics,
            access_log=self._access_log,
            hosts=settings.allowed_hosts,
            public=settings.site,
            uploads=self._uploads,
            previews=Previews(self._pages, self._loaded, self._responder, context),
            content_previews=self._content_previews,
            fetch_verdict=lambda: context.verdict,
        )
        self.app = build_app(handlers)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Have the front page of the snapshot; then follow the store, and have what it answers."""
        metrics = self._context.metrics
        metrics.release_activations.inc()
        patience = UPDATE_SECONDS if await self._pages.begin() else START_SECONDS
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._pages.run())]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._pages.warm()
        self._tasks.append(loop.create_task(self._warm_menu()))
        self._tasks.append(loop.create_task(Leisure(self._pages.cache).run()))
        self._tasks.append(loop.create_task(_stay_small()))
        if self._keeper:
            self._tasks.append(loop.create_task(self._keeper.run()))

    async def load(self, file: ReleaseFile) -> None:
        """Have a release ready beside the active one. Raises ReleaseError."""
        release = self._loaded.find(file.id)
        if release is None:
            release = await load_release(file)
            # What visitors see most must come out whole before anybody changes to it.
            self._pages.producer.try_release(release)
            self._loaded.add(release)
        if release is not self._loaded.active:
            await self._pages.make_ahead(release)

    def swap(self, release: str) -> None:
        """Change to a loaded release, and render again what is asked for most."""
        if self._loaded.swap(release):
            self._pages.swap(self._loaded.active)
            self._context.metrics.release_activations.inc()

    def build_port(self, server: web.Server, **options: Any) -> Port:
        """What makes the protocol of each connection; ``options`` are those of aiohttp's own."""
        settings, metrics = self._context.settings, self._context.metrics
        if not settings.front:
            return PlainPort(server, build_connect(server, self._responder, metrics, **options))
        # The front knows how long a connection may idle; aiohttp sees a part of the requests only.
        connect = build_connect(
            server, self._responder, metrics, **{**options, "keepalive_timeout": LONG_SECONDS}
        )
        register = Register(raise_limit(settings.max_connections), metrics)
        self._answers = Answers(
            self._handlers,
            self._pages,
            self._responder,
            metrics,
            self._access_log,
            settings.allowed_hosts,
            max_bytes=divide(settings.cache_mb, settings.cache_pages).answers,
        )
        return FrontPort(self._answers, register, connect)

    def status(self) -> ServiceStatus:
        """What is served now, from memory."""
        if self._answers:
            self._answers.count()
        pages, requests = self._pages, self._context.metrics.requests.values
        follower = pages.follower
        lag = max(0.0, time.time() - follower.current_at) if follower.current_at else None
        return ServiceStatus(
            release=pages.producer.release.id,
            renders=pages.producer.renders,
            render_failures=pages.producer.failures,
            content_revision=max(follower.rev, 0),
            content_epoch=follower.epoch,
            content_lag_seconds=lag,
            store_ok=follower.state in ("current", "incomplete"),
            stale=not follower.is_current,
            requests=int(sum(v[0] for v in requests.values())),
            errors=int(sum(v[0] for labels, v in requests.items() if _is_error(labels))),
            cache={"entries": len(pages.cache), "bytes": pages.cache.size},
            details={
                "content": follower.state,
                "epoch": follower.epoch,
                **self._describe_snapshot(),
            },
        )

    def _describe_snapshot(self) -> dict[str, int]:
        """What is known of the snapshot on disk: by who keeps it, or by who uses it just now."""
        fallback = self._pages.fallback
        facts = self._keeper.facts if self._keeper else None
        if facts is None and fallback and (self._keeper or fallback.is_open):
            facts = fallback.facts
        if facts is None:
            return {}
        age = max(0, int(time.time() - facts.taken_at))
        return {"snapshot_age_seconds": age, "snapshot_paths": facts.paths}

    async def self_render(self) -> bool:
        """Render the last known front page again."""
        return self._pages.producer.render_front_again()

    async def aclose(self) -> None:
        """Stop following, close connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._content_previews.aclose()
        await self._pages.aclose()
        if self._uploads:
            await self._uploads.aclose()
        await self._store.aclose()

    async def _warm_menu(self) -> None:
        """Render what front page and main menu lead to: an outage soon after finds it in memory."""
        producer = self._pages.producer
        posts = [p.url for p in producer.front.page.posts] if producer.front else []
        paths = [*posts, *_paths(producer.site.menus.get("primary", ()))]
        await self._pages.warm(p for p in paths[:WARM_PATHS] if p.startswith("/"))


async def _stay_small() -> None:
    while True:
        await asyncio.sleep(GIVE_BACK_SECONDS)
        await asyncio.to_thread(give_back)


def create_service(context: WorkerContext) -> SiteService:
    """The service of a worker; its factory, see `web.service`."""
    return SiteService(context)


def build_app(handlers: Handlers) -> web.Application:
    """The application that hands every request to ``handlers``."""
    app = web.Application(
        client_max_size=1024,
        middlewares=[handlers.handle_unrouted],
        handler_args={"lingering_time": LINGERING_SECONDS, **LIMITS},
    )
    app.router.add_route(
        "*", "/{path:.*}", handlers.handle, expect_handler=handlers.refuse_expectation
    )
    app.on_response_prepare.append(name_server)
    return app


def build_pages(context: WorkerContext, reader: ContentReader, release: Release) -> Pages:
    """The page service over any store that fills the port."""
    settings, metrics = context.settings, context.metrics
    embed_hosts = frozenset(settings.embed_hosts) or DEFAULT_EMBED_HOSTS
    shares = divide(settings.cache_mb, settings.cache_pages)
    documents = DocumentCache(
        metrics,
        embed_hosts,
        shares.documents,
        parts_bytes=shares.parts,
        listed_bytes=shares.listed,
    )
    ROOM.max_bytes = shares.texts
    producer = Producer(settings.site, reader, release, documents, metrics)
    fallback = Fallback(snapshot_file(settings), settings.host, producer, documents, metrics)
    cache = PageCache(shares.pages)
    return Pages(reader, producer, cache, metrics, changed=context.changed, fallback=fallback)


def build_preview_producer(context: WorkerContext, reader: ContentReader) -> PreviewProducer:
    """What makes pages of drafts, over the live content."""
    embed_hosts = frozenset(context.settings.embed_hosts) or DEFAULT_EMBED_HOSTS
    return PreviewProducer(context.settings.site, reader, embed_hosts)


def build_keeper(
    context: WorkerContext, reader: ContentReader, pages: Pages
) -> SnapshotKeeper | None:
    """What keeps the snapshot current: one worker of a node does."""
    settings = context.settings
    if context.worker:
        return None
    path = snapshot_file(settings)
    return SnapshotKeeper(
        reader,
        pages.follower,
        settings.site,
        settings.host,
        path,
        fetch_asked=pages.cache.paths,
    )


def snapshot_file(settings: Settings) -> Path:
    """Where a node keeps the last known content."""
    return Path(settings.state_dir) / FILE


def lifetimes_of(settings: Settings) -> Lifetimes:
    """Edge lifetimes of a page."""
    return Lifetimes(settings.max_age, settings.stale_while_revalidate, settings.stale_if_error)


async def name_server(_request: web.Request, response: web.StreamResponse) -> None:
    """Tell nobody which versions of what are at work."""
    response.headers["Server"] = SERVER


def _is_error(labels: tuple[str, ...]) -> bool:
    """Whether visitors got an error: who previews a draft or a release is none."""
    kind, status = labels[:2]
    return status >= "500" and kind != "preview"


def _paths(items: tuple[MenuItem, ...]) -> list[str]:
    return [p for item in items for p in (item.url, *_paths(item.children)) if p]
