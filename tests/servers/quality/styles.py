"""Style sheets' files come in, stylelint's errors go out.

The rules are those against mistakes (`stylelint-config-recommended`), not of taste.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.servers.quality.node_packages import fetch_node_package, require_program
from tests.servers.quality.problem import Problem

_SECONDS = 120
_RULES = {
    # Layers and `:where` order rules here; the check knows neither.
    "no-descending-specificity": None,
    # It takes functions that are newer than its tables for mistakes.
    "declaration-property-value-no-unknown": None,
    "color-named": "never",
    "selector-max-id": 0,
    "declaration-block-no-redundant-longhand-properties": True,
    "shorthand-property-no-redundant-values": True,
    "length-zero-no-unit": True,
}


def check_styles(files: Iterable[Path], folder: Path) -> list[Problem]:
    """Every error and warning in the given style sheets, by file and line.

    ``folder`` takes the configuration. Raises ValueError when there is nothing to judge,
    RuntimeError when stylelint broke.
    """
    paths = [str(path) for path in files]
    if not paths:
        raise ValueError("no style sheet was given to stylelint")
    node = require_program("node", "nodejs")
    package = fetch_node_package("stylelint")
    config = folder / "stylelint.json"
    recommended = str(package.parent / "stylelint-config-recommended" / "index.js")
    config.write_text(json.dumps({"extends": recommended, "rules": _RULES}))
    command = [node, str(package / "bin" / "stylelint.mjs"), "--config", str(config)]
    done = subprocess.run(
        [*command, "--formatter", "json", *paths],
        capture_output=True,
        timeout=_SECONDS,
        check=False,
        cwd=folder,
    )
    try:
        results = json.loads(done.stderr or done.stdout)
    except ValueError as error:
        said = (done.stderr or done.stdout).decode("utf-8", "replace")[-800:]
        raise RuntimeError(f"stylelint broke (exit {done.returncode}): {said}") from error
    return [
        Problem(result["source"], int(warning["line"]), warning["text"])
        for result in results
        for warning in result["warnings"]
    ]
