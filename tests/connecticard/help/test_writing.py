"""Staff write the help center: a page, its preview, its versions."""

import pytest
from django.core.exceptions import PermissionDenied

from connecticard.help import services, shipped
from connecticard.models import AuditEvent, HelpPage, HelpPageVersion, Role
from tests.factories import make_help_page, make_library, make_signed_in_client, make_user

pytestmark = pytest.mark.django_db
FILLED = {
    "slug": "how-to-count",
    "language": "en",
    "title": "Counting",
    "summary": "One unit for each thing.",
    "body": "## Units\r\n\r\nEach *volume* is one.\r\n",
    "section": "counting",
    "position": "10",
    "audience": "public",
    "owner": "The State Library",
    "last_checked_on": "2026-11-20",
    "helps_on": "transactions:filing* transactions:recipes",
    "note": "Shorter.",
    "seen": "1",
}
EDIT = "/help/how-to-count/en/edit/"


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


def bodies():
    return list(HelpPageVersion.objects.order_by("number").values_list("body", flat=True))


def test_staff_write_the_next_version(staff):
    page = make_help_page().page

    answer = staff.post(EDIT, FILLED, follow=True)

    assert "“Counting” stands as version 2." in answer.content.decode()
    version = HelpPageVersion.objects.get(number=2)
    assert (version.made_by, version.note, version.body) == (
        staff.user,
        "Shorter.",
        "## Units\n\nEach *volume* is one.\n",
    )
    page.refresh_from_db()
    assert page.helps_on == ["transactions:filing*", "transactions:recipes"]
    assert page.kept_by_staff_since is not None
    assert AuditEvent.objects.get(action="help_page_written").after["version"] == 2


def test_a_preview_saves_nothing(staff):
    make_help_page()

    answer = staff.post(EDIT, FILLED | {"preview": "1"})

    assert "Each <em>volume</em> is one." in answer.content.decode()
    assert len(bodies()) == 1


def test_who_checks_a_page_and_changes_nothing_makes_no_version(staff):
    version = make_help_page()
    text = {name: getattr(version, name) for name in services.TEXT}

    staff.post(EDIT, FILLED | text)

    assert len(bodies()) == 1
    assert HelpPage.objects.get().last_checked_on.isoformat() == "2026-11-20"


def test_a_new_page_is_begun(staff):
    staff.post("/help/new/", FILLED | {"slug": "desk", "seen": "0"})

    assert HelpPageVersion.objects.get(page__slug="desk").number == 1


def test_who_began_from_a_former_version_is_told(staff):
    make_help_page()
    staff.post(EDIT, FILLED)

    answer = staff.post(EDIT, FILLED | {"body": "Mine.\n"})

    assert "Somebody changed this page while you wrote." in answer.content.decode()
    assert len(bodies()) == 2


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"body": "# Title\n"}, "Line 1: a heading of the first level"),
        ({"body": "{{ nonsense }}\n"}, "There is no live value “nonsense”"),
        ({"body": "[a](help:nothing)\n"}, "A link to “help:nothing”, which is no help page."),
        ({"last_checked_on": "2199-01-01"}, "it cannot be in the future"),
    ],
)
def test_a_mistake_is_told_and_nothing_saved(staff, values, told):
    make_help_page()

    assert told in staff.post(EDIT, FILLED | values).content.decode()
    assert len(bodies()) == 1


def test_a_name_that_another_page_has_is_refused(staff):
    answer = staff.post("/help/new/", FILLED | {"slug": "search", "seen": "0"})

    assert "This address is taken by another page." in answer.content.decode()


def test_a_version_shows_what_it_changed_and_can_stand_again(staff):
    make_help_page(body="Old.\n")
    staff.post(EDIT, FILLED | {"body": "New.\n"})

    shown = staff.get("/help/how-to-count/en/versions/2/").content.decode()
    staff.post("/help/how-to-count/en/versions/1/restore/")

    assert "<ins>New.</ins>" in shown
    assert "<del>Old.</del>" in shown
    assert bodies() == ["Old.\n", "New.\n", "Old.\n"]
    assert HelpPageVersion.objects.standing().get().note == "Version 1 again"


def test_what_stands_is_not_restored(staff):
    make_help_page()

    answer = staff.post("/help/how-to-count/en/versions/1/restore/", follow=True)

    assert "The page says this already." in answer.content.decode()


def test_a_page_is_withdrawn_and_comes_back_when_written(staff):
    make_help_page()

    staff.post("/help/how-to-count/en/withdraw/")
    withdrawn = staff.get("/help/how-to-count/").status_code
    staff.post(EDIT, FILLED)

    assert withdrawn == 404
    assert staff.get("/help/how-to-count/").status_code == 200


def test_a_release_leaves_what_staff_wrote(staff, monkeypatch):
    make_help_page(body="Old.\n")
    staff.post(EDIT, FILLED)
    monkeypatch.setattr(shipped, "pages", list)

    services.load_help()

    assert HelpPageVersion.objects.standing().get().title == "Counting"


def test_only_staff_write():
    version = make_help_page()
    library = make_library()
    filer = make_signed_in_client(Role.LIBRARY_FILER, library)

    assert filer.get(EDIT).status_code == 403
    assert "Write this page" not in filer.get("/help/how-to-count/").content.decode()
    for act in (
        lambda by: services.restore_version(version=version, by=by),
        lambda by: services.withdraw_page(page=version.page, by=by),
    ):
        with pytest.raises(PermissionDenied):
            act(make_user(Role.LIBRARY_FILER, library=library))


def test_a_name_that_no_address_can_have_is_refused(staff):
    make_help_page()

    page = staff.post(EDIT, FILLED | {"helps_on": "x" * 81}).content.decode()

    assert "No address has a name as long as" in page
    assert len(bodies()) == 1
