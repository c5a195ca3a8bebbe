"""What people add to an assessment: a logo that is drawn anew, and what their library circulated."""

import io

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from PIL import Image, PngImagePlugin

from connecticard.models import AuditEvent, Role, User
from libraries.models import Library
from reports.assessment import own
from reports.assessment.own import NotKept, drawn_anew, give_circulation, keep_logo, remove_logo
from reports.demonstration_assessment import CONSORTIUM, ON_STAGE, add_to_assessments
from reports.models import CirculationMonths, GivenCirculation, Logo
from reports.models.assessment import LOGO_BYTES, LOGO_HEIGHT, LOGO_WIDTH
from tests.factories import give_role, make_consortium, make_library, make_signed_in_client, make_user
from tests.page_text import text
from tests.payments.records import FISCAL_YEAR
from tests.reports.conftest import AT


def picture(kind="PNG", size=(40, 20), mode="RGB", **saved):
    written = io.BytesIO()
    Image.new(mode, size, "white").save(written, kind, **saved)
    return written.getvalue()


def opened(png):
    return Image.open(io.BytesIO(png))


# Drawn anew


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK")]
)
def test_png_and_jpeg_become_a_png(kind, mode):
    drawn = drawn_anew(picture(kind, mode=mode))

    assert opened(drawn.png).format == "PNG"
    assert (drawn.width, drawn.height) == opened(drawn.png).size == (40, 20)


def test_what_a_file_carries_beside_its_pixels_is_left_behind():
    said = PngImagePlugin.PngInfo()
    said.add_text("Author", "Somebody")
    place = Image.Exif()
    place[0x010E] = "Taken at home"

    of_png = opened(drawn_anew(picture(pnginfo=said)).png)
    of_jpeg = opened(drawn_anew(picture("JPEG", exif=place)).png)

    assert of_png.info == of_jpeg.info == {}
    assert not of_jpeg.getexif()


def test_a_photograph_on_its_side_is_set_upright():
    sideways = Image.Exif()
    sideways[0x0112] = 6

    drawn = drawn_anew(picture("JPEG", size=(40, 20), exif=sideways))

    assert (drawn.width, drawn.height) == (20, 40)


@pytest.mark.parametrize("size", [(4000, 100), (100, 4000), (1800, 1800)])
def test_a_large_logo_is_made_smaller(size):
    drawn = drawn_anew(picture(size=size))

    assert drawn.width <= LOGO_WIDTH
    assert drawn.height <= LOGO_HEIGHT


def test_a_drawing_of_many_bytes_is_made_smaller_still():
    noise = io.BytesIO()
    Image.effect_noise((LOGO_WIDTH, LOGO_HEIGHT), 200).convert("RGBA").save(noise, "PNG")

    assert len(drawn_anew(noise.getvalue()).png) <= LOGO_BYTES


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read as a picture"),
        (b"not a picture", "cannot be read as a picture"),
        (picture()[:30], "cannot be read as a picture"),
        (picture("GIF"), "Send the logo as a PNG or a JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Send the logo as a PNG or a JPEG"),
        (b"x" * (own.LARGEST_FILE + 1), "larger than 4 MB"),
    ],
)
def test_what_is_no_such_picture_is_refused(content, said):
    with pytest.raises(NotKept, match=said):
        drawn_anew(content)


def test_a_picture_of_too_many_pixels_is_refused(monkeypatch):
    monkeypatch.setattr(own, "_MOST_PIXELS", 100)

    with pytest.raises(NotKept, match="too many pixels"):
        drawn_anew(picture(size=(20, 20)))


# Kept


@pytest.mark.django_db
def test_a_logo_replaces_the_one_before_and_both_are_audited():
    library = make_library()
    filer = make_user(Role.LIBRARY_FILER, library=library)
    first = keep_logo(of=library, content=picture(), by=filer, at=AT)

    second = keep_logo(of=library, content=picture(size=(60, 30)), by=filer, at=AT)

    assert Logo.objects.get().sha256 == second.sha256 != first.sha256
    events = AuditEvent.objects.filter(action="logo_kept").order_by("pk")
    assert [event.after["sha256"] for event in events] == [first.sha256, second.sha256]
    assert events[1].before == {"sha256": first.sha256}


@pytest.mark.django_db
def test_a_logo_is_removed_once():
    consortium = make_consortium()
    filer = make_user(Role.CONSORTIUM_FILER, consortium=consortium)
    keep_logo(of=consortium, content=picture(), by=filer, at=AT)

    for _ in range(2):
        remove_logo(of=consortium, by=filer)

    assert not Logo.objects.exists()
    assert AuditEvent.objects.filter(action="logo_removed").count() == 1


@pytest.mark.django_db
def test_a_circulation_replaces_what_was_said_before():
    library = make_library()
    filer = make_user(Role.LIBRARY_FILER, library=library)
    for items in (100, 200):
        give_circulation(
            library=library,
            fiscal_year=FISCAL_YEAR,
            months=CirculationMonths.MEASURED,
            items=items,
            source=" Annual report ",
            by=filer,
            at=AT,
        )

    given = GivenCirculation.objects.get()
    assert (given.items, given.source) == (200, "Annual report")
    assert AuditEvent.objects.filter(action="circulation_given").last().before["items"] == 100


@pytest.mark.django_db
@pytest.mark.parametrize(("items", "source"), [(0, "A report"), (5, " ")])
def test_a_circulation_of_nothing_or_without_source_is_refused(items, source):
    library = make_library()

    with pytest.raises(NotKept):
        give_circulation(
            library=library,
            fiscal_year=FISCAL_YEAR,
            months=CirculationMonths.MEASURED,
            items=items,
            source=source,
            by=make_user(Role.LIBRARY_CERTIFIER, library=library),
            at=AT,
        )


