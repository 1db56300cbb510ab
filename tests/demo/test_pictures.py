"""The files of the media library are there, and are what the documents say they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
from sos.demo import uploads_folder

from tests.demo.conftest import SITE
from tests.demo.images import picture_size

Documents = dict[str, dict[str, Any]]

BASE = f"{SITE}/wp-content/uploads/"


def file_of(url: str) -> Path:
    assert url.startswith(BASE)
    return uploads_folder() / url.removeprefix(BASE)


def test_every_size_of_every_picture_is_as_the_document_says(documents: Documents) -> None:
    """Width, height and bytes, of the file itself and of WordPress's smaller sizes."""
    media = [d for d in documents.values() if d.get("type") == "attachment"]
    pictures = [m for m in media if m["media_type"] == "image"]
    assert len(pictures) >= 12
    for picture in pictures:
        details = picture["media_details"]
        whole = {**details, "source_url": picture["source_url"]}
        for size in [whole, *details["sizes"].values()]:
            data = file_of(size["source_url"]).read_bytes()
            assert picture_size(data) == (size["width"], size["height"]), size["source_url"]
            assert size.get("filesize", len(data)) == len(data)
        if details["width"] == 1600:
            assert {s["width"] for s in details["sizes"].values()} == {1600, 1024, 768, 300}


def test_every_picture_of_content_has_a_description_or_is_an_icon(documents: Documents) -> None:
    """Alternative texts are part of the content."""
    silent = [
        d["slug"]
        for d in documents.values()
        if d.get("media_type") == "image" and not d["alt_text"]
    ]
    assert silent == ["tidewick-icon"]


def test_documents_name_every_file_and_no_other(documents: Documents) -> None:
    """No dead picture in a page, no orphan in the package."""
    text = msgspec.json.encode(documents).decode()
    named = {file_of(url) for url in re.findall(rf"{re.escape(BASE)}[\w./-]+\w", text)}
    there = {path for path in uploads_folder().rglob("*") if path.is_file()}
    assert named == there


def test_pictures_in_content_have_their_true_dimensions(documents: Documents) -> None:
    """Each ``img`` says the size of the file that its ``src`` names: no layout shift."""
    seen = 0
    for doc in documents.values():
        body = doc["content"]["rendered"] if isinstance(doc.get("content"), dict) else ""
        for tag in re.findall(r"<img [^>]*>", body):
            values = dict(re.findall(r' ([a-z]+)="([^"]*)"', tag))
            size = picture_size(file_of(values["src"]).read_bytes())
            assert size == (int(values["width"]), int(values["height"])), tag
            for candidate in values["srcset"].split(", "):
                url, width = candidate.split(" ")
                assert f"{picture_size(file_of(url).read_bytes())[0]}w" == width
            seen += 1
    assert seen > 30


def test_pictures_are_small_enough_to_ship() -> None:
    """Less than 2.5 MB in the package."""
    total = sum(path.stat().st_size for path in uploads_folder().rglob("*") if path.is_file())
    print(f"uploads: {total / 1e6:.2f} MB")
    assert total < 2_500_000


def test_featured_picture_is_not_repeated_in_the_text(documents: Documents) -> None:
    """Themes show the featured picture above the text; the same one twice looks like a mistake."""
    for doc in documents.values():
        if doc.get("featured_media") and "content" in doc:
            shown = f'wp-image-{doc["featured_media"]}"'
            assert shown not in doc["content"]["rendered"], doc["slug"]
