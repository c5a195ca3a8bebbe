"""What people add to an assessment, audited: their own logo, and what their library circulated."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from PIL import Image, ImageOps

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Consortium, Library
from reports.models import CirculationMonths, GivenCirculation, Logo
from reports.models.assessment import LOGO_BYTES, LOGO_HEIGHT, LOGO_WIDTH

LARGEST_FILE = 4 * 1024 * 1024
_MOST_PIXELS = 40_000_000
_SHRINK = (3, 4)  # a drawing that takes too many bytes is made this much smaller, again and again


class NotKept(ValueError):
    """What somebody wants to add cannot be kept; the message says why and what to do."""


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept: a PNG and its size in pixels."""

    png: bytes
    width: int
    height: int


def drawn_anew(content: bytes) -> Picture:
    """Return a PNG or JPEG file as a PNG that is small enough, without anything but its pixels.

    What a file carries beside them (where it was taken, by whom, programs) is left behind. NotKept for what
    is no such picture, or one too large to be opened safely.
    """
    if len(content) > LARGEST_FILE:
        raise NotKept(f"The file is larger than {LARGEST_FILE // 1024**2} MB. Save the logo smaller.")
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise NotKept("The picture has too many pixels. Save the logo smaller.")
            upright = ImageOps.exif_transpose(opened)
            has_alpha = "A" in upright.getbands() or "transparency" in upright.info
            picture = upright.convert("RGBA" if has_alpha else "RGB")
    except NotKept:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as unread:
        raise NotKept("The picture has too many pixels. Save the logo smaller.") from unread
    except (OSError, ValueError, SyntaxError) as unread:
        raise NotKept(
            "The file cannot be read as a picture. Send the logo as a PNG or a JPEG file."
        ) from unread
    picture.thumbnail((LOGO_WIDTH, LOGO_HEIGHT))
    while len(png := _png(picture)) > LOGO_BYTES:
        part, whole = _SHRINK
        picture.thumbnail((picture.width * part // whole, picture.height * part // whole))
    return Picture(png, picture.width, picture.height)


def _png(picture: Image.Image) -> bytes:
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    written = BytesIO()
    bare.save(written, "PNG", optimize=True)
    return written.getvalue()


@transaction.atomic
def keep_logo(*, of: Library | Consortium, content: bytes, by: User, at: datetime) -> Logo:
    """Keep a logo in place of the one there was. Raises NotKept for a file that is no PNG or JPEG."""
    _check(by, of)
    picture = drawn_anew(content)
    _lock(of)
    before = Logo.objects.filter(**_owner(of)).first()
    sha256 = hashlib.sha256(picture.png).hexdigest()
    logo, _ = Logo.objects.update_or_create(
        **_owner(of),
        defaults={
            "png": picture.png,
            "sha256": sha256,
            "width": picture.width,
            "height": picture.height,
            "kept_by": by,
            "kept_at": at,
        },
    )
    AuditEvent.record(
        "logo_kept",
        target=of,
        by=by,
        before={"sha256": before.sha256} if before else None,
        after={"sha256": sha256, "pixels": f"{picture.width} x {picture.height}"},
    )
    return logo


@transaction.atomic
def remove_logo(*, of: Library | Consortium, by: User) -> None:
    """Take the logo away; nothing happens where there is none."""
    _check(by, of)
    _lock(of)
    logo = Logo.objects.filter(**_owner(of)).first()
    if logo is None:
        return
    logo.delete()
    AuditEvent.record("logo_removed", target=of, by=by, before={"sha256": logo.sha256})


@transaction.atomic
def give_circulation(
    *,
    library: Library,
    fiscal_year: int,
    months: CirculationMonths,
    items: int,
    source: str,
    by: User,
    at: datetime,
) -> GivenCirculation:
    """Record what a library circulated in a year, in place of what it said before.

    Raises NotKept for a number below one and without a source.
    """
    _check(by, library)
    if items < 1:
        raise NotKept("Enter a number of items above zero; leave it out where it is not known.")
    if not source.strip():
        raise NotKept("Enter where the figure comes from, such as your annual statistical report.")
    _lock(library)
    before = GivenCirculation.objects.filter(library=library, fiscal_year=fiscal_year).first()
    given, _ = GivenCirculation.objects.update_or_create(
        library=library,
        fiscal_year=fiscal_year,
        defaults={
            "months": months,
            "items": items,
            "source": source.strip(),
            "given_by": by,
            "given_at": at,
        },
    )
    AuditEvent.record(
        "circulation_given",
        target=library,
        by=by,
        before=_noted(before) if before else None,
        after=_noted(given),
    )
    return given


@transaction.atomic
def withdraw_circulation(*, library: Library, fiscal_year: int, by: User) -> None:
    """Take back what a library said that it circulated in a year; nothing happens where it said nothing."""
    _check(by, library)
    _lock(library)
    given = GivenCirculation.objects.filter(library=library, fiscal_year=fiscal_year).first()
    if given is None:
        return
    given.delete()
    AuditEvent.record("circulation_withdrawn", target=library, by=by, before=_noted(given))


def _check(by: User, of: Library | Consortium) -> None:
    if isinstance(of, Library):
        permissions.check(by, Action.KEEP_ASSESSMENT, of)
    elif not permissions.consortia_for(by, Action.KEEP_ASSESSMENT).filter(pk=of.pk).exists():
        raise PermissionDenied(f"You may not {Action.KEEP_ASSESSMENT.value} for {of}.")


def _lock(of: Library | Consortium) -> None:
    """Let one change at a time be made of what belongs to a library or a consortium."""
    type(of).objects.select_for_update(no_key=True).get(pk=of.pk)


def _owner(of: Library | Consortium) -> dict[str, Any]:
    return {"library" if isinstance(of, Library) else "consortium": of}


def _noted(given: GivenCirculation) -> dict[str, object]:
    return {
        "fiscal_year": given.fiscal_year,
        "months": str(given.months),
        "items": given.items,
        "source": given.source,
    }
