"""A run worked out again: every tampering is found and named, the alarm is raised once, the rest goes on."""

import json
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.urls import reverse

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Message, Role
from connecticard.rulebook import Rulebook
from payments import services
from payments.models import (
    CountedFiling,
    Payment,
    PaymentRun,
    RulebookEdition,
    RunVerification,
    UnmetRequirement,
    VerifiedBecause,
)
from payments.proving import proof, verification
from payments.proving.proof import verify_every_run, verify_run
from payments.rules import grant_formula, rulebook
from payments.tasks import verify_payment_runs
from tests.at_once import at_once
from tests.factories import make_letter, make_library, make_signed_in_client, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified
from transactions.models import Filing, LoanCount

pytestmark = pytest.mark.django_db
AT = datetime(2027, 4, 15, 4, 30, tzinfo=EASTERN)
NIGHT = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = AT.date()


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF, name="Sam", email="sam@example.org")


@pytest.fixture
def administrator():
    return make_user(Role.STATE_ADMINISTRATOR, name="Ada", email="ada@example.org")


@pytest.fixture
def libraries():
    """A lends B 30 and B lends A 20; nobody knows what C received, so that its share is withheld."""
    made = [make_library(name, key=name) for name in ("A", "B", "C")]
    for library in made:
        make_letter(library)
        if library.key != "C":
            library.past_payments.create(fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    a, b, c = made
    for half in HALVES:
        certified(a, {b: 15}, first_day=half.first_day)
        certified(b, {a: 10}, first_day=half.first_day)
        certified(c, {a: 1}, first_day=half.first_day)
    return made


def make_certified(staff, administrator, fiscal_year=FISCAL_YEAR, cents=100_000):
    run = services.create_run(
        appropriation=appropriation(cents, fiscal_year),
        by=staff,
        at=AT,
        assumed_eligible=fiscal_year < FISCAL_YEAR,
    )
    run = services.calculate_run(run=run, by=staff, at=AT)
    return services.certify_run(run=run, by=administrator, at=AT)


@pytest.fixture
def run(libraries, staff, administrator):
    return make_certified(staff, administrator)


class Tampering:
    """Somebody who is superuser of the database, with the triggers switched off."""

    def __enter__(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET session_replication_role = replica")

    def __exit__(self, *error):
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = DEFAULT")


def verified(run, at=AT):
    return verify_run(run=run, because=VerifiedBecause.COMMAND, at=at)


def found(run):
    return [str(difference) for difference in verification.differences(run)]


def letters(person):
    return list(Message.objects.filter(person=person))


# What is found


def test_run_that_nobody_touched_is_proved(run):
    assert verified(run).same
    assert verified(run).differences == []


def test_count_that_was_changed_is_named_by_filing_and_by_line(run):
    with Tampering():
        LoanCount.objects.filter(filing__library__key="A").filter(loans=15).update(loans=16)

    differences = "\n".join(found(run))

    assert "A, SHA-256 of the filing for March 2026 to August 2026: recorded" in differences
    assert "A, loans: recorded 30, recomputed 32" in differences
    assert "B, borrows: recorded 30, recomputed 32" in differences
    assert "SHA-256 of the inputs" in differences


def test_payment_that_was_changed_is_named_with_both_amounts(run):
    with Tampering():
        Payment.objects.filter(library__key="B").update(transactions_share_cents=19_232, payment_cents=19_232)

    assert found(run) == [
        "B, transactions share cents: recorded 19232, recomputed 19231",
        "B, payment cents: recorded 19232, recomputed 19231",
    ]


def test_fingerprint_of_a_filing_that_was_changed_is_named(run):
    with Tampering():
        Filing.objects.filter(library__key="B", period__first_day=HALVES[1].first_day).update(sha256="f" * 64)

    assert f"B, SHA-256 of the filing for September 2026 to February 2027: recorded {'f' * 64}" in str(
        found(run)
    )


def test_line_that_was_removed_is_named(run):
    with Tampering():
        UnmetRequirement.objects.filter(payment__library__key="C").delete()
        Payment.objects.filter(library__key="C").delete()

    assert "C, line: recorded nothing, recomputed 2 loans" in found(run)


def test_requirement_that_was_removed_is_named(run):
    with Tampering():
        UnmetRequirement.objects.filter(payment__library__key="C").delete()

    assert "C, requirements: recorded not all met, recomputed all met" in found(run)


def test_filing_that_was_left_out_shows_in_the_sums(run):
    with Tampering():
        CountedFiling.objects.filter(
            filing__library__key="A", filing__period__first_day=HALVES[0].first_day
        ).delete()

    assert "A, loans: recorded 30, recomputed 15" in found(run)


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("undistributed_cents", 1, "undistributed cents: recorded 1, recomputed 0"),
        ("inputs_sha256", "0" * 64, "SHA-256 of the inputs: recorded 0000"),
        ("manifest_sha256", "0" * 64, "SHA-256 of the manifest: recorded 0000"),
        ("rulebook_edition", "0" * 64, "rulebook edition: recorded 0000"),
        ("estimated", True, "mark of estimated counts: recorded True, recomputed False"),
        ("withheld_policy", "redistribute", "SHA-256 of the inputs"),
    ],
)
def test_figure_of_the_run_that_was_changed_is_named(run, column, value, named):
    with Tampering():
        changed = {column: value} | ({"board_decision": "x"} if column == "withheld_policy" else {})
        PaymentRun.objects.update(**changed)
    run.refresh_from_db()

    assert named in str(found(run))


