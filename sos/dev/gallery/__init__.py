"""The gallery of ``sos dev``: every block, part and kind of page of a theme, on fixture content."""

from sos.dev.gallery.gallery import PREFIX, Gallery

__all__ = ["PREFIX", "Gallery"]
