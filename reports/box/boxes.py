"""Boxes made and kept, each once."""

import logging
from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, transaction

from connecticard import clock
from connecticard.models import AuditEvent
from reports.box import making
from reports.models import YearBox

logger = logging.getLogger(__name__)


@transaction.atomic
def make_box(pk: int) -> YearBox | None:
    """Make a box that is asked for; safe to run again, and passed over where another worker makes it.

    While a document is still to be made, or where the making fails, the box says so and is asked for again
    later. Without the database nothing can be said: its errors end the work, to be tried again.
    """
    box = (
        YearBox.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("edition__run")
        .filter(pk=pk, made_at__isnull=True)
        .first()
    )
    if box is None:
        return None
    try:
        with transaction.atomic():
            content = making.box_of(box.edition)
    except (OperationalError, InterfaceError):
        raise
    except making.NotReady as waiting:
        return _wait(box, str(waiting))
    except Exception as error:
        logger.exception("the box of %s was not made", box.edition)
        return _wait(box, f"The program failed ({type(error).__name__}: {error}). See the worker's log.")
    digest = sha256(content).hexdigest()
    name = f"FY{box.edition.fiscal_year}/edition-{box.edition.number}/{digest[:12]}/{box.file_name}"
    if default_storage.exists(name):  # a killed worker left it, perhaps unfinished
        default_storage.delete(name)
    box.file = default_storage.save(name, ContentFile(content))
    box.sha256, box.size, box.made_at, box.waits_for = digest, len(content), clock.now(), ""
    box.save(update_fields=["file", "sha256", "size", "made_at", "waits_for"])
    AuditEvent.record("year_box_made", target=box, by=None, after={"sha256": digest, "size": box.size})
    return box


def _wait(box: YearBox, why: str) -> YearBox:
    box.waits_for = why.partition("\n")[0][:500]
    box.save(update_fields=["waits_for"])
    return box
