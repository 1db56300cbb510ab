"""Frames of other hosts in sanitised HTML come in; frames that ask before they load go out. Pure.

Nothing of another host is fetched before the reader agrees, with or without scripts: the frame
shows a small document of ours (``srcdoc``), whose one link leads the frame itself to its player.
Below it stands a plain link, for whoever wants no frame, and for paper. Both links are named after
what they lead to, where that has a title. The frame keeps its size, so that nothing moves when it
loads.

Why nothing breaks out: the text in the small document is escaped for it, and the whole document is
escaped once more as the value of an attribute. It inherits the policy of the page, which allows no
script, and frames of no other host than `frame_sources` finds.
"""

import html as entities
import re
from collections.abc import Iterator
from typing import Final, NamedTuple


class Words(NamedTuple):
    """What is said around an embed; ``{host}`` is who would be asked."""

    show: str
    note: str
    open: str


WORDS: Final = {
    "ar": Words(
        "عرض المحتوى من {host}",
        "سيعرف {host} عندئذ عنوان IP الخاص بك وقد يحفظ ملفات تعريف الارتباط.",
        "فتح على {host}",
    ),
    "da": Words(
        "Vis indhold fra {host}",
        "{host} får da din IP-adresse at vide og kan sætte cookies.",
        "Åbn på {host}",
    ),
    "de": Words(
        "Inhalt von {host} anzeigen",
        "{host} erfährt dann Ihre IP-Adresse und kann Cookies setzen.",
        "Auf {host} öffnen",
    ),
    "en": Words(
        "Show content from {host}",
        "{host} will then learn your IP address and may set cookies.",
        "Open on {host}",
    ),
    "es": Words(
        "Mostrar contenido de {host}",
        "{host} conocerá entonces su dirección IP y podrá guardar cookies.",
        "Abrir en {host}",
    ),
    "fr": Words(
        "Afficher le contenu de {host}",
        "{host} connaîtra alors votre adresse IP et pourra déposer des cookies.",
        "Ouvrir sur {host}",
    ),
    "he": Words(
        "הצגת תוכן מתוך {host}",
        "האתר {host} יידע אז את כתובת ה־IP שלכם ועשוי לשמור עוגיות.",
        "פתיחה באתר {host}",
    ),
    "it": Words(
        "Mostra il contenuto di {host}",
        "{host} conoscerà allora il tuo indirizzo IP e potrà salvare dei cookie.",
        "Apri su {host}",
    ),
    "ja": Words(
        "{host} のコンテンツを表示",
        "{host} に IP アドレスが伝わり、Cookie が保存されることがあります。",
        "{host} で開く",
    ),
    "nl": Words(
        "Inhoud van {host} tonen",
        "{host} ziet dan uw IP-adres en kan cookies plaatsen.",
        "Openen op {host}",
    ),
    "pl": Words(
        "Pokaż treść z {host}",
        "{host} pozna wtedy Twój adres IP i może zapisać pliki cookie.",
        "Otwórz na {host}",
    ),
    "pt": Words(
        "Mostrar conteúdo de {host}",
        "{host} saberá então o seu endereço IP e poderá guardar cookies.",
        "Abrir em {host}",
    ),
    "sv": Words(
        "Visa innehåll från {host}",
        "{host} får då veta din IP-adress och kan spara kakor.",
        "Öppna på {host}",
    ),
}
"""By the first part of a language tag; any other language gets English."""

FILM_HOSTS: Final = frozenset(
    """
    www.youtube.com youtube.com www.youtube-nocookie.com youtube-nocookie.com player.vimeo.com
    www.dailymotion.com geo.dailymotion.com embed.ted.com videopress.com video.wordpress.com
    speakerdeck.com www.slideshare.net www.kickstarter.com cloudup.com
    """.split()
)
"""Hosts whose players keep their proportions; those of sound and text keep their height."""

