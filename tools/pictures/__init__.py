"""Draws the pictures of the sample site; see `__main__`."""
