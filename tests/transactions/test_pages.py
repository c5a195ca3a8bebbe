"""The pages by which a library files, through the real client."""

import re
from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from connecticard.models import AuditEvent, Role
from libraries.models import Library
from libraries.roster import load_roster
from tests.factories import (
    current_code,
    give_role,
    make_consortium,
    make_counts,
    make_filing,
    make_letter,
    make_period,
    make_signed_in_client,
    make_user,
)
from tests.page_text import text
from tests.transactions.conftest import months
from transactions import services
from transactions.count_grid_form import cell_name
from transactions.models import Filing, Holiday, Waiver
from transactions.rules.filing_calendar import Cadence

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 5)
AT = datetime(2026, 9, 5, 14, tzinfo=UTC)
HALF = months(date(2026, 3, 1), 6)
MARCH = HALF[0]


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def avon(avon):
    make_letter(avon)
    return avon


@pytest.fixture
def roster(db):
    return load_roster()


@pytest.fixture
def draft(avon):
    return make_filing(avon, make_period())


@pytest.fixture
def filer(avon):
    return make_signed_in_client(Role.LIBRARY_FILER, avon)


@pytest.fixture
def certifier(avon):
    return make_signed_in_client(Role.LIBRARY_CERTIFIER, avon)


@pytest.fixture
def staff(db):
    return make_signed_in_client(Role.STATE_STAFF)


@pytest.fixture
def submitted(draft, bethel, filer):
    make_counts(draft, {(bethel, month): 10 for month in HALF})
    return services.submit_filing(filing=draft, by=filer.user, at=AT)


@pytest.fixture
def certified(submitted, certifier):
    return services.certify_filing(filing=submitted, by=certifier.user, at=AT)


def url(name, *args):
    return reverse(f"transactions:{name}", args=args)


def shown(client, name, *args, status=200):
    response = client.get(url(name, *args))
    assert response.status_code == status
    return text(response)


def typed(filing, cells, **fields):
    """What a browser sends: the hidden fields of the page, and cells by home library and month."""
    return {
        "revision": str(filing.revision),
        **{cell_name((home.pk, month)): value for (home, month), value in cells.items()},
        **fields,
    }


def counts_of(filing):
    return {
        (count.home_library.name, count.month): count.loans
        for count in filing.loan_counts.select_related("home_library")
    }


# Where people begin


def test_person_of_one_library_goes_straight_to_it(filer, avon):
    assert filer.get(url("filing_list")).url == url("library_filings", avon.key)


def test_library_sees_what_is_owed_when_and_by_which_rule(filer, avon):
    services.open_filing_periods(on=TODAY)

    page = shown(filer, "library_filings", avon.key)

    assert page.index("March 2026 to August 2026") < page.index("September 2026 to February 2027")
    assert "Due Tuesday, September 8, 2026 , by 11:59:59 p.m. Eastern" in page
    assert "11-31c-2(a)" in page
    assert "Begin the filing" in page


def test_library_that_missed_the_day_is_told_what_to_do(filer, avon, settings):
    settings.DEMO_TODAY = date(2026, 9, 20)
    services.open_filing_periods(on=settings.DEMO_TODAY)

    page = shown(filer, "library_filings", avon.key)

    assert "Overdue" in page
    assert "taken through March 31, 2027, and counts only if the State Library grants a waiver" in page


def test_library_without_a_letter_is_warned(libraries):
    bethel = libraries["CT0002"]
    client = make_signed_in_client(Role.LIBRARY_FILER, bethel)

    assert "No letter of agreement" in shown(client, "library_filings", bethel.key)


def test_filer_begins_a_filing_with_one_button(filer, avon):
    services.open_filing_periods(on=TODAY)

    response = filer.post(url("filing_begin", avon.key), {"cadence": "semiannual", "first_day": "2026-03-01"})

    filing = Filing.objects.get()
    assert response.url == url("filing_entry", filing.pk)
    assert filing.created_by == filer.user


def test_filing_of_a_period_that_is_not_listed_is_not_begun(filer, avon):
    response = filer.post(url("filing_begin", avon.key), {"cadence": "semiannual", "first_day": "2031-03-01"})

    assert response.url == url("library_filings", avon.key)
    assert not Filing.objects.exists()


def test_consortium_filer_sees_its_members_and_staff_see_everybody(libraries, staff, avon):
    consortium = make_consortium(members=(avon, libraries["CT0002"]))
    member_filer = make_signed_in_client(Role.CONSORTIUM_FILER, consortium=consortium)

    page = shown(member_filer, "filing_list")

    assert "2 libraries" in page
    assert "Canton Library" not in page
    assert "5 libraries" in shown(staff, "filing_list")


