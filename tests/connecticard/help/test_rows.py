"""Staff keep the glossary and the directory: under /admin/, by the services, as files."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile

from connecticard.help import services
from connecticard.models import AuditEvent, DirectoryEntry, GlossaryTerm, Role
from tests.factories import make_signed_in_client, make_user

pytestmark = pytest.mark.django_db
TERMS = "/admin/connecticard/glossaryterm/"
ENTRIES = "/admin/connecticard/directoryentry/"
FILLED = {
    "term": "ILL",
    "also": "ILLs; I.L.L.",
    "stands_for": "Interlibrary loan",
    "meaning": "As our staff put it.",
    "explained": "on",
    "link": "",
    "last_checked_on": "2026-11-22",
}


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


def done():
    return list(AuditEvent.objects.exclude(action="signed_in").values_list("action", flat=True))


def test_a_word_that_staff_changed_stays_when_a_release_brings_another(staff):
    services.load_help()
    term = GlossaryTerm.objects.get(key="ill", language="en")

    staff.post(f"{TERMS}{term.pk}/change/", FILLED)
    services.load_help()

    term.refresh_from_db()
    assert (term.meaning, term.also) == ("As our staff put it.", ["ILLs", "I.L.L."])
    assert term.kept_by_staff_since is not None
    event = AuditEvent.objects.get(action="glossary_term_changed")
    assert (event.by, event.after["meaning"]) == (staff.user, "As our staff put it.")


def test_a_form_sent_unchanged_leaves_a_word_to_the_releases(staff):
    services.load_help()
    term = GlossaryTerm.objects.get(key="ill", language="en")

    shown = staff.get(f"{TERMS}{term.pk}/change/").context["adminform"].form
    sent = {name: shown[name].value() for name in shown.fields}
    staff.post(f"{TERMS}{term.pk}/change/", {name: value for name, value in sent.items() if value})

    term.refresh_from_db()
    assert term.kept_by_staff_since is None
    assert done() == []


def test_a_word_that_is_withdrawn_comes_back(staff):
    term = services.add_row(
        kind=GlossaryTerm,
        key="ill",
        language="en",
        values={"term": "ILL", "meaning": "A loan.", "last_checked_on": date(2026, 11, 22)},
        by=staff.user,
    )

    staff.post(f"{TERMS}{term.pk}/change/", FILLED | {"withdrawn": "on"})
    assert "As our staff put it." not in staff.get("/help/glossary/").text
    staff.post(f"{TERMS}{term.pk}/change/", FILLED)

    assert "As our staff put it." in staff.get("/help/glossary/").text


def test_an_entry_is_added_once(staff):
    entry = {
        "key": "help-desk",
        "language": "en",
        "group": "The State Library",
        "position": "5",
        "name": "Help desk",
        "purpose": "Questions.",
        "phone": "860-555-0100",
        "last_checked_on": "2026-11-22",
    }

    assert "Nothing says how to reach it." in staff.post(f"{ENTRIES}add/", entry | {"phone": ""}).text
    assert staff.post(f"{ENTRIES}add/", entry).status_code == 302
    assert "is “Help desk” already" in staff.post(f"{ENTRIES}add/", entry).text

    assert DirectoryEntry.objects.get().kept_by_staff_since is not None
    assert done() == ["directory_entry_added"]


def test_a_file_is_looked_at_and_taken(staff):
    term = services.add_row(
        kind=GlossaryTerm,
        key="ill",
        language="en",
        values={"term": "ILL", "meaning": "A loan.", "last_checked_on": date(2026, 11, 22)},
        by=staff.user,
    )
    written = staff.post(f"{TERMS}export/", {"format": "0"}).content.decode("utf-8-sig")
    head, first = written.splitlines()
    assert first.startswith("ill,en,ILL,")
    added = first.replace("ill,en,ILL", "dld,en,DLD")
    changed = first.replace("A loan.", "A loan between libraries.")

    assert looked_at(staff, f"{head}\n{first}\n").context["unchanged"] == 1
    looked = looked_at(staff, f"{head}\n{changed}\n{added}\n")
    assert [each.words for each in looked.context["changing"]] == ["Changes “ILL”.", "Adds “DLD”."]
    term.refresh_from_db()
    assert term.meaning == "A loan."
    staff.post(f"{TERMS}import/", {"looked_at": looked.context["looked_at"]})

    term.refresh_from_db()
    assert term.meaning == "A loan between libraries."
    assert GlossaryTerm.objects.filter(key="dld").exists()


def looked_at(staff, content):
    return staff.post(f"{TERMS}import/", {"file": SimpleUploadedFile("terms.csv", content.encode())})


@pytest.mark.parametrize(
    ("cell", "told"),
    [("ill,fr,ILL,A loan.,2026-11-22,", "no language"), ("ill,en,ILL,A loan.,2026-11-22,none", "valid URL")],
)
def test_what_a_file_says_wrong_is_told_by_line(staff, cell, told):
    looked = looked_at(staff, f"key,language,term,meaning,last_checked_on,link\n{cell}\n")

    [mistake] = looked.context["mistakes"]
    assert (mistake.line, told in mistake.message) == (2, True)


def test_only_who_writes_the_help_center_keeps_its_words():
    with pytest.raises(PermissionDenied):
        services.add_row(kind=GlossaryTerm, key="ill", language="en", values={}, by=make_user(Role.AUDITOR))
