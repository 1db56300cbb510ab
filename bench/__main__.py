"""``python -m bench [SUITE …]``: run suites one after the other, print a line for each figure."""

from __future__ import annotations

import importlib
import sys

SUITES = ("import_speed", "render_scale", "save_request", "start_and_flip")


def main() -> None:
    """Run the suites that were named, or all of them."""
    wanted = [a for a in sys.argv[1:] if not a.startswith("-")] or list(SUITES)
    unknown = set(wanted) - set(SUITES)
    if unknown:
        sys.exit(
            f"bench: no such suite: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}"
        )
    for name in wanted:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


main()
