from django.db import models
from django.db.models import F, Q

from connecticard.models.user import User


class KeptAnswer(models.Model):
    """What the REST interface answered to a request with an Idempotency-Key, to be given again.

    So a client that did not hear the answer asks once more, and nothing is done twice. The row is written in
    the transaction of the change itself: where nothing was changed, nothing is kept. The request is known by
    a hash, because a body may hold a code of a second factor.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=100)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    content = models.TextField(blank=True)
    etag = models.CharField(max_length=80, blank=True)
    location = models.CharField(max_length=400, blank=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_answer_to_a_key_of_a_person"),
            models.CheckConstraint(
                name="kept_answer_expires_after_it_was_made", condition=Q(expires_at__gt=F("made_at"))
            ),
        ]

    def __str__(self) -> str:
        return self.key
