"""What the checks find in filings on record, the reasons given for it, and how long those stand."""

from datetime import UTC, date, datetime

import pytest
from django.db import Error, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.models import AuditEvent, Role
from libraries.models import LibrarySuccession
from tests.factories import make_counts, make_filing, make_period, make_user
from tests.transactions.conftest import months
from transactions import services
from transactions.models import Explanation, Filing
from transactions.rules.explanations import Reason
from transactions.rules.filing_calendar import Cadence
from transactions.rules.filing_checks import Tier
from transactions.services import Answer, FilingChanged, FilingRefused, NotCertifiable
from transactions.services.findings import _by_library, _Library

pytestmark = pytest.mark.django_db

HALF = months(date(2026, 3, 1), 6)
BEFORE = months(date(2025, 9, 1), 6)
MARCH, APRIL = HALF[:2]
ON_TIME = datetime(2026, 9, 5, 14, tzinfo=UTC)
TODAY = ON_TIME.date()


@pytest.fixture
def filer(avon):
    return make_user(Role.LIBRARY_FILER, library=avon, second_factor=False)


@pytest.fixture
def certifier(avon):
    return make_user(Role.LIBRARY_CERTIFIER, library=avon, second_factor=False)


@pytest.fixture
def half_before(avon, canton, filer, certifier):
    """The half year before, certified: about 200 units a month on cards of Canton."""
    filing = make_filing(avon, make_period(date(2025, 9, 1)))
    make_counts(filing, {(canton, month): 200 + place for place, month in enumerate(BEFORE)})
    return certify(submit(filing, filer, datetime(2026, 3, 5, 14, tzinfo=UTC)), certifier)


@pytest.fixture
def unusual(avon, canton, half_before):
    """A filing with a digit too many in April."""
    filing = make_filing(avon)
    make_counts(filing, {(canton, month): 190 + place for place, month in enumerate(HALF)})
    filing.loan_counts.filter(month=APRIL).update(loans=1910)
    return filing


def submit(filing, filer, at=ON_TIME):
    return services.submit_filing(filing=filing, by=filer, at=at)


def certify(filing, certifier, at=ON_TIME):
    return services.certify_filing(filing=filing, by=certifier, at=at)


def found(filing):
    return services.findings(filing, today=TODAY)


def asked(filing):
    return [finding for finding in found(filing) if finding.needs_explanation]


def explain(filing, home, by, month=APRIL, reason=Reason.SERVICES, text="A new children's room.", **changes):
    answer = Answer("outside_usual_range", home and home.pk, month, reason, text)
    return services.explain(filing=filing, answers=[answer], by=by, at=ON_TIME, **changes)


def audited(name):
    return [event.after or event.before for event in AuditEvent.objects.filter(action=name)]


def test_what_is_outside_the_range_of_the_half_year_before_must_be_explained(unusual, canton):
    (finding,) = found(unusual)

    assert (finding.check, finding.tier) == ("outside_usual_range", Tier.MUST_EXPLAIN)
    assert (finding.home_library, finding.month, finding.value) == (canton.pk, APRIL, 1910)
    assert "1,910 units were lent on cards of Canton Library in April 2026" in finding.message
    assert finding.stops


def test_what_must_be_mended_comes_first(unusual, avon):
    make_counts(unusual, {(avon, MARCH): 4})

    assert [finding.tier for finding in found(unusual)] == [Tier.MUST_MEND, Tier.MUST_EXPLAIN]


def test_unexplained_filing_is_not_submitted(unusual, filer, canton):
    with pytest.raises(NotCertifiable) as refused:
        submit(unusual, filer)

    assert [(problem.home_library, problem.month) for problem in refused.value.problems] == [
        (canton.pk, APRIL)
    ]
    assert Filing.objects.get(pk=unusual.pk).status == "draft"


def test_explained_filing_is_submitted_and_certified(unusual, canton, filer, certifier):
    (explanation,) = explain(unusual, canton, filer)
    certified = certify(submit(unusual, filer), certifier)

    assert certified.is_standing
    assert list(certified.explanations.all()) == [explanation]
    assert explanation.question.startswith("1,910 units were lent")
    assert explanation.band_low < explanation.value == 1910 < explanation.band_high
    assert audited("finding_explained")[0]["reason"] == "services"