@pytest.mark.django_db
def test_nobody_keeps_a_logo_of_others():
    library, consortium = make_library(), make_consortium()
    filer = make_user(Role.LIBRARY_FILER, library=make_library())
    other = make_user(Role.CONSORTIUM_FILER, consortium=make_consortium())

    for whom, by in ((library, filer), (library, other), (consortium, other), (consortium, filer)):
        with pytest.raises(PermissionDenied):
            keep_logo(of=whom, content=picture(), by=by, at=AT)
        with pytest.raises(PermissionDenied):
            remove_logo(of=whom, by=by)
    assert not make_user(Role.AUDITOR).is_anonymous
    with pytest.raises(PermissionDenied):
        keep_logo(of=library, content=picture(), by=make_user(Role.AUDITOR), at=AT)


@pytest.mark.django_db
def test_demonstration_adds_logos_and_a_circulation_once(published_run):
    User.objects.create(email="staff@example.org", name="Sam Staff")
    give_role(User.objects.get(email="staff@example.org"), Role.STATE_STAFF)
    library = published_run.payments.first().library
    Library.objects.filter(pk=library.pk).update(key=ON_STAGE)
    make_consortium(CONSORTIUM)

    for _ in range(2):
        add_to_assessments(AT)

    assert Logo.objects.count() == 2
    assert GivenCirculation.objects.get().source == "Demonstration: made up"


# What the database holds true


def row(model, **fields):
    by = make_user()
    if model is Logo:
        base = {"png": b"x", "sha256": "a" * 64, "width": 1, "height": 1, "kept_by": by, "kept_at": AT}
    else:
        base = {
            "fiscal_year": FISCAL_YEAR,
            "months": "measured",
            "items": 1,
            "source": "A report",
            "given_by": by,
            "given_at": AT,
        }
    return model(**base | fields)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("logo_is_of_a_library_or_of_a_consortium", {}),
        ("logo_is_of_a_library_or_of_a_consortium", {"library": True, "consortium": True}),
        ("logo_is_no_larger_than_a_page_needs", {"library": True, "width": LOGO_WIDTH + 1}),
        ("logo_is_no_larger_than_a_page_needs", {"library": True, "height": 0}),
        ("logo_has_few_bytes", {"library": True, "png": b"x" * (LOGO_BYTES + 1)}),
    ],
)
def test_database_holds_a_logo_to_its_bounds(constraint, fields):
    made = {"library": make_library, "consortium": make_consortium}
    fields = {name: made[name]() if name in made else value for name, value in fields.items()}

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row(Logo, **fields).save()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("circulation_is_above_zero", {"items": 0}),
        ("circulation_names_its_source", {"source": ""}),
        ("circulation_is_of_known_months", {"months": "some"}),
    ],
)
def test_database_holds_a_circulation_to_its_bounds(constraint, fields):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row(GivenCirculation, library=make_library(), **fields).save()


@pytest.mark.django_db
def test_a_library_has_one_circulation_a_year():
    library = make_library()
    row(GivenCirculation, library=library).save()

    with pytest.raises(IntegrityError, match="one_circulation"), transaction.atomic():
        row(GivenCirculation, library=library).save()


# Pages


@pytest.mark.django_db
def test_before_a_year_is_published_there_is_no_assessment():
    client = make_signed_in_client(Role.LIBRARY_FILER, make_library(key="CT0009"))

    assert "No payments are published yet" in text(client.get("/libraries/CT0009/assessment/"))
    assert client.get("/libraries/CT0009/assessment.pdf").status_code == 404


@pytest.mark.django_db
def test_people_of_a_library_keep_and_remove_their_logo(published_run):
    client = make_signed_in_client(Role.LIBRARY_FILER, published_run.payments.first().library)
    page = f"/libraries/{published_run.payments.first().library.key}/assessment/"

    kept = client.post(f"{page}own/logo/", {"file": SimpleUploadedFile("logo.png", picture())}, follow=True)
    shown = client.get(f"{page}logo.png")
    pdf = client.get(page.rstrip("/") + ".pdf")
    removed = client.post(f"{page}own/logo/remove/", follow=True)

    assert "Your logo stands on the assessment now." in text(kept)
    assert shown["Content-Type"] == "image/png"
    assert opened(shown.content).size == (40, 20)
    assert pdf.status_code == 200
    assert "No logo is kept." in text(removed)
    assert client.get(f"{page}logo.png").status_code == 404


@pytest.mark.django_db
def test_a_file_that_is_no_picture_is_told_on_the_page():
    client = make_signed_in_client(Role.LIBRARY_FILER, make_library(key="CT0009"))

    page = client.post(
        "/libraries/CT0009/assessment/own/logo/", {"file": SimpleUploadedFile("logo.png", b"none")}
    )
    without = client.post("/libraries/CT0009/assessment/own/logo/")

    assert "The file cannot be read as a picture." in text(page)
    assert "Choose the file of your logo." in text(without)


@pytest.mark.django_db
def test_people_of_a_library_give_and_take_back_its_circulation(published_run):
    client = make_signed_in_client(Role.LIBRARY_FILER, published_run.payments.first().library)
    own_page = f"/libraries/{published_run.payments.first().library.key}/assessment/own/"
    sent = {"year": FISCAL_YEAR, "months": "measured", "items": "12345", "source": "Annual report"}

    given = client.post(f"{own_page}circulation/", sent, follow=True)
    wrong = client.post(f"{own_page}circulation/", sent | {"items": "0"})
    back = client.post(f"{own_page}circulation/{FISCAL_YEAR}/withdraw/", follow=True)

    assert "12,345" in text(given)
    assert "greater than or equal to 1" in text(wrong)
    assert "No circulation is on record." in text(back)
