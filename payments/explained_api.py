"""REST: a payment explained, in the words and figures of its page."""

from fractions import Fraction
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connecticard.api_rendering import API_ROOT, LinkField, Record
from payments.api import PaymentRecord, PaymentViewSet
from payments.explaining.change_of_payment import Change
from payments.explaining.explanation import Division
from payments.explaining.flows import Partner, partners
from payments.explaining.payment_explained import ExplainedRun, PoolShare, QueuePlace
from payments.models import PaymentRun
from payments.rules.cents import plain_dollars, rate
from payments.rules.change_explained import Cause
from payments.rules.expenditure_reporting import fiscal_year_days

_DOLLARS = r"^-?[0-9]+\.[0-9]{2}$"


def _dollars(**settings: Any) -> serializers.RegexField:
    return serializers.RegexField(_DOLLARS, **settings)


class QueuePlaceRecord(Record):
    """A place in the queue for the cents left over."""

    place = serializers.IntegerField()
    library = serializers.CharField()
    cut_off = serializers.CharField(help_text="Of a cent, exact, as numerator/denominator.")
    gets_a_cent = serializers.BooleanField()


class RoundingRecord(Record):
    """How the cents were given that were left over when every share of the pool was cut to whole cents."""

    cents_left_over = serializers.IntegerField()
    libraries_waiting = serializers.IntegerField()
    own_place = QueuePlaceRecord(allow_null=True, help_text="null: nothing was cut off of its share.")
    last_served = QueuePlaceRecord(allow_null=True)
    first_left_out = QueuePlaceRecord(allow_null=True)


class DivisionRecord(Record):
    """A share written out: the pool, divided by everybody's figure, times the library's own (4(b), 4(c))."""

    pool = _dollars()
    divided_by = serializers.IntegerField(help_text="Loans, or net-plus loans, of all that share.")
    rate = serializers.RegexField(r"^[0-9]+\.[0-9]{10}$", help_text="Dollars for each.")
    own = serializers.IntegerField(help_text="Of this library; 0 where it is left out of the division.")
    exact = serializers.CharField(help_text="Cents before rounding, exact, as numerator/denominator.")
    share = _dollars()
    rounding = RoundingRecord()


class DivisionsRecord(Record):
    """The two shares."""

    transactions = DivisionRecord()
    net_plus = DivisionRecord()


class RequirementRecord(Record):
    """A requirement for payment, with what shows that it is met, or what mends it (4(a))."""

    requirement = serializers.CharField()
    met = serializers.BooleanField()
    evidence = serializers.CharField(help_text="What shows it and since when, or why it is not met.")
    cure = serializers.CharField()
    citation = serializers.CharField()
    rulebook_key = serializers.CharField()


class CauseRecord(Record):
    """What one cause added to the payment, or took from it."""

    cause = serializers.ChoiceField(choices=[cause.value for cause in Cause])
    sentence = serializers.CharField()
    amount = _dollars()


class ChangeRecord(Record):
    """The change from the fiscal year before; the causes add up to it."""

    fiscal_year_before = serializers.IntegerField()
    payment_before = _dollars()
    change = _dollars()
    causes = CauseRecord(many=True)


class PartnerRecord(Record):
    """Another library and the units lent; null where the lender said that it did not count them."""

    library = serializers.CharField()
    name = serializers.CharField()
    town = serializers.IntegerField()
    loans = serializers.IntegerField(allow_null=True)
    estimated = serializers.BooleanField()


class ExplanationRecord(Record):
    """All that a payment came from."""

    estimated = serializers.BooleanField(help_text="Some of the counts of the run are estimates.")
    loans_counted = serializers.BooleanField(
        help_text="false: it filed nothing that counts, or said that it did not count: not a reported zero."
    )
    left_out = serializers.BooleanField(help_text="By decision of the Board its figures are in no division.")
    divisions = DivisionsRecord()
    requirements = RequirementRecord(many=True)
    change = ChangeRecord(allow_null=True, help_text="null: no run of the year before is published.")
    lent = PartnerRecord(many=True, help_text="On whose cards it lent, the most loans first.")
    borrowed = PartnerRecord(many=True, help_text="Who lent on its cards, the most loans first.")
    rulebook_url = serializers.CharField(help_text="The law that was applied, for people.")


_PLACE = {"place": 88, "library": "CT0012", "cut_off": "8471/8479", "gets_a_cent": True}
_ROUNDING = {
    "cents_left_over": 88,
    "libraries_waiting": 179,
    "own_place": _PLACE,
    "last_served": _PLACE,
    "first_left_out": {"place": 89, "library": "CT0044", "cut_off": "8211/8479", "gets_a_cent": False},
}