# Entering


def test_grid_has_a_row_for_each_home_library_and_none_for_ones_own(filer, draft, avon):
    page = filer.get(url("filing_entry", draft.pk)).content.decode()

    assert page.count('<th scope="row">') == 4 + 1
    assert "Loans on your own library" in page
    assert "11-31c-1(f)" in page
    assert 'aria-label="Loans by home library and month"' in page


def test_what_is_typed_is_saved_and_the_draft_says_so(filer, draft, bethel):
    response = filer.post(
        url("filing_entry", draft.pk),
        typed(draft, {(bethel, MARCH): "1,234", (bethel, HALF[1]): "0"}),
        follow=True,
    )

    assert "Saved: 1,234 loans" in text(response)
    assert counts_of(draft) == {("Bethel Library", MARCH): 1234, ("Bethel Library", HALF[1]): 0}
    assert 'value="1234"' in response.content.decode()


def test_a_cell_that_is_emptied_becomes_a_blank_again(filer, draft, bethel):
    make_counts(draft, {(bethel, MARCH): 5})

    filer.post(url("filing_entry", draft.pk), typed(draft, {(bethel, MARCH): ""}))

    assert counts_of(draft) == {}


def test_a_mistake_is_told_beside_the_cell_and_above_and_nothing_typed_is_lost(filer, draft, bethel):
    response = filer.post(
        url("filing_entry", draft.pk),
        typed(draft, {(bethel, MARCH): "twelve", (bethel, HALF[1]): "34"}),
    )

    page = response.content.decode()
    id_ = cell_name((bethel.pk, MARCH))
    assert f'href="#{id_}"' in page
    assert f'id="{id_}" name="{id_}" value="twelve"' in page
    assert 'value="34"' in page
    assert (
        text(response).count("“twelve” is not a whole number. Enter 0 if no items were lent on cards of") == 2
    )
    assert counts_of(draft) == {}


def test_saving_can_lead_on_to_the_checks(filer, draft, bethel):
    response = filer.post(url("filing_entry", draft.pk), typed(draft, {(bethel, MARCH): "1"}, then="check"))

    assert response.url == url("filing_check", draft.pk)


def test_zero_return_is_said_in_the_words_of_the_form(filer, draft):
    page = shown(filer, "filing_entry", draft.pk)
    assert "My library lent nothing on cards of other libraries in this period." in page

    filer.post(url("filing_entry", draft.pk), typed(draft, {}, nothing_lent="on"))

    draft.refresh_from_db()
    assert draft.nothing_lent
    assert "A zero return" in shown(filer, "filing_check", draft.pk)


def test_the_later_of_two_people_is_shown_both_values_and_loses_none(filer, draft, avon, bethel, libraries):
    canton = libraries["CT0003"]
    other = make_signed_in_client(Role.LIBRARY_FILER, avon)
    opened = re.search(
        r'name="opened_with" value="([^"]*)"', filer.get(url("filing_entry", draft.pk)).content.decode()
    )[1]
    other.post(url("filing_entry", draft.pk), typed(draft, {(bethel, MARCH): "50", (canton, MARCH): "7"}))

    response = filer.post(
        url("filing_entry", draft.pk),
        typed(
            draft,
            {(bethel, MARCH): "60", (bethel, HALF[1]): "61", (canton, MARCH): ""},
            opened_with=opened,
        ),
    )

    page = response.content.decode()
    assert response.status_code == 409
    assert "Bethel Library, Mar 2026 : yours 60, theirs 50" in text(response)
    assert "Taken over from the other person: Canton Library, Mar 2026" in text(response)
    assert f'name="{cell_name((canton.pk, MARCH))}" value="7"' in page
    assert 'value="60"' in page
    assert 'value="61"' in page
    assert counts_of(draft) == {("Bethel Library", MARCH): 50, ("Canton Library", MARCH): 7}
    sent = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page))
    filer.post(url("filing_entry", draft.pk), sent)
    assert counts_of(draft) == {
        ("Bethel Library", MARCH): 60,
        ("Bethel Library", HALF[1]): 61,
        ("Canton Library", MARCH): 7,
    }


