"""What an editor's browser does in WordPress: log in, submit forms as they stand, call REST and Ajax with nonces."""

from __future__ import annotations

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import lxml.html

Fields = Mapping[str, Any]
"""Names of form fields with their values: a text, a list for a field that occurs more than once, or None
for one that is to be left out."""


class Visitor:
    """A browser at ``url``. Every answer above 399 raises RuntimeError with its text."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    def open(
        self,
        path: str,
        body: bytes | None = None,
        *,
        kind: str = "application/x-www-form-urlencoded",
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> str:
        """Request a path and return the text, redirects followed."""
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = kind
        request = urllib.request.Request(self.url + path, body, sent, method=method)
        try:
            with self._opener.open(request, timeout=60) as answer:
                text: str = answer.read().decode(errors="replace")
                return text
        except urllib.error.HTTPError as error:
            said = re.sub(r"<[^>]+>|\s+", " ", error.read().decode(errors="replace"))
            raise RuntimeError(f"{path}: {error.code} {said[-600:]}") from None

    def post(self, path: str, fields: Fields) -> str:
        """Submit fields to a path."""
        return self.open(path, urllib.parse.urlencode(flatten(fields)).encode())


class Editor(Visitor):
    """A browser that is logged in."""

    def __init__(self, url: str, user: str = "admin", password: str = "not a secret") -> None:
        super().__init__(url)
        self._nonce = ""
        self.log_in(user, password)

    def log_in(self, user: str, password: str) -> None:
        """Through wp-login.php."""
        self.open("/wp-login.php")  # sets the cookie that tells whether cookies work
        self.post("/wp-login.php", {"log": user, "pwd": password, "testcookie": "1"})
        if not any(c.name.startswith("wordpress_logged_in") for c in self._jar):
            raise RuntimeError(f"{user} could not log in")
        self._nonce = self.open("/wp-admin/admin-ajax.php?action=rest-nonce")

    def rest(self, path: str, body: Any = None, *, method: str = "") -> Any:
        """Call REST as the block editor does: POST with the cookie, a nonce and the method in a header."""
        headers = {"X-WP-Nonce": self._nonce}
        sent = None if body is None else json.dumps(body).encode()
        if method in ("PUT", "DELETE", "PATCH"):
            headers["X-HTTP-Method-Override"] = method
            sent = sent or b""
        target = f"/?rest_route={urllib.parse.quote(path.partition('?')[0])}&_locale=user"
        if "?" in path:
            target += "&" + path.partition("?")[2]
        text = self.open(target, sent, kind="application/json", headers=headers)
        return json.loads(text)

    def ajax(self, action: str, fields: Fields) -> str:
        """Call admin-ajax.php."""
        return self.post("/wp-admin/admin-ajax.php", {"action": action, **fields})

    def submit(self, path: str, form: str, changes: Fields, *, button: str = "") -> str:
        """Open a page of the admin and submit its form (an XPath, or an id) with some fields changed.

        ``button`` is the name of the button that is clicked.
        """
        found, action, multipart = self.read_form(path, form, button)
        for name, value in changes.items():
            found = [(n, v) for n, v in found if n != name]
            found += flatten({name: value})
        if multipart:
            return self.send_files(action, dict_of(found), {})
        return self.open(action, urllib.parse.urlencode(found).encode())

    def read_form(
        self, path: str, form: str, button: str = ""
    ) -> tuple[list[tuple[str, str]], str, bool]:
        """Fields of a form as the browser would send them, the path to send them to, and whether as parts."""
        page = lxml.html.fromstring(self.open(path))
        query = form if "/" in form else f"//form[@id='{form}']"
        matches = page.xpath(query)
        if not matches:
            raise RuntimeError(f"{path} has no form {form}")
        fields = [(str(n), str(v)) for n, v in matches[0].form_values()]
        for element in matches[0].xpath(
            f".//*[@type='submit' or self::button][@name='{button}']" if button else ".//nothing"
        )[:1]:
            fields.append((button, element.get("value", "")))
        here = self.url + path
        action = urllib.parse.urljoin(here, matches[0].get("action") or here)
        multipart = "multipart" in (matches[0].get("enctype") or "")
        return fields, action.removeprefix(self.url), multipart

    def send_files(self, path: str, fields: Fields, files: Mapping[str, tuple[str, bytes]]) -> str:
        """Submit a form with files: name of the field -> (name of the file, bytes)."""
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode()
            for n, v in flatten(fields)
        ]
        for name, (file, data) in files.items():
            head = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"'
            )
            parts.append(f"{head}\r\nContent-Type: image/png\r\n\r\n".encode() + data + b"\r\n")
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        return self.open(path, body, kind=f"multipart/form-data; boundary={boundary}")

    def nonce_in(self, path: str, pattern: str) -> str:
        """The first group of a regular expression in a page of the admin."""
        text = self.open(path)
        found = re.search(pattern, text)
        if not found:
            raise RuntimeError(f"{path} has nothing like {pattern}")
        return found[1]

    def follow(self, path: str, pattern: str) -> str:
        """Click the first link of a page whose address matches a regular expression."""
        page = lxml.html.fromstring(self.open(path))
        for href in page.xpath("//a/@href"):
            if re.search(pattern, href):
                target = urllib.parse.urljoin(self.url + path, href)
                return self.open(target.removeprefix(self.url))
        raise RuntimeError(f"{path} has no link like {pattern}")


def flatten(fields: Fields) -> list[tuple[str, str]]:
    """Pairs of names and values."""
    pairs: list[tuple[str, str]] = []
    for name, value in fields.items():
        if value is None:
            continue
        many: Iterable[Any] = value if isinstance(value, (list, tuple)) else [value]
        pairs += [(name, str(one)) for one in many]
    return pairs


def dict_of(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The same with lists."""
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields
