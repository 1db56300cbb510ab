"""A page in light or in dark, whatever the browser prefers: its text in, the same text forced out.

A browser has no way to say to a frame which scheme it should prefer, so the questions that style
sheets ask are answered here. Pure; what a script asks is beyond it.
"""

import re
from typing import Literal

from sos.release.assets import ASSETS_URL

Scheme = Literal["", "light", "dark"]

_ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_BOTH = re.compile(
    r"((?<![\w-])color-scheme\s*:\s*|name=\"?color-scheme\"?\s+content=\"?)"
    r"(?:normal|light\s+dark|dark\s+light)",
    re.IGNORECASE,
)
_STYLE = re.compile(r"(<style\b.*?</style>)", re.IGNORECASE | re.DOTALL)
_ASSET = re.compile(rf"(?<=[\"'\s]){re.escape(ASSETS_URL)}(?=[^\"'\s]+\.css[\"'?])")

ALWAYS, NEVER = "(min-width: 0px)", "(max-width: 0px)"


def force_scheme(text: str, scheme: Scheme) -> str:
    """CSS, or HTML outside of its style elements, that no longer asks for the scheme."""
    if not scheme:
        return text
    text = _ASKED.sub(lambda m: ALWAYS if m[1].lower() == scheme else NEVER, text)
    return _BOTH.sub(lambda m: m[1] + scheme, text)


def force_page(html: str, scheme: Scheme, prefix: str) -> str:
    """A page whose style sheets are those at ``prefix``. Its style elements stay: the policy of the
    page knows them by their hashes."""
    if not scheme:
        return html
    parts = _STYLE.split(html)
    parts[::2] = [
        _ASSET.sub(f"{prefix}{ASSETS_URL}", force_scheme(part, scheme)) for part in parts[::2]
    ]
    return "".join(parts)