def test_what_was_typed_is_shown_when_the_columns_were_changed_meanwhile(filer, draft, avon, bethel):
    other = make_signed_in_client(Role.LIBRARY_FILER, avon)
    other.post(url("filing_basis", draft.pk), {"revision": "0"})

    response = filer.post(url("filing_entry", draft.pk), typed(draft, {(bethel, MARCH): "60"}))

    assert response.status_code == 409
    assert f"{other.user} saved this filing while you were typing" in text(response)
    assert "What you typed has no cell any more: Bethel Library, 2026-03: 60" in text(response)
    assert counts_of(draft) == {}


def test_months_become_totals_and_totals_become_months(filer, draft, bethel):
    make_counts(draft, {(bethel, MARCH): 5, (bethel, HALF[1]): 6})
    assert "added up" in shown(filer, "filing_basis", draft.pk)

    filer.post(url("filing_basis", draft.pk), {"revision": "0"})

    assert counts_of(draft) == {("Bethel Library", None): 11}
    assert "Whole period" in shown(filer, "filing_entry", draft.pk)
    filer.post(url("filing_basis", draft.pk), {"revision": "1"})
    assert counts_of(draft) == {}
    assert AuditEvent.objects.filter(action="filing_basis_changed").count() == 2


def test_page_says_what_becomes_of_not_counted_when_months_are_added_up(filer, draft, bethel):
    assert "n/c" not in shown(filer, "filing_basis", draft.pk)

    make_counts(draft, {(bethel, MARCH): None})

    assert "where all are, its total is n/c" in shown(filer, "filing_basis", draft.pk)


def test_not_counted_is_shown_with_its_meaning_on_every_page(filer, certifier, draft, bethel):
    counts = {(bethel, month): "n/c" for month in HALF[1:]} | {(bethel, MARCH): "4"}
    saved = filer.post(url("filing_entry", draft.pk), typed(draft, counts), follow=True)
    assert "Saved: 4 loans" in text(saved)
    assert "n/c : not counted" in text(saved)

    assert "5 cells say n/c: not counted" in shown(filer, "filing_check", draft.pk)
    filer.post(url("filing_check", draft.pk), {"revision": "1"})
    assert "5 cells say n/c: not counted" in shown(filer, "filing", draft.pk)
    page = shown(certifier, "filing_certify", draft.pk)
    assert "5 cells say n/c: not counted" in page
    assert "Where it says n/c, my library has no count" in page


def test_basis_is_not_changed_under_somebody_who_saved_meanwhile(filer, draft):
    response = filer.post(url("filing_basis", draft.pk), {"revision": "7"}, follow=True)

    assert "Somebody else saved this filing meanwhile" in text(response)


def test_a_grid_of_192_libraries_needs_few_queries(roster, django_assert_max_num_queries):
    library = Library.objects.get(key="CT0001")
    client = make_signed_in_client(Role.LIBRARY_FILER, library)
    filing = make_filing(library)
    homes = list(Library.objects.exclude(pk=library.pk))
    make_counts(filing, {(home, month): 3 for home in homes for month in HALF})

    with django_assert_max_num_queries(20):
        page = client.get(url("filing_entry", filing.pk))
    with django_assert_max_num_queries(32):
        saved = client.post(
            url("filing_entry", filing.pk),
            typed(filing, {(home, month): "4" for home in homes for month in HALF}),
        )

    assert page.content.decode().count("<input id=") == 191 * 6
    assert saved.status_code == 302


def test_a_year_of_months_is_not_too_many_fields(roster):
    library = Library.objects.get(key="CT0001")
    client = make_signed_in_client(Role.LIBRARY_FILER, library)
    filing = make_filing(library, make_period(date(2026, 3, 1), Cadence.ANNUAL))
    homes = Library.objects.exclude(pk=library.pk)
    year = months(date(2026, 3, 1), 12)

    response = client.post(
        url("filing_entry", filing.pk),
        typed(filing, {(home, month): "1" for home in homes for month in year}),
    )

    assert response.status_code == 302
    assert filing.loan_counts.count() == 191 * 12


# Checking and submitting


def test_check_page_lists_what_must_be_mended_and_offers_no_submission(filer, draft, bethel):
    make_counts(draft, {(bethel, MARCH): 5})

    page = shown(filer, "filing_check", draft.pk)

    assert "No loans are entered for April 2026" in page
    assert "Submit to the State Library" not in page


