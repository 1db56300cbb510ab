"""Fixtures that any test may ask for; each lives with the server that it starts."""

from tests.servers.chromium import *  # noqa: F403
from tests.servers.consul import consul, consul_cluster  # noqa: F401
from tests.servers.haproxy import make_haproxy  # noqa: F401
from tests.servers.mariadb import *  # noqa: F403
from tests.servers.s3 import aws, s3, s3_server  # noqa: F401
from tests.servers.s3_faults import s3_faults  # noqa: F401
from tests.servers.valkey import *  # noqa: F403
from tests.servers.wordpress import *  # noqa: F403
