"""What the grid asks for while somebody types: saving cells, and what others do meanwhile."""

import json
from datetime import date

import pytest
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisIsAway

from connecticard.models import AuditEvent, Role
from tests.factories import make_counts, make_filing, make_letter, make_period, make_signed_in_client
from tests.transactions.conftest import months
from transactions import presence, services
from transactions.count_grid_form import cell_name
from transactions.models import Explanation, LoanCount
from transactions.rules.explanations import Reason
from transactions.rules.filing_checks import NOT_COUNTED, Tier
from transactions.services import Finding

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 5)
MARCH, APRIL = months(date(2026, 3, 1), 2)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def avon(avon):
    make_letter(avon)
    return avon


@pytest.fixture
def draft(avon):
    return make_filing(avon, make_period())


@pytest.fixture
def ann(avon):
    return make_signed_in_client(Role.LIBRARY_FILER, avon)


@pytest.fixture
def ben(avon):
    return make_signed_in_client(Role.LIBRARY_FILER, avon)


def address(filing):
    return reverse("transactions:filing_cells", args=[filing.pk])


def save(client, filing, cells, *, revision=0, **rest):
    named = {cell_name((home.pk, month)): text for (home, month), text in cells.items()}
    return client.post(
        address(filing),
        json.dumps({"cells": named, **rest}),
        content_type="application/json",
        headers={"If-Match": f'"{revision}"'},
    )


def counts_of(filing):
    return {
        (count.home_library.name, count.month): count.loans
        for count in filing.loan_counts.select_related("home_library")
    }


def audit():
    return AuditEvent.objects.filter(action="counts_saved").count()


# Saving


def test_cells_are_saved_and_the_answer_names_the_new_revision(ann, draft, bethel):
    answer = save(ann, draft, {(bethel, MARCH): " 1,234 ", (bethel, APRIL): "0"})

    assert answer.status_code == 200
    assert answer["ETag"] == '"1"'
    assert answer.json() | {"at": ""} == {
        "revision": 1,
        "saved": {cell_name((bethel.pk, MARCH)): "1234", cell_name((bethel.pk, APRIL)): "0"},
        "problems": {},
        "loans": 1234,
        "at": "",
    }
    assert counts_of(draft) == {("Bethel Library", MARCH): 1234, ("Bethel Library", APRIL): 0}


def test_a_cell_is_emptied_and_another_not_counted(ann, draft, bethel):
    make_counts(draft, {(bethel, MARCH): 5, (bethel, APRIL): 6})

    answer = save(ann, draft, {(bethel, MARCH): "", (bethel, APRIL): "N/C"})

    assert answer.json()["saved"] == {
        cell_name((bethel.pk, MARCH)): "",
        cell_name((bethel.pk, APRIL)): "n/c",
    }
    assert LoanCount.objects.by_cell() == {(bethel.pk, APRIL): NOT_COUNTED}


def test_a_bad_cell_is_told_and_the_good_ones_are_saved(ann, draft, avon, bethel):
    answer = save(
        ann, draft, {(bethel, MARCH): "3o", (bethel, APRIL): "7", (bethel, date(2030, 1, 1)): "1"}
    ).json()

    assert counts_of(draft) == {("Bethel Library", APRIL): 7}
    assert "“3o” is not a whole number." in answer["problems"][cell_name((bethel.pk, MARCH))]
    assert "Reload the page" in answer["problems"][cell_name((bethel.pk, date(2030, 1, 1)))]


def test_a_cell_that_a_rule_refuses_is_told_in_its_words(ann, draft, avon, libraries):
    own = libraries["CT0001"]
    LoanCount.objects.create(filing=draft, home_library=own, month=MARCH, loans=3)

    answer = save(ann, draft, {(own, MARCH): "4"}).json()

    assert "own library" in answer["problems"][cell_name((own.pk, MARCH))]
    assert answer["revision"] == 0
    assert audit() == 0


def test_zero_return_is_saved_alone(ann, draft):
    answer = save(ann, draft, {}, nothing_lent=True)

    draft.refresh_from_db()
    assert answer.json()["revision"] == 1
    assert draft.nothing_lent


# Two people


def test_later_of_two_is_refused_and_told_who_saved_what(ann, ben, draft, bethel):
    save(ann, draft, {(bethel, MARCH): "15"})

    answer = save(ben, draft, {(bethel, MARCH): "12"})

    assert answer.status_code == 412
    assert answer["ETag"] == '"1"'
    said = answer.json()
    assert said["by"] == str(ann.user)
    assert said["counts"] == {cell_name((bethel.pk, MARCH)): "15"}
    assert said["nothing_lent"] is False
    assert counts_of(draft) == {("Bethel Library", MARCH): 15}
    assert save(ben, draft, {(bethel, MARCH): "12"}, revision=1).status_code == 200


def test_somebody_with_two_windows_is_told_so(ann, draft, bethel):
    save(ann, draft, {(bethel, MARCH): "15"})

    assert save(ann, draft, {(bethel, MARCH): "12"}).json()["by"] == "You, in another window,"


@pytest.mark.parametrize("if_match", ["", "*", '"x"', '"-1"', "0", 'W/"0"'])
def test_a_revision_that_cannot_be_read_is_of_no_filing(if_match, ann, draft):
    answer = ann.post(address(draft), "{}", content_type="application/json", headers={"If-Match": if_match})

    assert answer.status_code == 412


def test_nothing_is_saved_without_saying_what_was_seen(ann, draft):
    assert ann.post(address(draft), "{}", content_type="application/json").status_code == 428