def test_check_page_shows_last_years_certified_months_beside_the_totals(
    filer, certifier, draft, avon, bethel
):
    before = make_filing(avon, make_period(date(2025, 3, 1), Cadence.ANNUAL))
    make_counts(before, {(bethel, month): 100 for month in months(date(2025, 3, 1), 12)})
    in_march = datetime(2026, 3, 5, 14, tzinfo=UTC)
    services.submit_filing(filing=before, by=filer.user, at=in_march)
    services.certify_filing(filing=before, by=certifier.user, at=in_march)
    make_counts(draft, {(bethel, month): 10 for month in HALF})

    page = shown(filer, "filing_check", draft.pk)

    assert "March 2026 10 100" in page
    assert "Whole period 60 600" in page


def test_check_page_says_where_last_year_is_not_on_record(filer, submitted, certifier):
    assert "March 2026 10 not on record" in shown(certifier, "filing_certify", submitted.pk)


def test_submitting_gives_a_receipt_with_number_time_and_digest(filer, draft, bethel):
    make_counts(draft, {(bethel, month): 10 for month in HALF})

    response = filer.post(url("filing_check", draft.pk), {"revision": "0"}, follow=True)

    draft.refresh_from_db()
    page = text(response)
    assert draft.status == "submitted"
    assert "Submission receipt" in page
    assert "CT0001-202603-202608-1" in page
    assert draft.sha256 in page


def test_submission_that_is_refused_stays_a_draft(filer, draft):
    response = filer.post(url("filing_check", draft.pk), {"revision": "0"})

    assert response.status_code == 409
    assert "No loans are entered" in text(response)
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_submitted_filing_is_not_open_for_entry(filer, submitted):
    response = filer.get(url("filing_entry", submitted.pk), follow=True)

    assert "To change it, ask the certifier to return it" in text(response)


# Certifying


def test_certifier_sees_the_whole_filing_and_the_exact_statement(certifier, submitted):
    page = shown(certifier, "filing_certify", submitted.pk)

    assert "I certify for my library that this report is accurate and complete" in page
    assert "Certify this filing" in page
    assert "60 units lent" in page
    assert "Every check is passed" in page


def test_certifying_takes_the_second_factor_and_keeps_the_statement(certifier, submitted):
    response = certifier.post(
        url("filing_certify", submitted.pk),
        {"code": current_code(certifier.user), "revision": "0"},
        follow=True,
    )

    submitted.refresh_from_db()
    assert submitted.status == "certified"
    assert submitted.certified_by == certifier.user
    assert "Certified. This filing now counts" in text(response)
    assert submitted.attestation in text(response)


def test_certifier_signs_only_what_the_page_showed(certifier, filer, submitted, bethel):
    services.return_filing(filing=submitted, reason="Look again.", by=certifier.user, at=AT)
    services.save_counts(filing=submitted, counts={(bethel.pk, MARCH): 999}, by=filer.user, at=AT, expected=0)
    services.submit_filing(filing=submitted, by=filer.user, at=AT)

    response = certifier.post(
        url("filing_certify", submitted.pk), {"code": current_code(certifier.user), "revision": "0"}
    )

    submitted.refresh_from_db()
    assert submitted.status == "submitted"
    assert "Somebody saved this filing after you opened it" in text(response)


def test_without_a_right_code_nothing_is_certified(certifier, submitted):
    response = certifier.post(url("filing_certify", submitted.pk), {"code": "000000"})

    submitted.refresh_from_db()
    assert response.status_code == 200
    assert "This code is not right" in text(response)
    assert submitted.status == "submitted"


def test_returned_filing_comes_back_to_the_filer_with_the_reason(certifier, filer, submitted):
    certifier.post(url("filing_return", submitted.pk), {"reason": "Bethel in May looks wrong."})

    submitted.refresh_from_db()
    assert submitted.status == "returned"
    assert "Bethel in May looks wrong." in shown(filer, "filing_entry", submitted.pk)


def test_return_asks_for_a_reason(certifier, submitted):
    response = certifier.post(url("filing_return", submitted.pk), {"reason": " "})

    assert response.status_code == 200
    assert "This field is required" in text(response)


def test_amendment_is_a_new_version_and_the_certified_one_stands(certifier, filer, certified):
    certifier.post(url("filing_amend", certified.pk), {"reason": "A month was doubled."})

    amendment = Filing.objects.get(version=2)
    assert counts_of(amendment) == counts_of(certified)
    certified.refresh_from_db()
    assert certified.is_standing
    page = shown(filer, "filing_entry", amendment.pk)
    assert "Reason: A month was doubled." in page
    assert "counts until this version is certified" in page


