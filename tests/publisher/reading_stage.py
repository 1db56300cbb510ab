"""WordPress read by the plugin without any store: what its Reader says of an object, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.wordpress import WordPressServer

PLUGINS = Path(__file__).parent / "reading_plugins"

_READ = """
$reader = SOS_Publisher\\Plugin::instance()->reader();
$found  = array();
%s
foreach ( $args as $ref ) {
	$document = $reader->read( $ref );
	$found[ $ref ] = $document ? $document->json : null;
}
%s
echo "\\n" . json_encode( (object) $found );
"""

_ALL = """
$reader = SOS_Publisher\\Plugin::instance()->reader();
$found  = array();
$order  = SOS_Publisher\\Documents\\Reader::KINDS;
foreach ( 'backwards' === $args[0] ? array_reverse( $order ) : $order as $kind ) {
	$refs = $reader->refs( $kind, 0, 1000 );
	$refs = 'backwards' === $args[0] ? array_reverse( $refs ) : $refs;
	$reader->as_anonymous( function () use ( $reader, $refs, &$found ) {
		foreach ( $refs as $ref ) {
			$document      = $reader->read( $ref );
			$found[ $ref ] = $document ? $document->json : null;
		}
	} );
}
echo "\\n" . json_encode( $found );
"""


@dataclass
class Reading:
    """A WordPress with the plugin, and no store."""

    wordpress: WordPressServer

    def id(self, key: str) -> int:
        """Id of an item of the test site."""
        return int(self.wordpress.fixture[key]["id"])

    def raw(self, *refs: str, before: str = "", after: str = "") -> dict[str, str | None]:
        """Documents as their bytes; ``before`` and ``after`` are PHP that runs in the same process."""
        said = self.wordpress.run_php(_READ % (before, after), *refs)
        found: dict[str, str | None] = json.loads(said.rpartition("\n")[2])
        return found

    def document(self, ref: str, before: str = "") -> dict[str, Any]:
        """One document that there must be."""
        json_text = self.raw(ref, before=before)[ref]
        assert json_text is not None, f"{ref} is no document"
        document: dict[str, Any] = json.loads(json_text)
        return document

    def post(self, key: str) -> dict[str, Any]:
        """The document of a post of the test site."""
        return self.document(f"post:{self.id(key)}")

    def everything(self, order: str = "forwards") -> dict[str, str | None]:
        """Every document as its bytes, read in one process, ``forwards`` or ``backwards``."""
        said = self.wordpress.run_php(_ALL, order)
        found: dict[str, str | None] = json.loads(said.rpartition("\n")[2])
        return found

    def insert(self, title: str, content: str = "", **fields: Any) -> int:
        """A new post, by a function call as an administrator; its id."""
        post = {
            "post_title": title,
            "post_content": content,
            "post_status": "publish",
            "post_date": "2024-06-01 12:00:00",
            **fields,
        }
        return int(
            self.wordpress.run_php(
                "$id = wp_insert_post( wp_slash( json_decode( $args[0], true ) ), true );"
                'echo "\\n", is_wp_error( $id ) ? $id->get_error_message() : $id;',
                json.dumps(post),
            ).rpartition("\n")[2]
        )