def test_submitted_filing_is_not_certified_when_something_else_is_found_meanwhile(
    unusual, canton, filer, certifier
):
    explain(unusual, canton, filer)
    submitted = submit(unusual, filer)
    Explanation.objects.filter(filing=submitted).delete()

    with pytest.raises(NotCertifiable, match="1,910 units"):
        certify(submitted, certifier)


def test_a_reason_stands_while_the_value_stays_in_its_band(unusual, canton, filer):
    explain(unusual, canton, filer)

    for loans, stands in [(1910, True), (2101, True), (2102, False), (900, True), (5000, False)]:
        unusual.loan_counts.filter(month=APRIL).update(loans=loans)
        (finding,) = found(unusual)
        assert (finding.explanation is not None) is stands, loans
        assert (finding.earlier_explanation is not None) is not stands


def test_a_reason_for_what_was_corrected_is_dropped_on_submission(unusual, canton, filer):
    explain(unusual, canton, filer)
    unusual.loan_counts.filter(month=APRIL).update(loans=195)

    submitted = submit(unusual, filer)

    assert not submitted.explanations.exists()
    assert audited("explanation_lapsed")[0]["text"] == "A new children's room."


def test_a_new_reason_replaces_the_earlier_one(unusual, canton, filer):
    explain(unusual, canton, filer)
    explain(unusual, canton, filer, reason=Reason.CHECKED, text="")

    (explanation,) = unusual.explanations.all()
    assert explanation.reason == "checked"
    event = AuditEvent.objects.filter(action="finding_explained").order_by("pk").last()
    assert (event.before["reason"], event.after["reason"]) == ("services", "checked")


def test_another_reason_needs_words(unusual, canton, filer):
    with pytest.raises(FilingRefused, match="Say in words"):
        explain(unusual, canton, filer, reason=Reason.OTHER, text="  ")

    assert not unusual.explanations.exists()


def test_what_no_check_asks_is_not_explained(unusual, canton, filer):
    assert explain(unusual, canton, filer, month=MARCH) == []
    assert explain(unusual, None, filer) == []
    assert not unusual.explanations.exists()


def test_nobody_explains_a_number_that_they_did_not_see(unusual, canton, filer):
    with pytest.raises(FilingChanged, match="kept below"):
        explain(unusual, canton, filer, expected=unusual.revision + 1)


def test_submitted_filing_takes_no_reason_and_gives_none_back(unusual, canton, filer):
    (explanation,) = explain(unusual, canton, filer)
    submitted = submit(unusual, filer)

    with pytest.raises(FilingRefused, match="Have it returned"):
        explain(submitted, canton, filer)
    with pytest.raises(FilingRefused, match="Have it returned"):
        services.withdraw_explanation(explanation=explanation, by=filer, at=ON_TIME)


def test_a_withdrawn_reason_must_be_given_again(unusual, canton, filer):
    (explanation,) = explain(unusual, canton, filer)
    services.withdraw_explanation(explanation=explanation, by=filer, at=ON_TIME)

    assert len(asked(unusual)) == 1
    assert audited("explanation_withdrawn")[0]["value"] == 1910


class TestAmendments:
    @pytest.fixture
    def amended(self, unusual, canton, filer, certifier):
        explain(unusual, canton, filer)
        certified = certify(submit(unusual, filer), certifier)
        return services.reopen_filing(filing=certified, reason="March was wrong.", by=certifier, at=ON_TIME)

    def test_reasons_are_carried_over_as_they_were_given(self, amended, filer):
        (explanation,) = amended.explanations.all()

        assert (explanation.by, explanation.reason, explanation.at) == (filer, "services", ON_TIME)
        assert asked(amended) == []

    def test_a_changed_value_outside_the_band_is_asked_again(self, amended):
        amended.loan_counts.filter(month=APRIL).update(loans=3000)

        (finding,) = asked(amended)
        assert finding.earlier_explanation.text == "A new children's room."

    def test_reasons_of_a_discarded_version_go_with_it_into_the_audit_trail(self, amended, certifier):
        services.discard_version(filing=amended, by=certifier, at=ON_TIME)

        assert Explanation.objects.count() == 1
        (event,) = AuditEvent.objects.filter(action="filing_version_discarded")
        assert event.before["explanations"][0]["reason"] == "services"