def test_undone_amendment_leaves_the_certified_version(certifier, certified):
    certifier.post(url("filing_amend", certified.pk), {"reason": "A month was doubled."})
    amendment = Filing.objects.get(version=2)
    assert "Version 2 is removed" in shown(certifier, "filing_undo", amendment.pk)

    response = certifier.post(url("filing_undo", amendment.pk), follow=True)

    assert "The amendment is undone" in text(response)
    assert list(Filing.objects.values_list("version", flat=True)) == [1]


def test_filer_does_not_undo_an_amendment(certifier, filer, certified):
    certifier.post(url("filing_amend", certified.pk), {"reason": "A month was doubled."})
    amendment = Filing.objects.get(version=2)

    filer.post(url("filing_undo", amendment.pk))

    assert Filing.objects.filter(pk=amendment.pk).exists()


def test_versions_are_listed_with_which_one_counts(certifier, certified):
    certifier.post(url("filing_amend", certified.pk), {"reason": "A month was doubled."})

    page = shown(certifier, "filing", certified.pk)

    assert "Version 2 Draft" in page
    assert "Version 1 (this one) Certified : counts now" in page.replace("Certified:", "Certified :")


@pytest.mark.parametrize("role", [Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR])
def test_state_people_read_any_version(role, certified):
    page = shown(make_signed_in_client(role), "filing", certified.pk)

    assert "60 units lent on cards of 1 home library" in page


# Who may not


def test_filing_of_another_library_is_not_found(libraries, submitted):
    stranger = make_signed_in_client(Role.LIBRARY_CERTIFIER, libraries["CT0002"])

    for name in ("filing", "filing_certify", "filing_return", "filing_amend"):
        assert stranger.get(url(name, submitted.pk)).status_code == 404


def test_each_page_is_closed_to_roles_that_do_not_do_this(filer, certifier, staff, submitted):
    auditor = make_signed_in_client(Role.AUDITOR)

    assert filer.get(url("filing_certify", submitted.pk)).status_code == 403
    assert filer.get(url("filing_return", submitted.pk)).status_code == 403
    assert certifier.get(url("filing_entry", submitted.pk)).status_code == 403
    assert staff.get(url("filing_entry", submitted.pk)).status_code == 403
    assert staff.get(url("filing_certify", submitted.pk)).status_code == 403
    for name in ("filing_entry", "filing_certify", "filing_return", "filing_amend"):
        assert auditor.get(url(name, submitted.pk)).status_code == 403
    assert filer.get(url("holiday_list")).status_code == 403
    assert filer.get(url("waiver_list")).status_code == 403


def test_nobody_sees_anything_without_signing_in(client, submitted):
    for name in ("filing", "filing_entry", "filing_check", "filing_certify"):
        assert client.get(url(name, submitted.pk)).url.startswith("/account/login/")


def test_certifier_of_two_libraries_enters_only_where_also_filer(libraries, draft, avon):
    person = make_user(Role.LIBRARY_CERTIFIER, library=avon)
    give_role(person, Role.LIBRARY_FILER, library=libraries["CT0002"])
    client = make_signed_in_client(user=person)

    assert client.get(url("filing_entry", draft.pk)).status_code == 403


# What staff keep


def test_staff_read_add_and_remove_holidays_on_record(staff):
    services.load_holidays()
    assert "Labor Day" in shown(staff, "holiday_list")

    staff.post(
        url("holiday_list"), {"day": "2026-12-24", "name": "Closed by order", "source": "Proclamation 26-9"}
    )
    holiday = Holiday.objects.get(name="Closed by order")
    staff.post(url("holiday_remove", holiday.pk), {"reason": "The order was withdrawn."})

    assert not Holiday.objects.filter(pk=holiday.pk).exists()
    assert list(
        AuditEvent.objects.filter(action__in=["holiday_added", "holiday_removed"])
        .order_by("pk")
        .values_list("action", "by")
    ) == [("holiday_added", staff.user.pk), ("holiday_removed", staff.user.pk)]


@pytest.mark.parametrize(
    ("day", "message"), [("2026-12-26", "Saturday"), ("2026-12-25", "on record already, as Christmas")]
)
def test_a_day_that_is_closed_anyway_is_not_added(staff, day, message):
    Holiday.objects.create(day=date(2026, 12, 25), name="Christmas Day", source="C.G.S. § 1-4")

    response = staff.post(url("holiday_list"), {"day": day, "name": "A day", "source": "A source"})

    assert message in text(response)