def test_hash_that_is_not_the_one_noted_at_the_time_is_named(run):
    verified(run)
    for events in (AuditEvent.objects.none(), AuditEvent.objects.all()):  # then by the verification
        with Tampering():
            PaymentRun.objects.update(manifest_sha256="0" * 64)
            events.delete()
        assert f"certified: recorded {run.manifest_sha256}, r" in str(found(PaymentRun.objects.get()))


def with_entry(monkeypatch, key, **changes):
    """Have the rulebook say something else, as an edited program would."""
    changed = Rulebook(
        type(entry)(**(vars(entry) | changes)) if entry.key == key else entry
        for entry in grant_formula.RULEBOOK
    )
    monkeypatch.setattr(grant_formula, "RULEBOOK", changed)
    forget_editions()


def forget_editions():
    for kept in (rulebook.edition_of, rulebook.entries_of, rulebook.whole_rulebook, rulebook.chapters):
        kept.cache_clear()


@pytest.fixture
def _editions_are_forgotten():
    yield
    forget_editions()


@pytest.mark.usefixtures("_editions_are_forgotten")
def test_entry_of_a_past_year_that_was_changed_is_named_and_the_run_keeps_its_own(run, monkeypatch):
    with monkeypatch.context() as patch:
        with_entry(patch, "grant.transactions_part", value="2/3")

        differences = found(run)

    assert differences == [
        "rulebook entry grant.transactions_part, from 1994-01-31: "
        "recorded 1/2 (law, C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(b), (c)), "
        "recomputed 2/3 (law, C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(b), (c))"
    ]


@pytest.mark.usefixtures("_editions_are_forgotten")
def test_kept_entry_that_was_changed_is_named(run):
    with Tampering():
        edition = RulebookEdition.objects.get(pk=run.rulebook_edition)
        entries = [
            entry | ({"value": "2/3"} if entry["key"] == "grant.transactions_part" else {})
            for entry in edition.entries
        ]
        RulebookEdition.objects.update(entries=entries)

    differences = "\n".join(found(run))

    assert "rulebook edition: recorded" in differences
    assert "transactions pool in cents: recorded 50000, recomputed 66667" in differences
    assert "rulebook entry grant.transactions_part, from 1994-01-31: recorded 2/3" in differences


def test_edition_of_a_run_made_before_editions_were_kept_is_kept_when_it_is_verified(run):
    with Tampering():
        RulebookEdition.objects.all().delete()

    assert verified(run).same
    assert RulebookEdition.objects.filter(pk=run.rulebook_edition).exists()


