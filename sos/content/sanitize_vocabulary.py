"""The lists of the sanitiser: what HTML, CSS and embeds may stand in a page; no code, no decision.

`sanitize` gives them to the cleaner, `sanitize_values` to the rules for values. What is left out,
and why, stands beside each list.
"""

from __future__ import annotations

from typing import Final


def words(text: str) -> frozenset[str]:
    """The set of the words of a text."""
    return frozenset(text.split())


DEFAULT_EMBED_HOSTS: Final = words(
    """
    www.youtube.com youtube.com www.youtube-nocookie.com youtube-nocookie.com player.vimeo.com
    www.dailymotion.com geo.dailymotion.com embed.ted.com videopress.com video.wordpress.com
    open.spotify.com w.soundcloud.com www.mixcloud.com player-widget.mixcloud.com pca.st
    widget.anghami.com www.reverbnation.com speakerdeck.com www.slideshare.net www.scribd.com
    e.issuu.com embed.bsky.app www.kickstarter.com cloudup.com www.wolframcloud.com www.canva.com
    read.amazon.com embed.tumblr.com
    """
)
"""Hosts an `<iframe>` may show, compared exactly: where the players of WP_oEmbed's providers live
(WordPress 6.1 to 7.1). A page's `frame-src` names those that it has."""

RESERVED_ID_PREFIX: Final = "sos-"
"""The theme's own ids start so; content cannot have one, so a skip link leads where it says."""

# ------------------------------------------------------------------------------- elements

PHRASING: Final = words(
    """
    abbr b bdi bdo br cite code data del dfn em i ins kbd mark q rp rt ruby s samp small span strong
    sub sup time u var wbr
    """
)
BLOCKS: Final = words(
    """
    address article aside blockquote caption col colgroup dd details div dl dt figcaption figure
    footer h1 h2 h3 h4 h5 h6 header hgroup hr li nav ol p pre section summary table tbody td tfoot
    th thead tr ul
    """
)
TAGS: Final = PHRASING | BLOCKS | words("a area audio iframe img map picture source track video")
"""Every element that may stay.

Form controls are not here: a page of this tier has nowhere to send them. A `button` becomes its
text, since the accordion block (WordPress 6.9) keeps its headings in one. `main` belongs to the
page. SVG and MathML are where parsers disagree; a formula is left as its text.
"""

VOID: Final = words("area br col hr img source track wbr")

DROPPED: Final = words(
    """
    annotation annotation-xml datalist head noembed noframes optgroup option script select style svg
    template textarea title
    """
)
"""Dropped with their content: it is not prose, or not meant for this place."""

MATHML: Final = words(
    """
    maction math menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom
    mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder
    munderover none semantics
    """
)
"""Elements of a formula that are unwrapped."""

# ------------------------------------------------------------------------------- attributes

_ARIA: Final = """
    aria-activedescendant aria-atomic aria-autocomplete aria-braillelabel
    aria-brailleroledescription aria-busy aria-checked aria-colcount aria-colindex
    aria-colindextext aria-colspan aria-controls aria-current aria-describedby aria-description
    aria-details aria-disabled aria-errormessage aria-expanded aria-flowto aria-haspopup
    aria-hidden aria-invalid aria-keyshortcuts aria-label aria-labelledby aria-level aria-live
    aria-modal aria-multiline aria-multiselectable aria-orientation aria-owns aria-placeholder
    aria-posinset aria-pressed aria-readonly aria-relevant aria-required aria-roledescription
    aria-rowcount aria-rowindex aria-rowindextext aria-rowspan aria-selected aria-setsize
    aria-sort aria-valuemax aria-valuemin aria-valuenow aria-valuetext
"""
ATTRIBUTES: Final[dict[str, set[str]]] = {
    tag: set(words(names))
    for tag, names in {
        # Of `data-*` only what marks a footnote or what a style sheet shows with attr(). The rest,
        # `data-wp-*` above all, are instructions to a script.
        "*": "class dir id lang role style title translate "
        "data-align data-fn data-id data-label data-language" + _ARIA,
        "a": "download href hreflang name rel target type",
        "area": "alt coords download href rel shape target",
        "audio": "autoplay controls loop muted preload src",
        "blockquote": "cite",
        "caption": "align",
        "col": "align span",
        "colgroup": "align span",
        "data": "value",
        "del": "cite datetime",
        "details": "name open",
        "div": "align",
        "h1": "align",
        "h2": "align",
        "h3": "align",
        "h4": "align",
        "h5": "align",
        "h6": "align",
        "hr": "align",
        "iframe": "allow allowfullscreen height loading referrerpolicy sandbox src width",
        "img": "align alt decoding fetchpriority height loading sizes src srcset usemap width",
        "ins": "cite datetime",
        "li": "value",
        "map": "name",
        "ol": "reversed start type",
        "p": "align",
        "q": "cite",
        "source": "height media sizes src srcset type width",
        "table": "align",
        "tbody": "align valign",
        "td": "align colspan headers rowspan valign",
        "tfoot": "align valign",
        "th": "abbr align colspan headers rowspan scope valign",
        "thead": "align valign",
        "time": "datetime",
        "tr": "align valign",
        "track": "default kind label src srclang",
        "video": "autoplay controls height loop muted playsinline poster preload src width",
    }.items()
}
"""Per element ("*": all).

Not here: `on*`, `srcdoc`, `ping`, `is`, `slot`, `contenteditable`, `popover*`, `form*`; and
`hidden`, which the tab and accordion blocks put on what only their script could open again.
"""