@pytest.mark.parametrize(
    "body", ["", "[]", '{"cells": []}', '{"cells": {"c1-2026-03": 3}}', '{"nothing_lent": 1}']
)
def test_what_cannot_be_read_is_refused(body, ann, draft):
    answer = ann.post(address(draft), body, content_type="application/json", headers={"If-Match": '"0"'})

    assert answer.status_code == 400
    assert audit() == 0


def test_each_sees_who_else_is_here_and_when_they_changed_something(ann, ben, draft, bethel):
    assert ann.get(address(draft) + "?revision=0").json()["people"] == []
    assert ben.get(address(draft) + "?revision=0").json()["people"] == [
        f"{ann.user} has this filing open and has changed nothing yet."
    ]
    save(ann, draft, {(bethel, MARCH): "15"})

    answer = ben.get(address(draft) + "?revision=0").json()

    assert answer["people"] == [f"{ann.user} has this filing open. Last change less than a minute ago."]
    assert answer["counts"] == {cell_name((bethel.pk, MARCH)): "15"}
    assert "counts" not in ben.get(address(draft) + "?revision=1").json()


def test_page_names_the_others_without_a_script(ann, ben, draft):
    entry = reverse("transactions:filing_entry", args=[draft.pk])
    ann.get(entry)

    assert f"{ann.user} has this filing open" in ben.get(entry).content.decode()


def test_somebody_who_left_is_forgotten(ann, ben, draft, monkeypatch):
    ann.get(address(draft))
    real = presence.time.time
    monkeypatch.setattr(presence.time, "time", lambda: real() + presence.SECONDS + 1)

    assert ben.get(address(draft)).json()["people"] == []


def test_change_of_a_while_ago_is_told_in_minutes():
    changed = presence.Present("Ann Smith", 1000.0, 1000.0)

    assert changed.words(1070.0) == "Ann Smith has this filing open. Last change 1 minute ago."
    assert changed.words(1185.0) == "Ann Smith has this filing open. Last change 3 minutes ago."


def test_without_a_cache_everything_else_works(ann, draft, bethel, monkeypatch):
    class Away:
        def get(self, key):
            raise RedisIsAway("no connection")

    monkeypatch.setattr(presence, "cache", Away())

    assert ann.get(address(draft)).json()["people"] == []
    assert save(ann, draft, {(bethel, MARCH): "15"}).status_code == 200
    assert ann.get(reverse("transactions:filing_entry", args=[draft.pk])).status_code == 200


# What the checks find


def test_an_explained_finding_says_the_reason_and_no_longer_asks(ann, draft, bethel, monkeypatch):
    reason = Explanation(reason=Reason.OTHER, text="A second building opened.")
    said = Finding("jump", Tier.MUST_EXPLAIN, "Say why.", "2(d)", bethel.pk, MARCH, explanation=reason)
    monkeypatch.setattr(services, "findings", lambda filing, today: [said])

    (found,) = ann.get(address(draft) + "?revision=0&checked=-1").json()["findings"]

    assert found["weight"] == "explained"
    assert found["message"] == (
        f"Explained: {reason.reason_label}. “A second building opened.” The check had said: Say why."
    )


def test_findings_are_told_where_they_are_once_for_each_revision(ann, draft, bethel, monkeypatch):
    explain = Finding("jump", Tier.MUST_EXPLAIN, "March is ten times last year's.", "2(d)", bethel.pk, MARCH)
    blank = Finding("blank", Tier.MUST_MEND, "No loans are entered for April.", "2(b)", None, APRIL)
    monkeypatch.setattr(services, "findings", lambda filing, today: [explain, blank])

    found = ann.get(address(draft) + "?revision=0&checked=-1").json()["findings"]

    assert found == [
        {
            "id": cell_name((bethel.pk, MARCH)),
            "weight": "explain",
            "message": "March is ten times last year's.",
        }
    ]
    assert "findings" not in ann.get(address(draft) + "?revision=0&checked=0").json()


# What may not be edited, and by whom


def test_a_submitted_filing_is_not_saved_into(ann, draft, bethel):
    draft.status = "submitted"
    draft.submitted_at = draft.first_submitted_at = draft.created_at
    draft.submitted_by = ann.user
    draft.sha256 = "0" * 64
    draft.save()

    answer = save(ann, draft, {(bethel, MARCH): "1"})

    assert answer.status_code == 409
    assert "This filing is submitted" in answer.json()["detail"]
    assert ann.get(address(draft)).status_code == 409
    assert counts_of(draft) == {}


def test_a_returned_filing_is(ann, draft, bethel):
    draft.status = "returned"
    draft.returned_because = "March is too high"
    draft.save()

    assert save(ann, draft, {(bethel, MARCH): "1"}).status_code == 200


def test_a_closed_period_is_not(ann, draft, bethel, settings):
    settings.DEMO_TODAY = date(2027, 9, 9)

    answer = save(ann, draft, {(bethel, MARCH): "1"})

    assert answer.status_code == 409
    assert "Entry for this period closed" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.LIBRARY_CERTIFIER, 403), (Role.STATE_STAFF, 403), (Role.AUDITOR, 403)],
)
def test_who_may_not_enter_counts_is_refused(role, status, avon, draft, bethel):
    client = make_signed_in_client(role, avon if role == Role.LIBRARY_CERTIFIER else None)

    assert save(client, draft, {(bethel, MARCH): "1"}).status_code == status
    assert client.get(address(draft)).status_code == status


def test_filer_of_another_library_finds_nothing_and_is_not_named(ann, draft, bethel):
    other = make_signed_in_client(Role.LIBRARY_FILER, bethel)

    assert save(other, draft, {(bethel, MARCH): "1"}).status_code == 404
    assert other.get(address(draft)).status_code == 404
    assert ann.get(address(draft)).json()["people"] == []
