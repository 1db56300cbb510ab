"""Whether a kept page may be shown, and whether another one would be better.

In: an entry of the page cache. Out: yes or no, by the follower's state, the live release and the
clock. It changes nothing and asks nobody.
"""

from collections.abc import Callable

from sos.cache.pages import CachedPage
from sos.content.follow import ContentFollower
from sos.produce.producer import Producer


class Freshness:
    """Judges the entries of one worker's cache."""

    def __init__(
        self, follower: ContentFollower, producer: Producer, clock: Callable[[], float]
    ) -> None:
        self.follower = follower
        self._producer = producer
        self._clock = clock

    def is_fresh(self, entry: CachedPage) -> bool:
        """Whether ``entry`` is known to be what the store and the live release give."""
        return (
            not entry.stale
            and self.follower.is_current
            and (not entry.until or self._clock() < entry.until)
            and entry.page.release == self._producer.release.id
        )

    def may_be_replaced(self, entry: CachedPage) -> bool:
        """Whether making a page that is not fresh anew promises a better one."""
        if self.follower.is_current:
            return True
        # What is from the snapshot can be made again, and at the start nobody knows what answers.
        starting = self.follower.state == "starting"
        return bool(entry.taken_at) and (starting or self.is_of_old_release(entry))

    def is_of_old_release(self, entry: CachedPage) -> bool:
        """Whether the live release is another one than when it was made."""
        return entry.page.release != self._producer.release.id

    def is_over(self, entry: CachedPage) -> bool:
        """Whether time has changed a page of the snapshot, so that it must not be shown."""
        return bool(entry.taken_at and entry.until) and self._clock() >= entry.until
