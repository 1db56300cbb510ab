"""``python -m sos`` is the command ``sos``."""

from sos.cli import main

main()
