"""The plugin for WordPress writes with the very script that sos reads after."""

from importlib.resources import files
from pathlib import Path

PLUGIN = Path(__file__).parents[2] / "wordpress/sos-publisher"


def test_plugin_has_the_one_writer_byte_for_byte() -> None:
    """Two writers that differ by one rule would undo each other's work, one save at a time."""
    own = files("sos.content").joinpath("apply.lua").read_bytes()
    assert (PLUGIN / "includes/store/apply.lua").read_bytes() == own
