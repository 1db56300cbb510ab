"""Fixtures that any test may ask for; each lives with the server that it starts."""

from tests.servers.chromium import *  # noqa: F403
from tests.servers.mariadb import *  # noqa: F403
from tests.servers.valkey import *  # noqa: F403
from tests.servers.wordpress import *  # noqa: F403
