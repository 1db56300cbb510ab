"""A WordPress with the plugin, its store and a node: do something as an editor, and see both show the same.

`Stage.compare` takes what WordPress itself answers now as the truth, and asks the node until it answers
the same or the deadline has passed.
"""

from __future__ import annotations

import dataclasses
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import lxml.html
import redis

from tests.endtoend.pair import HOST, NoRedirect
from tests.endtoend.test_wordpress_parity import (
    first,
    has_class,
    list_cards,
    squeezed,
    text_of,
    title_of,
)
from tests.publisher.event_editor import Editor, Visitor
from tests.publisher.event_shown import Shown, difference, labels, same
from tests.servers.mariadb import MariaDB
from tests.servers.node import SITE, Node
from tests.servers.wordpress import WordPressServer

SECONDS = 8.0
"""How long a node may take in a test: the machine may be busy; what is promised is measured elsewhere."""

AS_VISITOR = {"Host": HOST, "Accept-Encoding": "identity"}

MENU = (
    f"//header//nav[{has_class('menu')}]//li/*"
    "[self::a or self::span or self::details[not(preceding-sibling::a)]]"
)
"""Entries of the first menu on a page of the node."""


@dataclass
class Stage:
    """WordPress, store and node; `begin` marks where an event begins."""

    wordpress: WordPressServer
    mariadb: MariaDB
    store: redis.Redis
    node: Node
    notes: dict[str, Any] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    """Former paths that must lead to new ones, which WordPress itself may not know."""
    _revision: int = 0
    _length: int = 0

    @cached_property
    def editor(self) -> Editor:
        """The administrator's browser."""
        return Editor(self.wordpress.url)

    @cached_property
    def visitor(self) -> Visitor:
        """Somebody's browser."""
        return Visitor(self.wordpress.url)

    @cached_property
    def xmlrpc(self) -> xmlrpc.client.ServerProxy:
        """WordPress's XML-RPC."""
        return xmlrpc.client.ServerProxy(f"{self.wordpress.url}/xmlrpc.php")

    def login_nonce(self, action: str) -> str:
        """A nonce of the administrator's login, as a page of the admin would hold it."""
        return self.editor.ajax("rig-nonce", {"for": action})

    def id_of(self, key: str) -> int:
        """Id of an item of the test site."""
        number: int = self.wordpress.fixture[key]["id"]
        return number

    def path_of(self, key: str) -> str:
        """Path of an item of the test site, as it was in the beginning."""
        link: str = self.wordpress.fixture[key]["link"]
        return self.path(link)

    def path(self, link: str) -> str:
        """Path of an address of WordPress."""
        return link.removeprefix(self.wordpress.url) or "/"

    def php(self, code: str, *arguments: Any) -> str:
        """Run PHP in WordPress as its administrator."""
        return self.wordpress.run_php(code, *map(str, arguments))

    def sql(self, statement: str) -> list[list[str]]:
        """Rows of a statement."""
        said = self.mariadb.execute(statement, self.wordpress._database)
        return [line.split("\t") for line in said.splitlines()]

    def begin(self) -> None:
        """From here on, writes are counted."""
        self.settle()
        self._revision, self._length = self._state()

    def writes(self) -> int:
        """Revisions since `begin`; there must be as many events on the stream."""
        self.settle()
        revision, length = self._state()
        assert revision - self._revision == length - self._length, "an event is missing"
        return revision - self._revision

    def touched(self) -> list[str]:
        """What each event on the stream since `begin` names."""
        entries = self.store.xrange(f"sos:{{{HOST}}}:events", f"({self._revision}-0")
        return [fields[b"touched"].decode() for _, fields in entries]

    def settle(self) -> None:
        """Wait until nothing is marked: answers arrive before what was saved is sent."""
        deadline = time.monotonic() + SECONDS
        while self.dirty():
            assert time.monotonic() < deadline, f"not sent: {self._reasons()}"
            time.sleep(0.02)

    def dirty(self) -> list[str]:
        """Marks that were not sent."""
        return [row[0] for row in self.sql("SELECT ref FROM wp_sos_objects WHERE dirty = 1")]

    def _reasons(self) -> list[list[str]]:
        return self.sql(
            "SELECT ref, outcome, error, attempts FROM wp_sos_objects WHERE dirty = 1 LIMIT 9"
        )

    def rebuild(self) -> None:
        """Let the job that writes everything anew run to its end, as WP-Cron would."""
        self.php(
            "$r = SOS_Publisher\\Plugin::instance()->rebuild();"
            "for ( $i = 0; $i < 200 && $r->progress()['running']; $i++ ) { $done = $r->step( 20 );"
            " if ( $done['error'] ) { throw new Exception( $done['error'] ); } }"
            "SOS_Publisher\\Plugin::instance()->flusher()->flush( 20 );"
        )

    def is_rebuilding(self) -> bool:
        """Whether that job is under way."""
        code = "echo (int) SOS_Publisher\\Plugin::instance()->rebuild()->progress()['running'];"
        return self.php(code) == "1"

    def drift(self) -> list[str]:
        """What the plugin itself finds when it compares all of WordPress with all of the store."""
        found = json.loads(
            self.php(
                "echo json_encode( SOS_Publisher\\Plugin::instance()->rebuild()->verify( 90, false, true ) );"
            )
        )
        found["different"] = list(filter(None, map(self._difference, found["different"])))
        return [f"{w}: {found[w]}" for w in ("missing", "extra", "failed", "different") if found[w]]

    def _difference(self, ref: str) -> str:
        """Members in which a document differs from what it should be; class names, which are made of the
        slugs of terms, are not worth reading all posts of a term again."""
        code = "echo SOS_Publisher\\Plugin::instance()->reader()->read( $args[0] )->json;"
        now, stored = json.loads(self.php(code, ref)), json.loads(self.document(ref) or b"{}")
        names = [n for n in {**now, **stored} if now.get(n) != stored.get(n) and n != "class_list"]
        return f"{ref}: {[(n, stored.get(n), now.get(n)) for n in names]}" if names else ""

    def document(self, ref: str) -> bytes | None:
        """What the store holds of an object."""
        found = self.store.hget(f"sos:{{{HOST}}}:doc", ref)
        assert found is None or isinstance(found, bytes)
        return found

    def holds(self, ref: str, text: str) -> None:
        """The store's document of an object holds a text, or will within the deadline."""
        self._wait(ref, lambda found: found is not None and text.encode() in found, text)

    def holds_no(self, ref: str) -> None:
        """The store has no document of an object, or will have none within the deadline."""
        self._wait(ref, lambda found: found is None, "removed")

    def shows(self, path: str, text: str, is_there: bool = True) -> None:
        """The node's page has a text, or has it not, or will within the deadline."""
        deadline = time.monotonic() + SECONDS
        while (text in self.fetch_page(path)) is not is_there:
            assert time.monotonic() < deadline, f"{path}: {text!r} is there: {not is_there}"
            time.sleep(0.02)

    def fetch_page(self, path: str) -> str:
        """The node's page."""
        request = urllib.request.Request(f"http://{self.node.public}{path}", headers=AS_VISITOR)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def _wait(self, ref: str, is_right: Callable[[bytes | None], bool], what: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not is_right(self.document(ref)):
            assert time.monotonic() < deadline, (
                f"{ref}: not {what}: {(self.document(ref) or b'')[:1500]!r}"
            )
            time.sleep(0.02)

    def compare(self, paths: list[str]) -> list[str]:
        """Wait until the node shows what WordPress shows at each path; what differs after the deadline."""
        problems = []
        deadline = time.monotonic() + SECONDS
        for path in dict.fromkeys(paths):
            expected = self.from_wordpress(path)
            shown = self.from_sos(path)
            while not self.same(shown, expected) and time.monotonic() < deadline:
                time.sleep(0.02)
                shown = self.from_sos(path)
            if not self.same(shown, expected):
                problems.append(f"{path}: {difference(shown, expected)}")
        for old, new in self.moved.items():
            shown = self.from_sos(old)
            if shown.status not in (301, 308) or shown.location != new:
                problems.append(
                    f"{old}: {shown.status} {shown.location!r}, not a redirect to {new}"
                )
        self.moved = {}
        return problems

    def same(self, shown: Shown, expected: Shown) -> bool:
        """As below; posts of one date may stand in either order, which MySQL leaves open.

        A front page has stories before notes: the order of lists is compared elsewhere.
        """
        if shown.posts != expected.posts and len(shown.posts) == len(expected.posts):
            ids = ",".join(p for p in {*shown.posts, *expected.posts} if p.isdigit()) or "0"
            dates = dict(self.sql(f"SELECT ID, post_date FROM wp_posts WHERE ID IN ({ids})"))
            ours, theirs = ([dates.get(p, "") for p in x.posts] for x in (shown, expected))
            if sorted(ours) == sorted(theirs):
                shown = dataclasses.replace(shown, posts=expected.posts)
        return same(shown, expected)

    def from_wordpress(self, path: str) -> Shown:
        """What WordPress shows the public."""
        answer = self.wordpress.fetch(path)
        location = answer.headers.get("Location") or ""
        if answer.status != 200:
            return Shown(answer.status, self.path(location))
        page = lxml.html.fromstring(answer.text.replace(self.wordpress.url, SITE).encode())
        is_locked = "post-password-form" in answer.text
        content = first(page, f"//body[{has_class('singular')}]//*[{has_class('entry-content')}]")
        if content is not None:
            for links in content.xpath(
                f".//*[{has_class('page-links')} or {has_class('post-nav-links')}]"
            ):
                links.drop_tree()
        posts = page.xpath("//main//article[starts-with(@id, 'post-')]/@id")
        return Shown(
            200,
            "",
            title_of(answer.text.replace(self.wordpress.url, SITE)),
            "(locked)" if is_locked else squeezed(text_of(content)),
            () if content is not None else tuple(str(p).removeprefix("post-") for p in posts),
            tuple(labels(page, "//nav[@id='site-navigation']//li/a")),
        )

    def from_sos(self, path: str) -> Shown:
        """What the node shows."""
        request = urllib.request.Request(f"http://{self.node.public}{path}", headers=AS_VISITOR)
        opener = urllib.request.build_opener(NoRedirect)
        try:
            with opener.open(request, timeout=10) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            error.read()
            return Shown(error.code, (error.headers.get("Location") or "").removeprefix(SITE))
        page = lxml.html.fromstring(text.encode())
        prose = first(page, f"//*[{has_class('prose')}][not(ancestor::*[{has_class('callout')}])]")
        cards = list_cards(page)
        listed = () if prose is not None else tuple(map(self.post_at, cards))
        is_locked = not cards and bool(page.xpath(f"//article//p[{has_class('protected')}]"))
        return Shown(
            200,
            "",
            title_of(text),
            "(locked)" if is_locked else squeezed(text_of(prose)),
            listed,
            tuple(labels(page, MENU)),
        )

    def post_at(self, path: str) -> str:
        """Id of the document that has a path."""
        found = self.store.hget(f"sos:{{{HOST}}}:path", urllib.parse.unquote(path))
        found = found or self.store.hget(f"sos:{{{HOST}}}:path", path)
        return found.decode().partition(":")[2] if isinstance(found, bytes) else f"? {path}"

    def _state(self) -> tuple[int, int]:
        meta = self.store.hget(f"sos:{{{HOST}}}:meta", "rev")
        info = self.store.xinfo_stream(f"sos:{{{HOST}}}:events")
        return int(meta or 0), int(info["entries-added"])
