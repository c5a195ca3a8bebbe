"""What a library's people say that labels of their circulation system mean."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from connecticard.models import AuditEvent, User
from libraries.models import Library
from transactions.models import LabelMapping
from transactions.uploads.labels import normal


@transaction.atomic
def remember_labels(
    *, library: Library, meanings: Mapping[str, Library | None], by: User, at: datetime
) -> list[LabelMapping]:
    """Remember what labels mean for a lending library, None for leaving them out; return what is new.

    What was said before of the same label is replaced.
    """
    Library.objects.select_for_update().get(pk=library.pk)  # two people of a library say one after the other
    held = {
        mapping.normal_label: mapping for mapping in library.label_mappings.select_related("home_library")
    }
    changed = []
    for label, home in meanings.items():
        mapping = held.get(normal(label))
        if mapping and mapping.home_library == home:
            continue
        before = {"means": _meaning(mapping.home_library)} if mapping else None
        mapping = mapping or LabelMapping(library=library, normal_label=normal(label))
        mapping.label, mapping.home_library, mapping.said_by, mapping.said_at = label, home, by, at
        mapping.save()
        AuditEvent.record(
            "label_remembered", target=mapping, by=by, before=before, after={"means": _meaning(home)}
        )
        changed.append(mapping)
    return changed


@transaction.atomic
def forget_label(*, mapping: LabelMapping, by: User) -> None:
    """Forget what a label means, so that it is asked again; counts saved before stay."""
    AuditEvent.record(
        "label_forgotten", target=mapping, by=by, before={"means": _meaning(mapping.home_library)}
    )
    mapping.delete()


def _meaning(home: Library | None) -> str:
    return home.name if home else "left out"
