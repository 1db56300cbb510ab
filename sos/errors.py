"""The tree of errors that sos raises on purpose; it imports nothing.

SosError
├── SettingsError          a setting is unknown, missing or out of range (exit code 78)
├── ContentError
│   ├── DocumentError      bytes that are not a document
│   ├── StoreError
│   │   ├── StoreUnavailableError   the content store did not answer in time, or refused
│   │   └── StoreIncompleteError    it answered, but keys are missing: not ready, flushed, evicted
│   └── SourceError        a WordPress site could not be read (exit code 69)
├── ReleaseError           a release can't be used (exit code 65)
│   ├── TemplateError      a template does not compile, or fails on a page
│   ├── BundleError        bytes that are not the bundle they should be; `corrupt` when another
│   │                      fetch may bring better ones
│   ├── ReleaseNotFoundError   no such release was published
│   └── ActivationError    a release did not go live, or not everywhere (exit code 1)
├── OverloadedError        more is asked for than can be made in time; the answer is 503 at once
└── RolloutError           (exit code 69)
    ├── ObjectStoreError   the store of releases failed, or did not answer in time
    │   ├── ObjectNotFoundError
    │   └── ObjectExistsError
    └── KeyStoreError      the pointer's store failed, has no leader, or did not answer in time
        └── KeyStoreDeniedError   the token may not do this
"""


class SosError(Exception):
    """Base of all errors of sos. ``exit_code`` follows sysexits.h."""

    exit_code = 1


class SettingsError(SosError):
    """A setting is unknown, missing or out of range; the message names it, never a secret."""

    exit_code = 78


class ContentError(SosError):
    """Something is wrong with content or its store."""

    exit_code = 65


class DocumentError(ContentError):
    """Bytes that are not a document: bad JSON, wrong types, too large, unknown schema."""


class StoreError(ContentError):
    """The content store can't be relied upon just now."""

    exit_code = 69


class StoreUnavailableError(StoreError):
    """The content store did not answer in time, or refused."""


class StoreIncompleteError(StoreError):
    """The store answered, but lacks keys: never filled, flushed, or evicted."""


class SourceError(ContentError):
    """A WordPress site could not be read; the message says which URL, and why."""

    exit_code = 69


class ReleaseError(SosError):
    """A template release can't be used."""

    exit_code = 65


class TemplateError(ReleaseError):
    """A template does not compile, or fails on a page.

    ``template`` is its name, ``line`` 1-based, or 0 where unknown.
    """

    def __init__(self, message: str, template: str = "", line: int = 0) -> None:
        super().__init__(f"{template}:{line}: {message}" if template else message)
        self.template = template
        self.line = line


class BundleError(ReleaseError):
    """Bytes that are not the bundle they should be.

    ``corrupt`` says that another fetch may bring better ones: they are cut short, or not those that
    were sealed. All other faults were packed in.
    """

    def __init__(self, message: str, *, corrupt: bool = False) -> None:
        super().__init__(message)
        self.corrupt = corrupt


class ReleaseNotFoundError(ReleaseError):
    """No release of this id was published."""


class ActivationError(ReleaseError):
    """A release did not go live, or not on every node; the message says what is live now."""

    exit_code = 1


class OverloadedError(SosError):
    """More pages are asked for than can be made in time: nothing was done for this one."""

    exit_code = 69


class RolloutError(SosError):
    """Something that rollouts depend on can't be relied upon just now."""

    exit_code = 69


class ObjectStoreError(RolloutError):
    """The store of releases failed, or did not answer in time."""


class ObjectNotFoundError(ObjectStoreError):
    """The store has no object of this name."""


class ObjectExistsError(ObjectStoreError):
    """The store has an object of this name already, and keeps it."""


class KeyStoreError(RolloutError):
    """The pointer's store failed, has no leader, or did not answer in time."""


class KeyStoreDeniedError(KeyStoreError):
    """The token may not do this."""