class TestCertifiedReasonsStay:
    @pytest.fixture
    def kept(self, unusual, canton, filer, certifier):
        explain(unusual, canton, filer)
        return certify(submit(unusual, filer), certifier).explanations.get()

    def test_no_reason_is_changed(self, kept):
        with pytest.raises(Error, match="explanations of a certified filing"), transaction.atomic():
            Explanation.objects.filter(pk=kept.pk).update(text="Nothing of the sort.")

    def test_no_reason_is_removed(self, kept):
        with pytest.raises(Error, match="explanations of a certified filing"), transaction.atomic():
            Explanation.objects.filter(pk=kept.pk).delete()

    def test_no_reason_is_added(self, kept):
        kept.pk, kept.month = None, MARCH

        with pytest.raises(Error, match="explanations of a certified filing"), transaction.atomic():
            kept.save(force_insert=True)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("explained_value_is_in_its_band", {"value": 7}),
        ("other_reason_is_written_out", {"reason": "other", "text": ""}),
        ("explained_month_is_its_first_day", {"month": date(2026, 4, 2)}),
        ("one_explanation_of_a_finding", {}),
    ],
)
def test_database_refuses(unusual, canton, filer, constraint, fields):
    values = {
        "filing": unusual,
        "check_name": "outside_usual_range",
        "month": APRIL,
        "value": 10,
        "band_low": 9,
        "band_high": 11,
        "reason": "checked",
        "by": filer,
        "at": ON_TIME,
    }
    Explanation.objects.create(**values)

    with pytest.raises(Error, match=constraint), transaction.atomic():
        Explanation.objects.create(**(values | {"check_name": "outside_usual_range"} | fields))


class TestWhatIsComparedWith:
    @pytest.fixture
    def unusual_first(self, avon, canton):
        filing = make_filing(avon)
        make_counts(
            filing, {(canton, month): 1_900 if month == APRIL else 190 + month.month for month in HALF}
        )
        return filing

    @pytest.mark.parametrize(("provenance", "asks"), [("published", 1), ("estimated", 0)])
    def test_estimates_judge_nobody(self, avon, canton, certifier, unusual_first, provenance, asks):
        earlier = make_filing(
            avon, make_period(date(2025, 9, 1)), provenance=provenance, provenance_note="from a survey"
        )
        make_counts(earlier, {(canton, month): 200 + place for place, month in enumerate(BEFORE)})
        signed = {"submitted_at": ON_TIME, "first_submitted_at": ON_TIME, "certified_at": ON_TIME}
        Filing.objects.filter(pk=earlier.pk).update(
            status="certified", certified_by=certifier, attestation="Put on record.", sha256="0", **signed
        )

        assert len(asked(unusual_first)) == asks

    def test_cards_of_a_closed_library_count_as_its_successors(self, half_before, libraries, avon, canton):
        bethel = libraries["CT0002"]
        canton.open_during = DateRange(None, date(2026, 3, 1))
        canton.save()
        LibrarySuccession.objects.create(
            predecessor=canton, successor=bethel, on=date(2026, 3, 1), document="Merger"
        )
        filing = make_filing(avon)
        make_counts(filing, {(bethel, month): 205 - place for place, month in enumerate(HALF)})

        assert found(filing) == []

    def test_cards_of_a_successor_that_was_succeeded_too_count_as_the_last_one_s(self):
        libraries = {number: _Library(key, key, key, None) for number, key in enumerate("ABC")}

        for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
            loans = [10**home for home in order]
            assert _by_library(order, loans, libraries, {"A": "B", "B": "C"}) == {"C": 111}

    def test_period_totals_are_compared_with_the_months_before(self, half_before, avon, canton):
        totals = make_filing(avon, basis="period_total")
        make_counts(totals, {(canton, None): 12_000})

        (finding,) = found(totals)
        assert (finding.check, finding.tier) == ("line_outside_usual_range", Tier.WORTH_A_LOOK)

    def test_a_monthly_filing_is_compared_with_the_months_before(self, half_before, avon, canton):
        monthly = make_filing(avon, make_period(MARCH, Cadence.MONTHLY))
        make_counts(monthly, {(canton, MARCH): 12_000})

        assert ("outside_usual_range", MARCH) in [(each.check, each.month) for each in asked(monthly)]

    def test_findings_need_few_queries(self, unusual, django_assert_max_num_queries):
        with django_assert_max_num_queries(10):
            found(unusual)