# Every night


def test_every_certified_run_is_verified_once_a_night_void_ones_too(run, staff, administrator):
    services.void_run(run=run, reason="Wrong amount", by=administrator, at=AT)
    other = make_certified(staff, administrator, FISCAL_YEAR - 1)
    services.create_run(appropriation=other.appropriation, by=staff, at=AT)

    first, again = verify_every_run(at=AT), verify_every_run(at=AT)
    next_night = verify_every_run(at=AT + NIGHT)

    assert [(each.run_id, each.same, each.by) for each in first] == [
        (other.pk, True, None),
        (run.pk, True, None),
    ]
    assert again == []
    assert len(next_night) == 2


def test_killed_half_way_it_goes_on_where_it_stopped(run, staff, administrator, monkeypatch):
    make_certified(staff, administrator, FISCAL_YEAR - 1)

    def killed(one):
        if one == run:
            raise SystemExit
        return []

    monkeypatch.setattr(proof, "differences", killed)
    with pytest.raises(SystemExit):
        verify_every_run(at=AT)
    monkeypatch.undo()

    assert [each.run for each in verify_every_run(at=AT)] == [run]
    assert RunVerification.objects.count() == 2


def test_run_that_cannot_be_worked_out_is_a_finding_and_stops_no_other(run, staff, administrator, caplog):
    other = make_certified(staff, administrator, FISCAL_YEAR - 1)
    with Tampering():
        edition = RulebookEdition.objects.get(pk=other.rulebook_edition)
        RulebookEdition.objects.filter(pk=edition.pk).update(entries=[{"key": "broken"}])

    differ = verify_payment_runs()

    assert differ == 1
    broken, whole = RunVerification.objects.order_by("run__fiscal_year")
    assert (broken.run, broken.same, whole.same) == (other, False, True)
    assert broken.differences[0]["what"] == "working it out again"
    assert "KeyError" in broken.differences[0]["recomputed"]
    assert "payment run is not the same when worked out again" in caplog.text


def test_verification_that_cannot_be_kept_stops_no_other(run, staff, administrator, monkeypatch, caplog):
    make_certified(staff, administrator, FISCAL_YEAR - 1)
    really = proof.verify_run

    def fails(*, run, **more):
        if run.fiscal_year == FISCAL_YEAR - 1:
            raise IntegrityError("disk full")
        return really(run=run, **more)

    monkeypatch.setattr(proof, "verify_run", fails)

    assert [each.run for each in verify_every_run(at=AT)] == [run]
    assert "payment run could not be verified" in caplog.text


# The alarm


def tamper(run, cents=1):
    with Tampering():
        PaymentRun.objects.filter(pk=run.pk).update(undistributed_cents=cents)


def test_finding_is_told_once_to_everybody_who_administers_payments(run, staff, administrator):
    make_user(Role.AUDITOR)
    tamper(run)

    for night in range(3):
        verify_every_run(at=AT + night * NIGHT)

    first, second = Message.objects.order_by("to")
    assert (first.to, second.to) == ("ada@example.org", "sam@example.org")
    assert first.subject == f"Alarm: {run} is not what it was certified as"
    assert "undistributed cents: recorded 1, recomputed 0" in first.body
    assert reverse("payments:run_proof", args=[run.pk]) in first.body


def test_finding_that_changes_or_comes_back_is_told_again(run, staff):
    for night, cents in enumerate((1, 2, 2, 0, 2)):
        tamper(run, cents)
        verify_every_run(at=AT + night * NIGHT)

    assert len(letters(staff)) == 3


