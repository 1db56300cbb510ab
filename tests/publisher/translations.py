"""Writes the plugin's translation template: from PHP and JavaScript to languages/sos-publisher.pot.

In: the sources in wordpress/sos-publisher, read by GNU xgettext. Out: the template, without dates,
so that the same sources always give the same bytes. `python -m tests.publisher.translations` writes it; with
`--check` it says whether the one that is there is current (exit code 1 when not).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PLUGIN = Path(__file__).parents[2] / "wordpress/sos-publisher"
TEMPLATE = PLUGIN / "languages/sos-publisher.pot"

_KEYWORDS = (
    "__",
    "_e",
    "esc_html__",
    "esc_html_e",
    "esc_attr__",
    "esc_attr_e",
    "_x:1,2c",
    "esc_html_x:1,2c",
    "esc_attr_x:1,2c",
    "_n:1,2",
    "_nx:1,2,4c",
    "_n_noop:1,2",
)
_HEADER = """\
# Sentences of SOS Publisher. Written by `python -m tests.publisher.translations`; do not edit.
msgid ""
msgstr ""
"Project-Id-Version: SOS Publisher\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\\n"
"X-Domain: sos-publisher\\n"

"""


def build_template() -> str:
    """The template as it should be. Raises FileNotFoundError without xgettext (Debian: gettext)."""
    text = _HEADER + _read_plugin_head()
    return text + _extract("PHP", "**/*.php") + _extract("JavaScript", "assets/*.js")


def _extract(language: str, pattern: str) -> str:
    """The entries of all files of one language, without xgettext's own head."""
    files = sorted(str(file.relative_to(PLUGIN)) for file in PLUGIN.glob(pattern))
    done = subprocess.run(
        [
            "xgettext",
            f"--language={language}",
            "--from-code=UTF-8",
            "--add-comments=translators:",
            "--no-wrap",
            "--sort-by-file",
            "--add-location=file",
            "--keyword",
            *(f"--keyword={word}" for word in _KEYWORDS),
            "--output=-",
            *files,
        ],
        cwd=PLUGIN,
        capture_output=True,
        text=True,
        check=True,
    )
    # Its head holds a date. Without one (--omit-header) it would drop what is not ASCII.
    return done.stdout.partition("\n\n")[2] + "\n"


def _read_plugin_head() -> str:
    """Name and description of the plugin, which WordPress shows translated."""
    head = (PLUGIN / "sos-publisher.php").read_text()
    entries = []
    for name in ("Plugin Name", "Description"):
        found = re.search(rf"^ \* {name}:\s*(.+)$", head, re.MULTILINE)
        if found:
            text = found[1].replace("\\", "\\\\").replace('"', '\\"')
            entries.append(
                f'#. {name} of the plugin\n#: sos-publisher.php\nmsgid "{text}"\nmsgstr ""\n\n'
            )
    return "".join(entries)


def _merge(text: str) -> str:
    """PHP and JavaScript may share sentences, which a template may hold once only."""
    done = subprocess.run(
        ["msguniq", "--no-wrap", "--use-first", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    wanted = _merge(build_template())
    if "--check" in arguments:
        current = TEMPLATE.exists() and TEMPLATE.read_text() == wanted
        if not current:
            print(
                f"{TEMPLATE.name} is not current: run python -m tests.publisher.translations",
                file=sys.stderr,
            )
        return 0 if current else 1
    TEMPLATE.parent.mkdir(exist_ok=True)
    TEMPLATE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