class ExplainedPaymentRecord(PaymentRecord):
    """A library's line of a payment run, and its explanation."""

    page_url = LinkField(
        "/payment-runs/{}/lines/{}/", "run_id", "library__key", help_text="The same for people."
    )
    explanation = ExplanationRecord()

    example = {
        **PaymentRecord.example,
        "page_url": "https://borrowit.example.org/payment-runs/1/lines/CT0012/",
        "explanation": {
            "estimated": True,
            "loans_counted": True,
            "left_out": False,
            "divisions": {
                "transactions": {
                    "pool": "351819.00",
                    "divided_by": 3580340,
                    "rate": "0.0982641313",
                    "own": 60000,
                    "exact": "105545700000/179017",
                    "share": "5895.85",
                    "rounding": _ROUNDING,
                },
                "net_plus": {
                    "pool": "351819.00",
                    "divided_by": 1590946,
                    "rate": "0.2211382410",
                    "own": 10000,
                    "exact": "175909500000/795473",
                    "share": "2211.38",
                    "rounding": _ROUNDING,
                },
            },
            "requirements": [
                {
                    "requirement": "Every loan filing is filed and certified",
                    "met": True,
                    "evidence": "2 filings submitted in time, the last on March 5, 2018.",
                    "cure": "",
                    "citation": "Regs. Conn. State Agencies § 11-31c-2(a)",
                    "rulebook_key": "eligibility.filings_required",
                }
            ],
            "change": {
                "fiscal_year_before": 2017,
                "payment_before": "8000.00",
                "change": "107.23",
                "causes": [
                    {
                        "cause": "own_loans",
                        "sentence": "What it lent rose from 58,000 to 60,000.",
                        "amount": "107.23",
                    }
                ],
            },
            "lent": [
                {
                    "library": "CT0190",
                    "name": "Windsor Public Library",
                    "town": 164,
                    "loans": 9120,
                    "estimated": True,
                }
            ],
            "borrowed": [],
            "rulebook_url": "https://borrowit.example.org/rulebook/?on=2018-06-30",
        },
    }


class ExplainedPaymentViewSet(PaymentViewSet):
    """The payments of one run, a line for each participating library, by key. Read by itself, a payment comes
    with its explanation: divisions, rounding, requirements, change from the year before, and partners."""

    detail_class = ExplainedPaymentRecord

    def retrieve(self, request: Request, **parts: str) -> Response:
        """Return one line with its explanation."""
        line = super().retrieve(request, **parts)
        key = line.data["library"]
        payment = get_object_or_404(self.get_queryset().select_related("run", "library"), library__key=key)
        root = request.build_absolute_uri(API_ROOT).removesuffix(API_ROOT)
        line.data["page_url"] = root + reverse("payments:payment_line", args=[payment.run_id, key])
        line.data["explanation"] = _explanation(payment.run, payment, root)
        return line


def _explanation(run: PaymentRun, payment: Any, root: str) -> dict[str, Any]:
    explained = ExplainedRun(run, of=[payment.library.key]).explain(payment)
    found = partners(run, payment.library)
    law_on = fiscal_year_days(run.fiscal_year)[1]
    return {
        "estimated": run.estimated,
        "loans_counted": explained.filed and explained.loans is not None,
        "left_out": explained.left_out,
        "divisions": {
            "transactions": _division(explained.transactions, explained.left_out),
            "net_plus": _division(explained.net_plus, explained.left_out),
        },
        "requirements": [
            {
                "requirement": one.requirement,
                "met": one.met,
                "evidence": one.reason,
                "cure": one.cure,
                "citation": one.citation,
                "rulebook_key": one.key,
            }
            for one in explained.requirements
        ],
        "change": _change(explained.change),
        "lent": [_partner(one) for one in found.lent],
        "borrowed": [_partner(one) for one in found.borrowed],
        "rulebook_url": f"{root}/rulebook/?on={law_on}",
    }


def _division(share: PoolShare, left_out: bool) -> dict[str, Any]:
    division: Division = share.division
    rounding = share.rounding
    exact = Fraction(0) if left_out else division.exact_cents
    return {
        "pool": plain_dollars(division.pool_cents),
        "divided_by": division.whole,
        "rate": rate(division.pool_cents, division.whole),
        "own": 0 if left_out else division.part,
        "exact": f"{exact.numerator}/{exact.denominator}",
        "share": plain_dollars(division.share_cents),
        "rounding": {
            "cents_left_over": rounding.cents,
            "libraries_waiting": rounding.waiting,
            "own_place": _place(rounding.own),
            "last_served": _place(rounding.last_served),
            "first_left_out": _place(rounding.first_left_out),
        },
    }


def _place(place: QueuePlace | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "place": place.number,
        "library": place.key,
        "cut_off": f"{place.cut_off.numerator}/{place.cut_off.denominator}",
        "gets_a_cent": place.gets_a_cent,
    }


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "fiscal_year_before": change.fiscal_year_before,
        "payment_before": plain_dollars(change.before_cents),
        "change": plain_dollars(change.cents),
        "causes": [
            {"cause": one.cause.value, "sentence": one.sentence, "amount": plain_dollars(one.cents)}
            for one in change.causes
        ],
    }


def _partner(partner: Partner) -> dict[str, Any]:
    return {
        "library": partner.key,
        "name": partner.name,
        "town": partner.town_number,
        "loans": partner.loans,
        "estimated": partner.estimated,
    }


ROUTES = [("payment-runs/<str:run>/payments", ExplainedPaymentViewSet)]
