"""The page that checks a filing: what it shows, the reasons it takes, and that nothing typed is lost."""

import csv
from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from connecticard.models import Role
from tests.factories import (
    make_counts,
    make_filing,
    make_letter,
    make_library,
    make_period,
    make_signed_in_client,
    make_user,
)
from tests.page_text import text
from tests.transactions.conftest import months
from transactions import services
from transactions.count_grid_form import cell_name
from transactions.models import Explanation, Filing

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 5)
AT = datetime(2026, 9, 5, 14, tzinfo=UTC)
HALF = months(date(2026, 3, 1), 6)
BEFORE = months(date(2025, 9, 1), 6)
MARCH, APRIL, MAY = HALF[:3]


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def avon(avon):
    make_letter(avon)
    return avon


@pytest.fixture
def filer(avon):
    return make_signed_in_client(Role.LIBRARY_FILER, avon)


@pytest.fixture
def certifier(avon):
    return make_signed_in_client(Role.LIBRARY_CERTIFIER, avon)


@pytest.fixture
def unusual(avon, canton):
    """A filing with a digit too many in April and in May, after a usual half year on record."""
    before = make_filing(avon, make_period(date(2025, 9, 1)))
    make_counts(before, {(canton, month): 200 + place for place, month in enumerate(BEFORE)})
    by = make_user(Role.LIBRARY_FILER, library=avon), make_user(Role.LIBRARY_CERTIFIER, library=avon)
    at = datetime(2026, 3, 5, 14, tzinfo=UTC)
    services.certify_filing(filing=services.submit_filing(filing=before, by=by[0], at=at), by=by[1], at=at)
    filing = make_filing(avon)
    make_counts(filing, {(canton, month): 190 + place for place, month in enumerate(HALF)})
    filing.loan_counts.filter(month__in=[APRIL, MAY]).update(loans=1910)
    return filing


@pytest.fixture
def address(unusual):
    return reverse("transactions:filing_check", args=[unusual.pk])


def said(canton, month, reason="checked", words=""):
    prefix = f"outside_usual_range-{canton.pk}-{month:%Y-%m}"
    return {f"{prefix}-reason": reason, f"{prefix}-text": words}


def sent(filing, *answers, do="explain"):
    data = {"revision": str(filing.revision), "do": do}
    for answer in answers:
        data |= answer
    return data


def test_filing_in_order_passes_every_check(filer, avon, canton):
    filing = make_filing(avon)
    make_counts(filing, {(canton, month): 20 + place for place, month in enumerate(HALF)})

    shown = filer.get(reverse("transactions:filing_check", args=[filing.pk]))

    assert "Every check is passed." in text(shown)
    assert "Submit to the State Library" in text(shown)


def test_findings_are_shown_by_weight_with_place_rule_and_form(filer, unusual, canton, address):
    shown = filer.get(address)

    assert "Must be explained (2)" in text(shown)
    assert "Canton Library, Apr 2026" in text(shown)
    assert "1,910 units were lent on cards of Canton Library in April 2026" in text(shown)
    assert f"/enter/#{cell_name((canton.pk, APRIL))}" in shown.content.decode()
    assert "2 findings need a reason or a correction first." in text(shown)
    assert text(shown).count("Choose a reason") == 2


def test_all_reasons_are_saved_in_one_go(filer, unusual, canton, address):
    response = filer.post(
        address, sent(unusual, said(canton, APRIL), said(canton, MAY, "other", "A fair.")), follow=True
    )

    assert "2 reasons saved." in text(response)
    assert "Compared with our system and right; the cause is not known" in text(response)
    assert "“A fair.”" in text(response)
    assert Explanation.objects.count() == 2


def test_reasons_and_submission_go_together(filer, unusual, canton, address):
    filer.post(address, sent(unusual, said(canton, APRIL), said(canton, MAY), do="submit"))

    assert Filing.objects.get(pk=unusual.pk).status == "submitted"


def test_without_every_reason_it_is_not_submitted_and_those_given_are_kept(filer, unusual, canton, address):
    response = filer.post(address, sent(unusual, said(canton, APRIL), do="submit"))

    assert response.status_code == 409
    assert "Not submitted. Correct or explain what is listed" in text(response)
    assert "1 finding needs a reason or a correction first." in text(response)
    assert Explanation.objects.count() == 1


def test_an_incomplete_reason_saves_nothing_and_loses_nothing(filer, unusual, canton, address):
    response = filer.post(
        address,
        sent(unusual, said(canton, APRIL, "other", ""), said(canton, MAY, "services", "A fair.")),
    )

    assert "Nothing is saved yet: a reason is incomplete" in text(response)
    assert "Say in words what the reason is, or choose another one." in text(response)
    assert "A fair.</textarea>" in response.content.decode()
    assert '<option value="services" selected>' in response.content.decode()
    assert not Explanation.objects.exists()


def test_words_without_a_reason_are_not_dropped(filer, unusual, canton, address):
    response = filer.post(address, sent(unusual, said(canton, APRIL, "", "A fair.")))

    assert "Choose the reason that fits best, so that your words are kept." in text(response)
    assert "A fair.</textarea>" in response.content.decode()