def test_who_joins_later_is_told_of_what_stands(run):
    tamper(run)
    verify_every_run(at=AT)

    late = make_user(Role.STATE_ADMINISTRATOR)
    verify_every_run(at=AT + NIGHT)

    assert len(letters(late)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_tell_once(run, staff):
    tamper(run)

    at_once(*[lambda: verified(run)] * 2)

    assert RunVerification.objects.count() == 2
    assert len(letters(staff)) == 1


def test_calculation_that_is_not_certified_raises_no_alarm(libraries, staff):
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    run = services.calculate_run(run=run, by=staff, at=AT)
    tamper(run)
    run.refresh_from_db()

    assert not verified(run).same
    assert not Message.objects.exists()
    assert not RunVerification.objects.alarms().exists()


def test_red_notice_stands_before_staff_until_the_run_is_the_same_again(run, staff):
    client = make_signed_in_client(user=staff)
    pages = [
        reverse(name, args=args)
        for name, args in (
            ("payments:work_list", []),
            ("payments:run_list", []),
            ("payments:run_page", [run.pk]),
            ("payments:run_proof", [run.pk]),
        )
    ]

    def red():
        return [
            "not the same" in client.get(page).content.decode().split("Last verifications")[0]
            for page in pages
        ]

    verify_every_run(at=AT)
    before = red()
    tamper(run)
    verify_every_run(at=AT + NIGHT)
    during = red()
    tamper(run, 0)
    verify_every_run(at=AT + 2 * NIGHT)

    assert (before, during, red()) == ([False] * 4, [True] * 4, [False] * 4)


# What is kept


def test_verification_stays_as_it_is(run):
    row = verified(run)

    for change in (
        lambda: RunVerification.objects.update(same=False),
        row.delete,
        RulebookEdition.objects.all().delete,
    ):
        with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"same": False}, "verification_is_the_same_or_says_what_differs"),
        ({"differences": [{"what": "x"}]}, "verification_is_the_same_or_says_what_differs"),
        ({"because": "page"}, "verification_from_a_page_says_by_whom"),
    ],
)
def test_database_refuses_a_verification_that_contradicts_itself(run, changes, name):
    values = {"run": run, "verified_at": AT, "because": "nightly", "manifest_sha256": "a" * 64, "same": True}

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        RunVerification.objects.create(**values | changes)


def test_only_who_sees_runs_has_one_worked_out_from_a_page(run):
    with pytest.raises(PermissionDenied):
        verify_run(run=run, because=VerifiedBecause.PAGE, at=AT, by=make_user())


# The command


def command(capsys, *arguments):
    code = 0
    try:
        call_command("verify_payment_run", *arguments)
    except SystemExit as ended:
        code = ended.code
    return code, *capsys.readouterr()


def test_command_verifies_a_year_or_all_and_prints_json(run, staff, administrator, capsys):
    other = make_certified(staff, administrator, FISCAL_YEAR - 1)

    one = command(capsys, f"--fiscal-year={FISCAL_YEAR}")
    code, out, _ = command(capsys, "--all", "--json")

    assert one[0] == 0
    assert one[1].startswith(f"{run} is proved: 3 payments worked out again, the same to the cent.")
    printed = json.loads(out)
    assert code == 0
    assert [each["run"] for each in printed] == [f"{FISCAL_YEAR - 1}-1", f"{FISCAL_YEAR}-1"]
    assert printed[0]["manifest_sha256"] == other.manifest_sha256
    assert {each["same"] for each in printed} == {True}


def test_command_exits_with_1_where_any_run_differs_and_names_what(run, capsys):
    tamper(run)

    code, _, err = command(capsys, "--all")
    as_json = command(capsys, "--fiscal-year=2027", "--json")

    assert code == as_json[0] == 1
    assert "undistributed cents: recorded 1, recomputed 0" in err
    assert json.loads(as_json[1])[0]["differences"][0]["what"] == "undistributed cents"


def test_command_that_is_asked_for_what_is_not_there_exits_with_2(run, capsys):
    code, out, err = command(capsys, "--fiscal-year=2019")

    assert (code, out) == (2, "")
    assert "No run of fiscal year 2019 was certified" in err
    with pytest.raises(CommandError):
        call_command("verify_payment_run")
    with pytest.raises(CommandError):
        call_command("verify_payment_run", "--all", "--fiscal-year=2027")
