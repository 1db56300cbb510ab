"""Links to the host that editors work on become links to the host that the public sees. Pure.

In: sanitised HTML or a URL out of a document. Out: the same, on the public site. An installation
in a sub-folder loses the folder: its home is the root of the public site.
"""

import re
from urllib.parse import quote, urlsplit

from sos.content.sanitize_values import sound_value

# A host goes on in these: `wp.example.org.evil.test` and `wp.example.org:8443` are other ones.
_NOT_LONGER = r"(?![\w-]|\.\w|:\d)"
_NAME_WITH_DOT = re.compile(r"(?=.*\.)[\w.-]*[a-z][\w-]*(?::\d+)?\Z")


class Rewriter:
    """Rewrites links of one WordPress site, known by its ``home`` and ``url``, to ``public``."""

    def __init__(self, public: str, *bases: str) -> None:
        self.public = public
        sites = [s for b in bases if (s := _split(b)) and s[0]]
        self._base = sites[0][1] if sites else ""
        hosts = {host for host, _ in sites}
        # Both spellings of the host, as WordPress's own redirects treat them as one.
        hosts |= {h.removeprefix("www.") for h in hosts} | {f"www.{h}" for h in hosts}
        self._netloc = urlsplit(public).netloc
        admin = hosts - {self._netloc.lower()}
        # The public host itself is among them for the sake of http: and of the sub-folder.
        self._links = _link_patterns(hosts | {self._netloc.lower()}, self._base) if hosts else ()
        self._replacements = (public, public.replace("/", r"\/"), quote(public, safe=""))
        # A bare name is only taken for the host where nothing else has it: not "wordpress", not
        # 127.0.0.1, and never what stands behind the @ of an e-mail address.
        names = {h for h in admin if _NAME_WITH_DOT.match(h)}
        self._bare = (
            re.compile(rf"(?<![\w.@-])(?:{_either(names)}){_NOT_LONGER}", re.IGNORECASE)
            if names
            else None
        )

    def html(self, text: str) -> str:
        """``text`` with every mention of the admin host replaced by the public one."""
        for pattern, replacement in zip(self._links, self._replacements, strict=False):
            text = pattern.sub(lambda _, to=replacement: to, text)  # type: ignore[misc]
        return self._bare.sub(self._netloc, text) if self._bare else text

    def absolute(self, url: str) -> str:
        """An absolute URL on the public site, or of another one as it was."""
        if url.startswith("/") and not url.startswith("//"):
            return self.public + url
        return self.html(url)

    def path(self, url: str) -> str:
        """``url`` as a path where it is on this site, else as it was; ``""`` for unsafe schemes."""
        url = sound_value("a", "href", url) or ""
        if url.startswith("/") and not url.startswith("//"):
            rest = url.removeprefix(self._base)
            return url if rest and rest[0] not in "/?#" else "/" + rest.removeprefix("/")
        if _split(url) is None:
            return ""
        url = self.html(url)
        if url.startswith(self.public):
            rest = url[len(self.public) :]
            if not rest or rest[0] in "/?#":
                return rest if rest.startswith("/") else f"/{rest}"
        return url


def _split(url: str) -> tuple[str, str] | None:
    """Host, in lower case with its port, and path of a URL; None for what is none."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    default = ":443" if parts.scheme == "https" else ":80"
    return parts.netloc.lower().removesuffix(default), parts.path.rstrip("/")


def _either(hosts: set[str]) -> str:
    return "|".join(re.escape(h) for h in sorted(hosts, key=lambda h: (-len(h), h)))


def _link_patterns(hosts: set[str], base: str) -> tuple[re.Pattern[str], ...]:
    """Links as HTML has them, as JSON has them, and within the query of another link."""
    names = _either(hosts)
    end = r"(?![\w-]|\.\w)"
    plain, json, query = (re.escape(base.replace("/", slash)) for slash in ("/", r"\/", "%2F"))
    patterns = (
        rf"(?:https?:)?//(?:{names})(?::(?:80|443))?{_NOT_LONGER}(?:{plain}(?!%){end})?",
        rf"(?:https?:)?\\/\\/(?:{names})(?::(?:80|443))?{_NOT_LONGER}(?:{json}(?!%){end})?",
        rf"(?:https?%3A)?%2F%2F(?:{names})(?:%3A(?:80|443))?(?!%3A\d){_NOT_LONGER}(?:{query}{end})?",
    )
    return tuple(re.compile(p, re.IGNORECASE) for p in patterns)