def test_a_reason_that_is_not_on_the_list_is_refused(filer, unusual, canton, address):
    assert "Nothing is saved yet" in text(filer.post(address, sent(unusual, said(canton, APRIL, "because"))))


def test_nothing_chosen_saves_nothing_and_says_so(filer, unusual, address):
    assert "no reason was chosen" in text(filer.post(address, sent(unusual), follow=True))


def test_counts_saved_meanwhile_are_shown_before_they_are_explained(filer, unusual, canton, address):
    data = sent(unusual, said(canton, APRIL, "services", "A fair."))
    Filing.objects.filter(pk=unusual.pk).update(revision=9)

    response = filer.post(address, data)

    assert response.status_code == 409
    assert "Look at the findings again" in text(response)
    assert "A fair.</textarea>" in response.content.decode()
    assert 'name="revision" value="9"' in response.content.decode()
    assert not Explanation.objects.exists()


def test_a_reason_is_withdrawn_and_what_is_typed_elsewhere_stays(filer, unusual, canton, address):
    filer.post(address, sent(unusual, said(canton, APRIL)))
    kept = Explanation.objects.get()

    response = filer.post(
        address, {**sent(unusual, said(canton, MAY, "services", "A fair.")), "withdraw": str(kept.pk)}
    )

    assert "The reason is withdrawn." in text(response)
    assert "Must be explained (2)" in text(response)
    assert "A fair.</textarea>" in response.content.decode()
    assert not Explanation.objects.exists()


@pytest.mark.parametrize("number", ["0", "x", "9" * 30, "-1", ""])
def test_withdrawing_what_is_not_there_changes_nothing(filer, unusual, address, number):
    assert filer.post(address, {"withdraw": number}).status_code == 200


def test_reason_of_another_filing_is_not_withdrawn(filer, unusual, canton, address, libraries):
    filer.post(address, sent(unusual, said(canton, APRIL)))
    other = make_filing(libraries["CT0002"])
    stranger = make_signed_in_client(Role.LIBRARY_FILER, libraries["CT0002"])

    stranger.post(
        reverse("transactions:filing_check", args=[other.pk]),
        {"withdraw": str(Explanation.objects.get().pk)},
    )

    assert Explanation.objects.exists()


def test_an_earlier_reason_is_offered_where_the_value_left_its_band(filer, unusual, canton, address):
    filer.post(address, sent(unusual, said(canton, APRIL, "services", "A fair.")))
    unusual.loan_counts.filter(month=APRIL).update(loans=9_000)

    shown = filer.get(address)

    assert "The reason below was given for another number." in text(shown)
    assert "A fair.</textarea>" in shown.content.decode()


def test_certifier_and_staff_read_the_reasons(filer, certifier, unusual, canton, address):
    staff = make_signed_in_client(Role.STATE_STAFF)
    filer.post(
        address, sent(unusual, said(canton, APRIL, "services", "A fair."), said(canton, MAY), do="submit")
    )

    for client, name in [
        (certifier, "filing_certify"),
        (certifier, "filing"),
        (staff, "filing"),
    ]:
        shown = text(client.get(reverse(f"transactions:{name}", args=[unusual.pk])))
        assert "“A fair.”" in shown
        assert "Withdraw" not in shown

    services.certify_filing(filing=unusual, by=certifier.user, at=AT)

    shown = text(staff.get(reverse("transactions:filing", args=[unusual.pk])))
    assert "Reasons given" in shown
    assert "1,910 units were lent on cards of Canton Library in April 2026" in shown
    assert "“A fair.”" in shown


def test_list_has_a_row_for_each_problem(filer, certifier, unusual, canton, address):
    filer.post(address, sent(unusual, said(canton, APRIL, "services", "=1+1")))

    response = certifier.get(reverse("transactions:filing_findings", args=[unusual.pk]))

    assert response["Content-Disposition"] == ('attachment; filename="checks-CT0001-202603-202608-1.csv"')
    header, april, may = csv.reader(response.content.decode("utf-8-sig").splitlines())
    assert header == [
        "weight",
        "home_library",
        "month",
        "value",
        "what_and_what_to_do",
        "rule",
        "reason",
        "explanation",
    ]
    assert april[:4] == ["Must be explained", "Canton Library", "2026-04", "1910"]
    assert april[-2:] == ["Our collection or services drew more or fewer borrowers", "'=1+1"]
    assert may[-2:] == ["", ""]


@pytest.mark.parametrize(("lines", "folded"), [(8, False), (9, True)])
def test_much_that_is_only_worth_a_look_is_folded_up(filer, avon, lines, folded):
    filing = make_filing(avon)
    homes = [make_library() for _ in range(lines + 1)]
    counts = {
        (home, month): 23 + 3 * place + month.month for place, home in enumerate(homes) for month in HALF
    }
    make_counts(filing, counts)
    filing.loan_counts.filter(month=MARCH).exclude(home_library=homes[0]).update(loans=None)

    shown = filer.get(reverse("transactions:filing_check", args=[filing.pk])).content.decode()

    assert shown.count('<li class="finding">') == lines
    assert (f"Show all {lines}" in shown) is folded
