"""Pictures in a body tell the truth about their place, and wait where they are below the fold."""

from __future__ import annotations

import re
import time

import pytest
from markupsafe import Markup
from sos.content.sanitize import sanitize_html
from sos.page.fitted import fit_pictures

from tests.content.corpus import read_samples
from tests.page.samples import SAMPLES
from tests.release.theme import release_of

IMG = '<img width="1024" height="683" src="/a.jpg" srcset="/a.jpg 1024w, /b.jpg 300w" sizes="(max-width: 1024px) 100vw, 1024px" alt="">'
COLUMN = "(min-width: 47rem) 42rem, 100vw"


def fitted(html: str, **how: float) -> str:
    """What a browser is told of the first picture of a body that editors wrote."""
    return str(fit_pictures(Markup(sanitize_html(html)), **how))  # type: ignore[arg-type]


def sizes(html: str, **how: float) -> list[str]:
    return re.findall(r' sizes="([^"]*)"', fitted(html, **how))


def figure(classes: str, picture: str = IMG) -> str:
    return f'<figure class="wp-block-image {classes}">{picture}</figure>'


def small(width: int) -> str:
    return IMG.replace('width="1024"', f'width="{width}"')


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (IMG, COLUMN),
        (f"<p>{IMG}</p>", COLUMN),
        (figure("size-large"), COLUMN),
        (figure("alignwide"), "(min-width: 69rem) 64rem, 100vw"),
        (figure("alignfull"), "100vw"),
        (figure("alignleft"), "(min-width: 30rem) 336px, min(1024px, 100vw)"),
        (figure("alignright size-medium", small(300)), "(min-width: 30rem) 300px, min(300px, 100vw)"),
        (figure("size-medium", small(300)), "(min-width: 332px) 300px, 100vw"),
        (figure("alignwide size-medium", small(300)), "(min-width: 69rem) 64rem, 100vw"),
        (figure("is-resized", IMG.replace("alt", 'style="width:240px;height:auto" alt')), "(min-width: 272px) 240px, 100vw"),
        (f'<div class="wp-block-columns"><div class="wp-block-column">{figure("")}</div><div class="wp-block-column"></div></div>', "(min-width: 47rem) 21rem, 100vw"),
        (f'<div class="wp-block-columns alignwide"><div class="wp-block-column" style="flex-basis:25%">{figure("")}</div><div class="wp-block-column"></div></div>', "(min-width: 69rem) 16rem, (min-width: 48rem) 25vw, 100vw"),
        (f'<figure class="wp-block-gallery columns-4 is-cropped">{figure("")}</figure>', "(min-width: 47rem) 10.5rem, 50vw"),
        (f'<figure class="wp-block-gallery alignfull columns-default">{figure("")}</figure>', "(min-width: 48rem) 33.33vw, 50vw"),
        (f'<div class="wp-block-media-text alignwide" style="grid-template-columns:40% auto"><figure class="wp-block-media-text__media">{small(300)}</figure></div>', "(min-width: 69rem) 25.6rem, (min-width: 48rem) 40vw, 100vw"),
        (f'<div class="wp-block-cover alignfull">{IMG}</div>', "100vw"),
        (f'<div class="wp-block-group alignfull is-layout-constrained">{figure("")}</div>', COLUMN),
        (f'<div class="wp-block-group alignfull is-layout-constrained">{figure("alignwide")}</div>', "(min-width: 69rem) 64rem, 100vw"),
        (f'<div class="wp-block-group alignfull is-layout-constrained">{figure("alignfull")}</div>', "100vw"),
    ],
)  # fmt: skip
def test_sizes_follow_the_place(html: str, expected: str) -> None:
    """Alignment, columns, galleries, covers, and the picture's own width where that is less."""
    assert sizes(html) == [expected]


def test_place_ends_with_its_element() -> None:
    """What comes after a wide group stands in the column again."""
    wide = f'<div class="wp-block-columns alignwide"><div class="wp-block-column">{IMG}</div></div>'
    assert sizes(f"{wide}</div></div>{IMG}")[-1] == COLUMN


def test_widths_are_those_of_the_theme() -> None:
    """A theme with other columns says so."""
    assert sizes(IMG, text=36) == ["(min-width: 41rem) 36rem, 100vw"]
    assert sizes(figure("alignwide"), wide=80) == ["(min-width: 85rem) 80rem, 100vw"]


def test_browser_that_measures_is_let_measure() -> None:
    """The word `auto` stays, for pictures that wait: the browser knows their width by then."""
    auto = IMG.replace('sizes="(', 'sizes="auto, (')
    assert sizes(auto) == [f"auto, {COLUMN}"]
    assert sizes(auto, lead=True) == [COLUMN]


def test_pictures_wait_but_for_the_one_that_a_post_begins_with() -> None:
    """Only where nothing stands above the body, and only near its start."""
    urgent = IMG.replace("<img", '<img fetchpriority="high" loading="eager"')
    assert fitted(urgent).count('loading="lazy"') == 1
    assert "fetchpriority" not in fitted(urgent)
    first, second = re.findall("<img[^>]*>", fitted(IMG + IMG, lead=True))
    assert 'fetchpriority="high"' in first
    assert "loading" not in first
    assert 'loading="lazy"' in second
    assert 'loading="lazy"' in fitted("<p>x</p>" * 200 + IMG, lead=True)


def test_picture_of_one_size_gets_no_sizes() -> None:
    """Without a set of files there is nothing to choose."""
    assert "sizes" not in fitted('<img src="/a.jpg" alt="">')


def test_nothing_but_pictures_is_changed() -> None:
    """Every block that WordPress renders comes out as it was, less what is said of its pictures."""
    said = re.compile(r' (?:sizes|loading|decoding|fetchpriority)="[^"]*"')
    for sample in read_samples("blocks"):
        clean = sanitize_html(sample.html)
        assert said.sub("", fitted(sample.html)) == said.sub("", clean), sample.name
    assert fit_pictures(Markup("<p>x</p>")) == "<p>x</p>"


def test_what_is_no_markup_is_escaped() -> None:
    """The filter is no way around escaping."""
    assert fit_pictures('<img src="x">') == "&lt;img src=&#34;x&#34;&gt;"


def test_templates_have_it_as_a_filter() -> None:
    """With the widths of the theme."""
    release = release_of(index="{{ page.post.content|fitted(text=10, wide=20, lead=true) }}")
    assert release.render(SAMPLES["single"])


def test_time_is_linear() -> None:
    """Half a megabyte of nested and of unclosed boxes takes seconds at most."""
    for piece in (IMG, "<div>", f'<div class="wp-block-columns">{IMG}', "</div>"):
        html = Markup(IMG + piece * (500_000 // len(piece)))
        started = time.process_time()
        fit_pictures(html)
        assert time.process_time() - started < 5