def test_waiver_holds_once_another_person_approves_and_the_library_sees_it(staff, filer, draft):
    other = make_signed_in_client(Role.STATE_ADMINISTRATOR)
    terms = {
        "kind": "extension",
        "until": "2026-09-30",
        "authority": "Board policy 7",
        "reason": "The library was flooded.",
    }
    staff.post(url("waiver_propose", draft.library.key, draft.period.pk), terms)
    waiver = Waiver.objects.get()
    assert "flooded" not in shown(filer, "filing_entry", draft.pk)

    assert "another person has to approve it" in shown(staff, "waiver_approve", waiver.pk)
    assert staff.post(url("waiver_approve", waiver.pk)).status_code == 409
    other.post(url("waiver_approve", waiver.pk))

    waiver.refresh_from_db()
    assert waiver.approved_by == other.user
    assert "Extension through September 30, 2026" in shown(filer, "filing_entry", draft.pk)
    assert "flooded" in shown(filer, "library_filings", draft.library.key)
    assert "flooded" in shown(make_signed_in_client(Role.AUDITOR), "waiver_list")


# Amending, and signing twice


@pytest.fixture
def amended(certified, certifier, filer, bethel):
    """Version 2, submitted, with another count for March."""
    draft = services.reopen_filing(filing=certified, reason="A page was missed.", by=certifier.user, at=AT)
    services.save_counts(filing=draft, counts={(bethel.pk, MARCH): 12}, by=filer.user, at=AT, expected=0)
    return services.submit_filing(filing=draft, by=filer.user, at=AT)


def test_certifier_sees_what_an_amendment_changes_cell_by_cell(certifier, amended):
    page = shown(certifier, "filing_certify", amended.pk)

    assert "1 count differs, and the whole period goes from 60 to 62 units (+2)." in page
    assert "Bethel Library Mar 2026 10 12 +2" in page


def test_each_version_says_whether_it_counts(certifier, certified, amended):
    page = shown(certifier, "filing", certified.pk)
    assert "This version counts. Version 2 is begun to take its place" in page

    services.certify_filing(filing=amended, by=certifier.user, at=AT)

    assert "This version counts no more: version 2 took its place" in shown(certifier, "filing", certified.pk)
    assert "What this version changes Against version 1" in shown(certifier, "filing", amended.pk)


def test_filer_is_told_that_an_amendment_says_nothing_new(certifier, filer, certified):
    draft = services.reopen_filing(filing=certified, reason="A page was missed.", by=certifier.user, at=AT)
    assert "every count is the same as in version 1" in shown(filer, "filing_check", draft.pk)

    response = filer.post(url("filing_check", draft.pk), {"revision": "0"})

    assert response.status_code == 409
    assert "says the same as version 1" in text(response)


def test_a_second_click_on_certify_is_answered_kindly(certifier, submitted):
    signed = {"code": current_code(certifier.user), "revision": "0"}
    certifier.post(url("filing_certify", submitted.pk), signed)

    response = certifier.post(url("filing_certify", submitted.pk), signed, follow=True)

    assert response.redirect_chain == [(url("filing", submitted.pk), 302)]
    assert "was certified September 5, 2026" in text(response)
    assert submitted.receipts.filter(kind="certificate").count() == 1


def test_a_second_click_on_submit_is_answered_kindly(filer, draft, bethel):
    make_counts(draft, {(bethel, month): 10 for month in HALF})
    filer.post(url("filing_check", draft.pk), {"revision": "0"})

    response = filer.post(url("filing_check", draft.pk), {"revision": "0"}, follow=True)

    assert "This filing was submitted September 5, 2026" in text(response)
    assert draft.receipts.count() == 1


def test_certifying_what_was_returned_meanwhile_signs_nothing(certifier, submitted):
    services.return_filing(filing=submitted, reason="Look again.", by=certifier.user, at=AT)
    code = current_code(certifier.user)

    response = certifier.post(
        url("filing_certify", submitted.pk), {"code": code, "revision": "0"}, follow=True
    )

    assert "returned to the filer meanwhile. Nothing was certified" in text(response)
    assert current_code(certifier.user) == code


def test_certified_zero_return_is_named_as_one(certifier, filer, draft):
    services.save_counts(filing=draft, counts={}, by=filer.user, at=AT, expected=0, nothing_lent=True)
    draft.refresh_from_db()
    services.submit_filing(filing=draft, by=filer.user, at=AT)
    assert "A zero return" in shown(certifier, "filing_certify", draft.pk)

    services.certify_filing(filing=draft, by=certifier.user, at=AT)

    for name, argument in (("filing", draft.pk), ("library_filings", draft.library.key)):
        assert "Certified: zero return" in shown(certifier, name, argument)
