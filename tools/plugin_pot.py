"""From the plugin's PHP and JavaScript to `languages/sos-publisher.pot`, where translations begin.

``python -m tools.plugin_pot`` writes it; WP-CLI's `i18n make-pot`, which does the same elsewhere,
is not needed. Understood are WordPress's functions with literal texts, which is all that its coding
standard allows; "translators:" comments come along. The file says no date and no line numbers, so
that it changes only when a sentence does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PLUGIN = Path(__file__).parent.parent / "wordpress/sos-publisher"
TARGET = PLUGIN / "languages/sos-publisher.pot"
DOMAIN = "sos-publisher"

_LITERAL = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_CALL = re.compile(
    r"(?<![\w>$])(?:\\|wp\.i18n\.|i18n\.)?(?P<name>__|_e|_x|_ex|_n|_nx|esc_html__|esc_html_e|esc_html_x"
    r"|esc_attr__|esc_attr_e|esc_attr_x)\(\s*(?P<first>" + _LITERAL + r")"
)
_COMMENT = re.compile(r"(?:/\*|//)\s*(translators:.*?)\s*(?:\*/|\n)", re.DOTALL | re.IGNORECASE)
_FAR = 300
"""Characters of code that may stand between a comment and the call that it speaks of."""


@dataclass
class Message:
    """A text, its plural and context ('' for none), its files, and what translators are told."""

    text: str
    plural: str
    context: str
    files: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)


def main() -> None:
    """Write the template."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(build_template(read_messages(PLUGIN), read_header(PLUGIN)))


def read_header(plugin: Path) -> dict[str, str]:
    """The plugin's own header: its name, version and so on."""
    head = (plugin / "sos-publisher.php").read_text().partition("*/")[0]
    return {name: value.strip() for name, value in re.findall(r"\* ([A-Z][\w ]+?): +(.+)", head)}


def read_messages(plugin: Path) -> list[Message]:
    """Every text of the plugin, in the order of files and places."""
    found: dict[tuple[str, str], Message] = {}
    header = read_header(plugin)
    for name in ("Plugin Name", "Description"):
        message = Message(header[name], "", "", {"sos-publisher.php"}, {f"{name} of the plugin"})
        found["", header[name]] = message
    for file in sorted([*plugin.rglob("*.php"), *plugin.rglob("*.js")]):
        for message in parse_messages(file.read_text(), file.suffix == ".js"):
            known = found.setdefault((message.context, message.text), message)
            known.plural = known.plural or message.plural
            known.files.add(str(file.relative_to(plugin)))
            known.notes |= message.notes
    return list(found.values())


def parse_messages(code: str, is_script: bool = False) -> Iterator[Message]:
    """The texts of one file. Raises ValueError for a call that names no or another text domain."""
    for call in _CALL.finditer(code):
        name = call["name"].removeprefix("esc_html").removeprefix("esc_attr")
        arguments = list(_split_arguments(code, call.start("first")))
        texts = [_read_literal(word, is_script) for word in arguments]
        if texts[-1] != DOMAIN:
            raise ValueError(f"the text domain of this call is not {DOMAIN}: {call[0]}")
        plural = texts[1] if name in ("_n", "_nx") else ""
        context = texts[-2] if name in ("_x", "_ex", "_nx") else ""
        notes = {" ".join(note.split()) for note in _comments_before(code, call.start())}
        yield Message(texts[0] or "", plural or "", context or "", notes=notes)


def _comments_before(code: str, position: int) -> list[str]:
    """The last comment for translators before a call, unless another statement stands between."""
    before = code[max(0, position - _FAR) : position]
    comments = list(_COMMENT.finditer(before))
    if not comments or ";" in re.sub(_LITERAL, "", before[comments[-1].end() :]):
        return []
    return [comments[-1][1]]


def _split_arguments(code: str, start: int) -> Iterator[str]:
    """The arguments of the call whose first one begins at `start`."""
    depth, begun, position = 0, start, start
    while True:
        literal = re.compile(_LITERAL).match(code, position)
        if literal:
            position = literal.end()
            continue
        character = code[position]
        if character in ",)" and depth == 0:
            if code[begun:position].strip():
                yield code[begun:position].strip()
            begun = position + 1
            if character == ")":
                return
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        position += 1


def _read_literal(word: str, is_script: bool) -> str | None:
    """The text of a literal, None for another expression."""
    if not re.fullmatch(_LITERAL, word, re.DOTALL):
        return None
    inside = word[1:-1]
    if is_script or word.startswith('"'):
        inside = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), inside)
        return re.sub(
            r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), inside
        )
    return re.sub(r"\\(['\\])", r"\1", inside)


def build_template(messages: list[Message], header: dict[str, str]) -> str:
    """The template as gettext reads it."""
    blocks = [
        f"# Copyright of the authors of {header['Plugin Name']}.\n"
        "# This file is distributed under the same license as the plugin.\n"
        'msgid ""\n'
        'msgstr ""\n'
        f'"Project-Id-Version: {header["Plugin Name"]} {header["Version"]}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=UTF-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        '"PO-Revision-Date: YEAR-MO-DA HO:MI+ZONE\\n"\n'
        '"Last-Translator: FULL NAME <EMAIL@ADDRESS>\\n"\n'
        '"Language-Team: LANGUAGE <EMAIL@ADDRESS>\\n"\n'
        '"Language: \\n"\n'
        f'"X-Domain: {DOMAIN}\\n"\n'
    ]
    for message in messages:
        lines = [f"#. {note}" for note in sorted(message.notes)]
        lines += [f"#: {name}" for name in sorted(message.files)]
        if re.search(r"%(?:\d+\$)?[sdf]", message.text):
            lines.append("#, php-format")
        if message.context:
            lines.append(f"msgctxt {_quote(message.context)}")
        lines.append(f"msgid {_quote(message.text)}")
        if message.plural:
            lines += [f"msgid_plural {_quote(message.plural)}", 'msgstr[0] ""', 'msgstr[1] ""']
        else:
            lines.append('msgstr ""')
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped.replace(chr(9), chr(92) + "t")}"'


if __name__ == "__main__":
    main()
