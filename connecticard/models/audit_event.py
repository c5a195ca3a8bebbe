from collections.abc import Iterable
from typing import Any

import pgtrigger
from django.db import models

from connecticard import clock
from connecticard.models.user import User
from connecticard.request_id import came_by, request_id


class AuditEvent(models.Model):
    """Who did what to which record, when; never changed and never removed."""

    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=60)
    target_id = models.BigIntegerField()
    target_label = models.CharField(max_length=250)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    request_id = models.CharField(max_length=32, blank=True)
    came_by = models.CharField(
        "by which way it came, where that is no page", max_length=140, blank=True, db_default=""
    )

    class Meta:
        indexes = [
            models.Index(fields=["target_type", "target_id", "-at"], name="audit_event_target"),
            models.Index(fields=["-at", "-id"], name="audit_event_latest"),
        ]
        triggers = [
            pgtrigger.Protect(name="audit_event_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_label}"

    @property
    def words(self) -> str:
        """What was done, as a page says it."""
        return self.action.replace("_", " ")

    @property
    def differences(self) -> list[tuple[str, Any, Any]]:
        """Each thing noted before or after: its name, what it was, what it is; None where it was nothing."""
        before, after = self.before or {}, self.after or {}
        noted = [
            (key.replace("_", " "), _plain(before.get(key)), _plain(after.get(key)))
            for key in sorted(before.keys() | after.keys())
        ]
        return [(name, was, now) for name, was, now in noted if was is not None or now is not None]

    @classmethod
    def record(
        cls,
        action: str,
        *,
        target: models.Model,
        by: User | None,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> "AuditEvent":
        """Record an act upon a saved record; `by` None means the system itself."""
        event = cls._of(action, target, by, before, after)
        event.save(force_insert=True)
        return event

    @classmethod
    def record_each(
        cls,
        action: str,
        *,
        targets: Iterable[tuple[models.Model, dict[str, Any] | None, dict[str, Any] | None]],
        by: User | None,
    ) -> None:
        """Record one act upon many records, each with what it was before and after."""
        AuditEvent.objects.bulk_create(
            [cls._of(action, target, by, before, after) for target, before, after in targets], batch_size=1000
        )

    @classmethod
    def _of(
        cls,
        action: str,
        target: models.Model,
        by: User | None,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> "AuditEvent":
        return cls(
            at=clock.now(),
            by=by,
            action=action,
            target_type=target._meta.label_lower,
            target_id=target.pk,
            target_label=str(target)[:250],
            before=before,
            after=after,
            request_id=request_id.get(),
            came_by=came_by.get(),
        )


def _plain(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
