"""What `calculate_payments` and `verify_payment_run` print and how they end, as other programs rely on it."""

import json
from datetime import date, datetime

import pytest
from django.core.management import call_command

from connecticard.clock import EASTERN
from connecticard.models import Role
from payments import services
from payments.models import PastPayment, Payment, PaymentRun
from tests.factories import make_letter, make_library, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified

AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)


@pytest.fixture
def calculate(capsys, settings):
    """Run the command, and return how it ended, what it printed and what it complained of."""
    settings.DEMO_TODAY = AT.date()

    def run(*options: str, fiscal_year: int = FISCAL_YEAR, amount: str = "1000.00"):
        code = 0
        try:
            call_command(
                "calculate_payments",
                "--json",
                f"--fiscal-year={fiscal_year}",
                f"--appropriation={amount}",
                *options,
            )
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def libraries(db):
    """A lends B 30 and B lends A 20, both with a letter; N lends A 5 and has none; A's report is missing."""
    a, b, n = (make_library(name, key=name) for name in ("A", "B", "N"))
    for library, received in ((a, 500_00), (b, 0)):
        make_letter(library)
        PastPayment.objects.create(
            library=library, fiscal_year=FISCAL_YEAR - 2, cents=received, source="ledger"
        )
    for half in HALVES:
        certified(a, {b: 15}, first_day=half.first_day)
        certified(b, {a: 10}, first_day=half.first_day)
    certified(n, {a: 5}, first_day=HALVES[0].first_day)
    return a, b, n


def test_json_alone_is_printed_in_the_agreed_shape(calculate, libraries):
    code, out, err = calculate()

    found = json.loads(out)
    assert (code, err) == (0, "")
    assert list(found) == [
        "fiscal_year",
        "measured_from",
        "measured_to",
        "appropriation",
        "policy",
        "estimated",
        "pools",
        "rates",
        "totals",
        "lines",
        "rulebook_edition",
        "inputs_sha256",
        "manifest_sha256",
    ]
    a, b = found.pop("lines")
    (unmet,) = a.pop("unmet")
    assert a == {
        "library": "A",
        "name": "A",
        "loans": 30,
        "borrows": 20,
        "net_plus": 10,
        "transactions_share": "300.00",
        "net_plus_share": "500.00",
        "payment": "0.00",
        "withheld": "800.00",
    }
    assert list(unmet) == ["citation", "reason", "cure"]
    assert "2(e)" in unmet["citation"]
    assert (b["payment"], b["withheld"], b["unmet"]) == ("200.00", "0.00", [])
    assert [len(found.pop(name)) for name in ("rulebook_edition", "inputs_sha256", "manifest_sha256")] == [
        64
    ] * 3
    assert found == {
        "fiscal_year": 2027,
        "measured_from": "2026-03-01",
        "measured_to": "2027-02-28",
        "appropriation": "1000.00",
        "policy": {"withheld": "keep", "assumed_eligible": False},
        "estimated": False,
        "pools": {"transactions": "500.00", "net_plus": "500.00"},
        "rates": {"per_loan": "10.0000000000", "per_net_plus": "50.0000000000"},
        "totals": {
            "loans": 50,
            "net_plus": 10,
            "paid": "200.00",
            "withheld": "800.00",
            "undistributed": "0.00",
        },
    }
    assert not PaymentRun.objects.exists()


def test_redistributing_leaves_who_is_not_in_order_out_of_the_divisors(calculate, libraries):
    found = json.loads(calculate("--withheld", "redistribute")[1])

    a, b = found["lines"]
    assert (a["loans"], a["net_plus"], a["payment"], a["withheld"]) == (30, 10, "0.00", "0.00")
    assert (a["transactions_share"], a["net_plus_share"]) == ("0.00", "0.00")
    assert (b["transactions_share"], b["payment"]) == ("500.00", "500.00")
    assert found["rates"] == {"per_loan": "25.0000000000", "per_net_plus": "0.0000000000"}
    assert (found["totals"]["paid"], found["totals"]["undistributed"]) == ("500.00", "500.00")


def test_assuming_eligibility_takes_in_every_open_library(calculate, libraries):
    found = json.loads(calculate("--assume-eligible")[1])

    assert [(line["library"], line["loans"], line["borrows"]) for line in found["lines"]] == [
        ("A", 30, 25),
        ("B", 20, 30),
        ("N", 5, 0),
    ]
    assert found["policy"] == {"withheld": "keep", "assumed_eligible": True}
    assert found["totals"]["paid"] == "1000.00"


def test_without_letters_nobody_takes_part_and_all_is_undistributed(calculate, db):
    make_library("A", key="A")

    code, out, _ = calculate(amount="703638")

    found = json.loads(out)
    assert (code, found["lines"]) == (0, [])
    assert found["totals"]["undistributed"] == "703638.00"
    assert set(found["rates"].values()) == {"0.0000000000"}


@pytest.mark.parametrize("amount", ["703638.005", "1,000", "$5", "", "1e3", " 5", "٣"])
def test_amount_that_is_no_amount_is_wrong_use(calculate, db, amount):
    code, out, err = calculate(amount=amount)

    assert (code, out) == (2, "")
    assert "--appropriation" in err


@pytest.mark.parametrize("fiscal_year", [0, 1994, 3000, 20180])
def test_year_that_is_no_year_is_wrong_use(calculate, db, fiscal_year):
    code, out, err = calculate(fiscal_year=fiscal_year)

    assert (code, out) == (2, "")
    assert "1995" in err


def test_first_year_of_the_regulation_is_calculated(calculate, db):
    assert calculate(fiscal_year=1995)[0] == 0


def test_filing_that_no_payment_may_rest_on_is_listed(calculate, libraries):
    a, _, _ = libraries
    letter = a.letters.get()
    letter.valid = (date(2026, 5, 1), None)
    letter.save()

    code, out, err = calculate()

    assert (code, out) == (1, "")
    assert err.startswith("A, March 2026 to August 2026: the library took part on some of these days only")


def test_run_is_proved_or_its_differences_are_listed(libraries, capsys):
    run = services.create_run(appropriation=appropriation(), by=make_user(Role.STATE_STAFF), at=AT)
    run = services.calculate_run(run=run, by=run.prepared_by, at=AT)

    call_command("verify_payment_run", str(run.pk))

    assert "is proved: 2 payments" in capsys.readouterr().out
    Payment.objects.filter(run=run, library__key="B").update(
        payment_cents=200_01, transactions_share_cents=200_01
    )
    with pytest.raises(SystemExit) as ended:
        call_command("verify_payment_run", str(run.pk))
    assert ended.value.code == 1
    assert "B, payment cents: recorded 20001, recomputed 20000" in capsys.readouterr().err


def test_run_that_is_not_there_is_wrong_use(db, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("verify_payment_run", "999")

    assert ended.value.code == 2
    assert "999" in capsys.readouterr().err
