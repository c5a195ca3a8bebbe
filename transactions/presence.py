"""Who has a filing open just now, so that two people in one filing know of each other.

Kept in the cache alone and forgotten soon: it is a courtesy. What keeps two people from overwriting one
another is the revision of the filing.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError

from connecticard.models import User
from transactions.models import Filing

SECONDS = 60
"""For so long somebody is taken to be there; the page says so again every fifteen seconds."""


@dataclass(frozen=True)
class Present:
    """Somebody else who has the filing open; `changed` is the second of the last change, None without one."""

    name: str
    seen: float
    changed: float | None

    def words(self, now: float) -> str:
        """Say who it is and when there was a last change."""
        if self.changed is None:
            return f"{self.name} has this filing open and has changed nothing yet."
        return f"{self.name} has this filing open. Last change {_ago(now - self.changed)}."


def arrive(filing: Filing, person: User, *, changed: bool = False) -> list[Present]:
    """Note that somebody has the filing open, and return the others who have.

    Where the cache does not answer, nobody is named and nothing is refused.
    """
    now = time.time()
    try:
        here = {id_: one for id_, one in _here(filing).items() if now - one.seen < SECONDS}
        before = here.get(person.pk)
        last_change = now if changed else before.changed if before else None
        here[person.pk] = Present(str(person), now, last_change)
        cache.set(_key(filing), here, SECONDS)
    except RedisError:
        return []
    return [one for id_, one in sorted(here.items()) if id_ != person.pk]


def words_of(present: list[Present]) -> list[str]:
    """Return a sentence for each person who is there."""
    now = time.time()
    return [one.words(now) for one in present]


def _here(filing: Filing) -> Mapping[int, Present]:
    # Two who write at once may forget one another; each is back when their page asks next.
    here: Mapping[int, Present] = cache.get(_key(filing)) or {}
    return here


def _key(filing: Filing) -> str:
    return f"filing-open-{filing.pk}"


def _ago(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 1:
        return "less than a minute ago"
    return "1 minute ago" if minutes == 1 else f"{minutes} minutes ago"
