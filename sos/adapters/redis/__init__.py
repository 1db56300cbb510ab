"""Redis, Valkey, Sentinel or Cluster behind the ports of `content.store`.

In: a URL and port calls. Out: plain types. An exception of the driver never leaves this package:
it becomes StoreUnavailableError.
"""

from sos.adapters.redis.connect import connect as connect
from sos.adapters.redis.store import MAX_BLOCK_MS as MAX_BLOCK_MS
from sos.adapters.redis.store import RedisStore as RedisStore
