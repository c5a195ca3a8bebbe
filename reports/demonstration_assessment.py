"""What people of the demonstration add to their assessments: a logo drawn here, and a made-up circulation."""

from datetime import datetime
from io import BytesIO

from django.db import transaction
from PIL import Image, ImageDraw, ImageFont

from connecticard.models import User
from libraries.models import Consortium, Library
from payments.models import Payment, PaymentRun
from reports.assessment.own import give_circulation, keep_logo
from reports.models import CirculationMonths, GivenCirculation, Logo

MADE_UP = "Demonstration: made up"
ON_STAGE = "CT0004"
CONSORTIUM = "Bibliomation"
BY = "staff@example.org"
CIRCULATED_FOR_A_LOAN = 5
_NAVY = "#1a3a5c"


@transaction.atomic
def add_to_assessments(at: datetime) -> None:
    """Give the library on stage and a consortium a logo, and the library a circulation, once."""
    if Logo.objects.exists() or GivenCirculation.objects.exists():
        return
    by = User.objects.get(email=BY)
    library = Library.objects.get(key=ON_STAGE)
    keep_logo(of=library, content=_logo("Avon"), by=by, at=at)
    if consortium := Consortium.objects.filter(name=CONSORTIUM).first():
        keep_logo(of=consortium, content=_logo(CONSORTIUM), by=by, at=at)
    for run in PaymentRun.objects.published():
        loans = Payment.objects.filter(run=run, library=library).values_list("loans", flat=True).first()
        if loans:
            give_circulation(
                library=library,
                fiscal_year=run.fiscal_year,
                months=CirculationMonths.FISCAL_YEAR,
                items=loans * CIRCULATED_FOR_A_LOAN,
                source=MADE_UP,
                by=by,
                at=at,
            )


def _logo(word: str) -> bytes:
    """Return a picture of a word on a dark ground with round corners, as a PNG file."""
    font = ImageFont.load_default(size=96)
    width = round(font.getlength(word)) + 120
    picture = Image.new("RGBA", (width, 200), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, width - 1, 199), radius=28, fill=_NAVY)
    draw.text((width / 2, 100), word, font=font, fill="white", anchor="mm")
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()
