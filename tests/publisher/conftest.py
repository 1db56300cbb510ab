"""Fixtures that several tests of the plugin share."""

from tests.publisher.desk import desk, desk61, desk71  # noqa: F401
