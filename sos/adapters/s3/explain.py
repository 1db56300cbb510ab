"""From an error of the driver to the one of the port that says what failed, where and why.

In: an exception. Out: `ObjectStoreError` or its kinds. Pure; never repeats a credential.
"""

import re

from sos.errors import ObjectNotFoundError, ObjectStoreError

_LOGIN = re.compile(r"//[^/@\s]*@")
_ACCESS_KEY = re.compile(r"\bA[A-Z]{3}[A-Z0-9]{12,}\b")
_REFUSED_CREDENTIALS = {
    "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidToken",
    "RequestExpired", "SignatureDoesNotMatch", "TokenRefreshRequired",
}  # fmt: skip


def parse_refusal(exc: Exception) -> tuple[int, str, str]:
    """Status, code and message where the store answered with an error; else 0 and nothing."""
    response = getattr(exc, "response", None)
    if not isinstance(response, dict):
        return 0, "", ""
    error = response.get("Error", {})
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status, str(error.get("Code", "")), str(error.get("Message", ""))


def are_credentials_refused(exc: Exception) -> bool:
    """Whether other credentials may help, which means to look for them anew."""
    from botocore import exceptions as driver

    absent = driver.NoCredentialsError, driver.PartialCredentialsError
    failed = driver.CredentialRetrievalError, driver.MetadataRetrievalError
    return isinstance(exc, absent + failed) or parse_refusal(exc)[1] in _REFUSED_CREDENTIALS


def build_error(what: str, place: str, exc: Exception) -> ObjectStoreError:
    """The port's error for one of the driver; ``what`` was tried, ``place`` is an ``s3://`` URL."""
    status, code, message = parse_refusal(exc)
    if what == "fetch" and code == "NoSuchKey":  # a bare 404 may be anybody's
        return ObjectNotFoundError(f"{place} does not exist")
    if status == 403:
        # Not ObjectNotFoundError, though without s3:ListBucket S3 says so of what is missing, too.
        reason = f"denied ({code}: {message})"
    elif status:
        reason = f"{code}: {message}"
    else:
        reason = _describe_silence(exc)
    reason = _ACCESS_KEY.sub("…", _LOGIN.sub("//…@", reason))
    return ObjectStoreError(f"{place}: can't {what}: {reason[:400]}")


def _describe_silence(exc: Exception) -> str:
    from botocore import exceptions as driver

    if isinstance(exc, driver.ConnectTimeoutError):
        return "no connection in time"
    if isinstance(exc, driver.ReadTimeoutError):
        return "no byte came in time"
    if isinstance(exc, TimeoutError):
        return "it took too long in all"
    if isinstance(exc, driver.CredentialRetrievalError):
        return f"no credentials from {exc.kwargs.get('provider')}"  # what it said may hold them
    return f"{type(exc).__name__}: {exc}"