BOOLEANS: Final = words(
    "allowfullscreen autoplay controls default loop muted open playsinline reversed"
)

INLINE_ATTRIBUTES: Final[dict[str, set[str]]] = {
    tag: {"dir", "lang", "title"} | ({"datetime"} if tag == "time" else set()) for tag in PHRASING
}

RELATIONS: Final = words(
    "author bookmark external help license me nofollow noopener noreferrer sponsored tag ugc"
)
"""Words of `rel`; not `opener`, which would hand this window to the linked page."""

SANDBOX: Final = (
    "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox "
    "allow-presentation allow-forms"
)
"""What an embed may do: all that a player needs; never move the page it is in, never a dialog."""

FEATURES: Final = words(
    """
    accelerometer autoplay clipboard-write encrypted-media fullscreen gyroscope picture-in-picture
    web-share
    """
)
"""Words of an iframe's `allow`; no camera, microphone, place or payment."""

REFUSED_IDS: Final = words(
    """
    __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__ activeElement
    addEventListener baseURI body childNodes constructor cookie createElement currentScript
    defaultView document documentElement documentURI firstChild getElementById
    getElementsByClassName getElementsByName getElementsByTagName hasOwnProperty head innerHTML
    isPrototypeOf lastChild nodeName nodeType outerHTML ownerDocument parentElement parentNode
    prototype querySelector querySelectorAll readyState removeEventListener styleSheets textContent
    toString valueOf window
    """
)
"""Values of `id` and `name` that are refused though they can do nothing here.

HTML's "named access" lets an `id` stand only where `window` has no such property, and `document`
looks only at the `name` of img, form, iframe, embed and object, none of which keeps one. But
scripts use ids as keys of maps, and no heading is called so. (`location`, `forms` may be anchors.)
"""

# ------------------------------------------------------------------------------- CSS

STYLES: Final = words(
    """
    align-content align-items align-self aspect-ratio background background-color background-image
    background-position background-repeat background-size border-collapse border-spacing box-shadow
    box-sizing caption-side clear color column-count column-gap column-rule column-span column-width
    columns direction display flex flex-basis flex-direction flex-flow flex-grow flex-shrink
    flex-wrap float font-family font-size font-style font-variant font-weight gap grid-auto-columns
    grid-auto-flow grid-auto-rows grid-column grid-column-end grid-column-start grid-row
    grid-row-end grid-row-start grid-template-columns grid-template-rows height hyphens
    justify-content justify-items justify-self letter-spacing line-height list-style
    list-style-position list-style-type max-height max-width min-height min-width object-fit
    object-position overflow overflow-wrap overflow-x overflow-y row-gap tab-size table-layout
    text-align text-decoration text-decoration-color text-decoration-line text-decoration-style
    text-decoration-thickness text-indent text-orientation text-transform text-wrap vertical-align
    white-space width word-break word-spacing word-wrap writing-mode
    """
)
"""What blocks (WordPress's style engine) and the classic editor write, besides margin, padding and
border; less what takes a box out of its place (position, inset, z-index, transform), hides a link
(opacity), or reaches out (cursor, content)."""

CSS_FUNCTIONS: Final = words(
    """
    calc clamp color-mix conic-gradient fit-content hsl hsla lab lch linear-gradient max min minmax
    oklab oklch radial-gradient repeat repeating-conic-gradient repeating-linear-gradient
    repeating-radial-gradient rgb rgba var
    """
)
CSS_DISPLAYS: Final = words("block flex grid inline inline-block inline-flex none table")