# Where the page of a player is not the player: what the frame's address becomes.
_PAGES: Final = tuple(
    (re.compile(pattern, re.ASCII), page)
    for pattern, page in (
        (
            r"https://(?:www\.)?youtube(?:-nocookie)?\.com/embed/(?!videoseries)([\w-]{11})(?=[?&#]|$).*",
            r"https://www.youtube.com/watch?v=\1",
        ),
        (r"https://player\.vimeo\.com/video/(\d+).*", r"https://vimeo.com/\1"),
        (
            r"https://(?:www|geo)\.dailymotion\.com/embed/video/(\w+).*",
            r"https://www.dailymotion.com/video/\1",
        ),
        (r"https://embed\.ted\.com/(talks/\w+).*", r"https://www.ted.com/\1"),
        (
            r"https://open\.spotify\.com/embed/(\w+/\w+).*",
            r"https://open.spotify.com/\1",
        ),
    )
)

# In what the sanitiser wrote: every start tag is `<name a="…" b="…">`, and there is no other `<`.
_PIECE: Final = re.compile(r'<a[ >]|</a>|<iframe((?: [^\s"=]+="[^"]*")*+)></iframe>')
_PAIR: Final = re.compile(r' ([^\s"=]+)="([^"]*)"')
_HOST: Final = re.compile(r"https://([a-z0-9.-]+)")
_NUMBER: Final = re.compile(r"[1-9]\d{1,3}", re.ASCII)
_MOVED: Final = frozenset(
    ("allow", "allowfullscreen", "class", "height", "referrerpolicy", "src", "style", "width")
)

_FRAME: Final = re.compile(r"<[iI][fF][rR][aA][mM][eE]\b[^>]*>")
_SOURCE: Final = re.compile(
    r"""\s(?:data-host=["']?|src=["']?https://)([a-z0-9.-]+(?::\d+)?)(?=["'/?#\s>])""",
    re.IGNORECASE,
)
_OWN: Final = re.compile(r"""\ssrc=["']?/(?!/)""", re.IGNORECASE)
_ASKING: Final = re.compile(r"<iframe\b[^>]*\sdata-host=[^>]*></iframe>")

_BODY: Final = (
    "box-sizing:border-box;display:flex;min-height:100vh;margin:0;padding:12px;text-align:center;"
    "font:15px/1.45 system-ui,sans-serif;overflow-wrap:anywhere;color:CanvasText"
)
_BUTTON: Final = (
    "display:inline-block;padding:8px 16px;border-radius:4px;text-decoration:none;"
    "background:CanvasText;color:Canvas"
)


def ask_first(html: str, language: str, direction: str) -> str:
    """Sanitised HTML with every frame made to ask.

    Args:
        html: as `sanitize_html` returns it; anything else is not made safe here.
        language: BCP 47 tag of the page, for the words.
        direction: ``ltr`` or ``rtl``.

    Returns:
        The same HTML where it has no frame. An embed is phrasing content, as a frame is, and
        holds no link where it stands within one. Linear in its input.
    """
    if "<iframe" not in html:  # the usual case, and a fast search
        return html
    words = WORDS.get(language.split("-")[0].lower(), WORDS["en"])
    links = 0  # in which this place stands: one may hold a table that holds another

    def replace(piece: re.Match[str]) -> str:
        nonlocal links
        if piece[1] is None:
            links += -1 if piece[0] == "</a>" else 1
            return piece[0]
        values = {name: entities.unescape(value) for name, value in _PAIR.findall(piece[1])}
        host = _HOST.match(values.get("src", ""))
        if not host:
            return ""
        frame = _asking_frame(values, host[1], words, language, direction)
        below = "" if links else _plain_link(values, host[1], words)
        kind = " sos-embed-film" if host[1] in FILM_HOSTS else ""
        return f'<span class="sos-embed{kind}">{frame}{below}</span>'

    return _PIECE.sub(replace, html)


def without_frames(html: str) -> str:
    """HTML of `ask_first` without its frames: the plain links remain, as for feeds."""
    return _ASKING.sub("", html) if "<iframe" in html else html


