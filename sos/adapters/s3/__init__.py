"""Releases in a bucket of S3, or of anything that speaks its API, behind the port `ObjectStore`.

In: names and bytes. Out: bytes of bounded size within bounded time, and errors of the port alone.
Nothing else of sos names a class of the driver.
"""

from sos.adapters.s3.connection import CREDENTIALS_SECONDS, Patience
from sos.adapters.s3.objects import S3Objects

__all__ = ["CREDENTIALS_SECONDS", "Patience", "S3Objects"]
