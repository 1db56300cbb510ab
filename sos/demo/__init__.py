"""The sample site of `make demo`: no input but a time and an address, out come its documents.

Tidewick and everybody in it are invented. The package writes nothing and asks nobody.
"""

from sos.demo.content import sample_site, uploads_folder

__all__ = ["sample_site", "uploads_folder"]
