"""Links to the host that editors work on become links to the host that the public sees. Pure.

In: sanitised HTML or a URL out of a document. Out: the same, on the public site. An installation
in a sub-folder loses the folder: its home is the root of the public site.
"""

import re
from urllib.parse import urlsplit


class Rewriter:
    """Rewrites links of one WordPress site, known by its ``home`` and ``url``, to ``public``."""

    def __init__(self, public: str, *bases: str) -> None:
        self.public = public
        self._base = urlsplit(bases[0]).path.rstrip("/") if bases else ""
        hosts = {urlsplit(b).netloc.lower() for b in bases} - {""}
        # Both spellings of the host, as WordPress's own redirects treat them as one.
        hosts |= {h.removeprefix("www.") for h in hosts} | {f"www.{h}" for h in hosts}
        hosts.discard(urlsplit(public).netloc)
        names = "|".join(re.escape(h) for h in sorted(hosts, key=len, reverse=True))
        base = re.escape(self._base)
        self._pattern = (
            re.compile(
                rf"(?:https?:)?(?://|\\/\\/)(?:{names})(?![\w.:-])(?:{base}(?![\w.%-]))?",
                re.IGNORECASE,
            )
            if hosts
            else None
        )
        self._bare = (
            re.compile(rf"(?<![\w.-])(?:{names})(?![\w.-])", re.IGNORECASE) if hosts else None
        )

    def html(self, text: str) -> str:
        """``text`` with every mention of the admin host replaced by the public one."""
        if not self._pattern or not self._bare:
            return text
        text = self._pattern.sub(self.public, text)
        return self._bare.sub(urlsplit(self.public).netloc, text)

    def absolute(self, url: str) -> str:
        """An absolute URL on the public site, or of another one as it was."""
        if url.startswith("/") and not url.startswith("//"):
            return self.public + url
        return self.html(url)

    def path(self, url: str) -> str:
        """``url`` as a path where it is on this site, else as it was; ``""`` for unsafe schemes."""
        url = self.html(url.strip())
        if url.startswith(self.public):
            rest = url[len(self.public) :]
            if not rest or rest[0] in "/?#":
                return rest if rest.startswith("/") else f"/{rest}"
        scheme = urlsplit(url).scheme.lower() if ":" in url[:40] else ""
        return url if scheme in ("", "http", "https", "mailto", "tel") else ""