def frame_sources(page: str) -> tuple[str, ...]:
    """The sources of a page's frames for ``frame-src`` (CSP Level 3, 6.1.7).

    In: the text of a whole page. Frames that ask name their host, frames of a theme have an
    address. A player may redirect within its own name: ``www.a.example`` to ``geo.a.example``.
    """
    # Most pages have none, and to look at each tag, or to write it all in lower case, takes longer
    # than to compress it. (A theme that writes <iFrame> has its frames blocked, no more.)
    if "<iframe" not in page and "<IFRAME" not in page:
        return ()
    frames = {frame[0] for frame in _FRAME.finditer(page)}
    hosts = {found[1].lower() for frame in frames if (found := _SOURCE.search(frame))}
    own = ["'self'"] if any(map(_OWN.search, frames)) else []
    return (*own, *sorted(source for host in hosts for source in _sources(host)))


def _sources(host: str) -> Iterator[str]:
    yield f"https://{host}"
    if not host.rpartition(":")[0] and host.count(".") > host.startswith("www."):
        yield f"https://*.{host.removeprefix('www.')}"


def _asking_frame(
    values: dict[str, str], host: str, words: Words, language: str, direction: str
) -> str:
    attributes = {name: text for name, text in values.items() if name not in _MOVED}
    # Features go to the player, which is not the frame's first document.
    features = dict.fromkeys(f for f in map(str.strip, values.get("allow", "").split(";")) if f)
    features |= {"fullscreen": None} if "allowfullscreen" in values else {}
    allow = "; ".join(f"{feature} https://{host}" for feature in features)
    style = values.get("style", "")
    size = {n: v for n in ("width", "height") if _NUMBER.fullmatch(v := values.get(n, ""))}
    if host in FILM_HOSTS and len(size) == 2:
        style = ";".join(filter(None, ("aspect-ratio:{width}/{height}".format(**size), style)))
    attributes |= size
    attributes |= {"allow": allow} if allow else {}
    attributes |= {"style": style} if style else {}
    attributes |= {"data-host": host}
    attributes["srcdoc"] = _question(values, host, words, language, direction)
    written = "".join(f' {name}="{_escape(text)}"' for name, text in attributes.items())
    return f"<iframe{written}></iframe>"


def _question(
    values: dict[str, str], host: str, words: Words, language: str, direction: str
) -> str:
    """The document that asks, as HTML; colours are the system's, so that it suits both schemes."""
    title = values.get("title", "")
    named = f"<div>{_escape(title)}</div>" if title != host else ""
    label = _label(words.show, host, title)
    policy = values.get("referrerpolicy", "strict-origin-when-cross-origin")
    return (
        f'<!DOCTYPE html><html lang="{_escape(language)}" dir="{_escape(direction)}"><head>'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{_escape(title or host)}</title></head>"
        f'<body style="{_BODY}"><main style="margin:auto">{named}'
        f'<p style="margin:8px 0"><a style="{_BUTTON}" href="{_escape(values["src"])}"{label}'
        f' referrerpolicy="{_escape(policy)}">{_say(words.show, host)}</a></p>'
        f"<div><small>{_say(words.note, host)}</small></div></main></body></html>"
    )


def _plain_link(values: dict[str, str], host: str, words: Words) -> str:
    address = values["src"]
    label = "" if (title := values.get("title", "")) == host else title
    for pattern, page in _PAGES:
        if pattern.fullmatch(address):
            address = pattern.sub(page, address)
            host = address.split("/")[2]
    return (
        f'<a class="sos-embed-link" href="{_escape(address)}"{_label(words.open, host, label)}>'
        f"{_say(words.open, host)}</a>"
    )


def _label(words: str, host: str, title: str) -> str:
    """A name for each of several links with the same words: it begins with these (WCAG 2.5.3)."""
    if title in ("", host):
        return ""
    return f' aria-label="{_escape(f"{words.format(host=host)}: {title}")}"'


def _say(words: str, host: str) -> str:
    return words.format(host=f"<bdi>{_escape(host)}</bdi>")


def _escape(text: str) -> str:
    return entities.escape(text, quote=True)
