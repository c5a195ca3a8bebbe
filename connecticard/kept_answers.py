"""Answers of the REST interface that are given again to who asks again with the same Idempotency-Key."""

from datetime import timedelta

from django.db import connection

from connecticard import clock
from connecticard.models import KeptAnswer, User

KEPT_FOR = timedelta(hours=24)


class KeyOfAnotherRequest(ValueError):
    """The person has used this key for something else."""


# A second request with the key waits here until the first is done; where that was undone, it goes ahead.
_CLAIM = """
    INSERT INTO connecticard_keptanswer
        (user_id, key, request_sha256, made_at, expires_at, content, etag, location)
    VALUES (%s, %s, %s, %s, %s, '', '', '')
    ON CONFLICT (user_id, key) DO NOTHING
    RETURNING id
"""


def claim(*, user: User, key: str, request_sha256: str) -> KeptAnswer:
    """Return the answer that a key stands for: kept from before, or one to be filled in (`status` None).

    Must be called in the transaction of the change. Raises KeyOfAnotherRequest.
    """
    now = clock.now()
    KeptAnswer.objects.filter(user=user, key=key, expires_at__lte=now).delete()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [user.pk, key, request_sha256, now, now + KEPT_FOR])
    kept = KeptAnswer.objects.get(user=user, key=key)
    if kept.request_sha256 != request_sha256:
        raise KeyOfAnotherRequest
    return kept


def forget_expired() -> int:
    """Remove what is kept no longer; return how many answers."""
    removed, _ = KeptAnswer.objects.filter(expires_at__lte=clock.now()).delete()
    return removed
