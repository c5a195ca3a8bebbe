"""REST: what the State pays."""

import re
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, JSONObject
from django.http import Http404
from rest_framework import serializers

from connecticard.api_filters import ChoiceFilter, NumberFilter, Parameters, YesNoFilter, fiscal_year_filter
from connecticard.api_paging import Paging
from connecticard.api_rendering import ComposedField, LinkField, ListOf, MomentField, Record
from connecticard.api_views import ReadViewSet
from libraries.api import library_filter
from payments import expenditure_api
from payments.api_fields import DollarsField, MeasuredField, RateField
from payments.models import Payment, PaymentRun, UnmetRequirement
from payments.models.payment_run import WITHHELD_POLICIES
from payments.rules.payment_run_status import PaymentRunStatus
from payments.what_if_api import WhatIfViewSet

RUN_KEY = "{}-{}"
_RUN = "fiscal_year", "number"

# Records


class PolicyRecord(Record):
    """How the shares of libraries that are not in order are treated."""

    withheld = serializers.ChoiceField(
        choices=[key for key, _ in WITHHELD_POLICIES], source="withheld_policy"
    )
    assumed_eligible = serializers.BooleanField(
        help_text="Every open library is taken as participating and in order: years before this system."
    )


class PoolsRecord(Record):
    """The two halves of the appropriation."""

    transactions = DollarsField("transactions_pool_cents", allow_null=True)
    net_plus = DollarsField("net_plus_pool_cents", allow_null=True)


class RatesRecord(Record):
    """Dollars a loan and dollars a net-plus loan."""

    per_loan = RateField("transactions_pool_cents", "dividing_loans", allow_null=True)
    per_net_plus = RateField("net_plus_pool_cents", "dividing_net_plus", allow_null=True)


class TotalsRecord(Record):
    """Sums over the libraries of a run."""

    loans = serializers.IntegerField(source="sum_of_loans")
    net_plus = serializers.IntegerField(source="sum_of_net_plus")
    paid = DollarsField("sum_paid")
    withheld = DollarsField("sum_withheld")
    undistributed = DollarsField("undistributed_cents", allow_null=True)


class PaymentRunRecord(Record):
    """One calculation of a fiscal year's payments (4(a)). Its figures are null until it is calculated."""

    id = ComposedField(RUN_KEY, *_RUN, help_text="Fiscal year and number of the run in it.")
    fiscal_year = serializers.IntegerField()
    number = serializers.IntegerField()
    status = serializers.ChoiceField(choices=[item.value for item in PaymentRunStatus])
    measured_from = MeasuredField("first_day")
    measured_to = MeasuredField("last_day")
    appropriation = DollarsField("appropriation_cents", allow_null=True)
    policy = PolicyRecord()
    estimated = serializers.BooleanField(help_text="Some of the counts are estimates.")
    pools = PoolsRecord()
    rates = RatesRecord()
    totals = TotalsRecord()
    rulebook_edition = serializers.CharField()
    inputs_sha256 = serializers.CharField()
    manifest_sha256 = serializers.CharField()
    calculated_at = MomentField(allow_null=True)
    certified_at = MomentField(allow_null=True)
    published_at = MomentField("publication__published_at", allow_null=True)
    voided_at = MomentField(allow_null=True)
    void_reason = serializers.CharField()
    url = LinkField("payment-runs/" + RUN_KEY + "/", *_RUN)
    payments_url = LinkField("payment-runs/" + RUN_KEY + "/payments/", *_RUN)

    example = {
        "id": "2018-1",
        "fiscal_year": 2018,
        "number": 1,
        "status": "certified",
        "measured_from": "2017-03-01",
        "measured_to": "2018-02-28",
        "appropriation": "703638.00",
        "policy": {"withheld": "keep", "assumed_eligible": True},
        "estimated": True,
        "pools": {"transactions": "351819.00", "net_plus": "351819.00"},
        "rates": {"per_loan": "0.0982641313", "per_net_plus": "0.2211382410"},
        "totals": {
            "loans": 3580340,
            "net_plus": 1590946,
            "paid": "703638.00",
            "withheld": "0.00",
            "undistributed": "0.00",
        },
        "rulebook_edition": "5f0c9e4b7a1d3c2e6f8a0b1c4d7e9f2a3b5c6d8e0f1a2b4c5d7e8f9a0b1c3d5e",
        "inputs_sha256": "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "manifest_sha256": "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "calculated_at": "2026-11-20T09:30:00-05:00",
        "certified_at": "2026-11-20T10:05:12-05:00",
        "published_at": "2026-11-20T10:30:00-05:00",
        "voided_at": None,
        "void_reason": "",
        "url": "https://borrowit.example.org/api/v1/payment-runs/2018-1/",
        "payments_url": "https://borrowit.example.org/api/v1/payment-runs/2018-1/payments/",
    }


class UnmetRecord(Record):
    """A requirement for payment that a library had not met (4(a))."""

    code = serializers.CharField()
    citation = serializers.CharField()
    reason = serializers.CharField()
    cure = serializers.CharField()


class PaymentRecord(Record):
    """A library's line of a payment run, with every figure that it came from (4(b), 4(c))."""

    library = serializers.CharField(source="library.key")
    name = serializers.CharField(source="library.name", help_text="The name today.")
    loans = serializers.IntegerField(help_text="Units lent on other libraries' cards.")
    borrows = serializers.IntegerField(help_text="Units that other libraries lent on its cards.")
    net_plus = serializers.IntegerField(help_text="Loans above borrows, or 0.")
    transactions_share = DollarsField("transactions_share_cents")
    net_plus_share = DollarsField("net_plus_share_cents")
    payment = DollarsField("payment_cents")
    withheld = DollarsField("withheld_cents")
    eligible = serializers.BooleanField(help_text="Has met every requirement for payment.")
    unmet = ListOf(UnmetRecord(), "unmet")
    library_url = LinkField("libraries/{}/", "library__key")

    example = {
        "library": "CT0012",
        "name": "Bloomfield Public Library",
        "loans": 60000,
        "borrows": 50000,
        "net_plus": 10000,
        "transactions_share": "5895.85",
        "net_plus_share": "2211.38",
        "payment": "8107.23",
        "withheld": "0.00",
        "eligible": True,
        "unmet": [],
        "library_url": "https://borrowit.example.org/api/v1/libraries/CT0012/",
    }


# Parameters


class PaymentRunParameters(Parameters):
    fiscal_year = fiscal_year_filter(field_name="fiscal_year")
    status = ChoiceFilter("status", words=PaymentRunStatus, help_text="Where the run stands.")


class PaymentParameters(Parameters):
    library = library_filter("library__key")
    town = NumberFilter("library__town__number", help_text="State number of a town.", least=1, greatest=999)
    eligible = YesNoFilter("eligible", help_text="Whether it had met every requirement for payment.")


# Routes


class PaymentRunViewSet(ReadViewSet):
    """Payment runs, the latest first: the published ones, and the others for who may see unpublished runs."""

    resource = "payment-runs"
    serializer_class = PaymentRunRecord
    filterset_class = PaymentRunParameters
    paging = Paging({"fiscal_year": int, "number": int}, descending=True)
    lookup_url_kwarg, key_example = "id", "2018-1"

    def get_queryset(self) -> QuerySet[Any]:
        shared = {"keep": Q(), "redistribute": Q(eligible=True)}
        return PaymentRun.objects.visible_to(self.request.user).annotate(
            sum_of_loans=_sum("loans"),
            sum_of_net_plus=_sum("net_plus"),
            sum_paid=_sum("payment_cents"),
            sum_withheld=_sum("withheld_cents"),
            dividing_loans=Case(
                *(When(withheld_policy=policy, then=_sum("loans", of)) for policy, of in shared.items())
            ),
            dividing_net_plus=Case(
                *(When(withheld_policy=policy, then=_sum("net_plus", of)) for policy, of in shared.items())
            ),
        )

    def named(self, key: str) -> Q | None:
        return run_named(key)


class PaymentViewSet(ReadViewSet):
    """The payments of one run, a line for each participating library, by key."""

    resource = "payments"
    serializer_class = PaymentRecord
    filterset_class = PaymentParameters
    paging = Paging({"library__key": str})
    lookup_url_kwarg, key_example = "library", "CT0012"
    path_examples = {"run": "2018-1"}

    def get_queryset(self) -> QuerySet[Any]:
        key = self.kwargs["run"]
        condition = run_named(key)
        visible = PaymentRun.objects.visible_to(self.request.user)
        run = visible.filter(condition).first() if condition else None
        if run is None:
            raise Http404(f"There is no payment run {key!r} that you may see.")
        unmet = UnmetRequirement.objects.filter(payment=OuterRef("pk")).order_by("pk")
        columns = ("code", "citation", "reason", "cure")
        return Payment.objects.filter(run=run).annotate(
            unmet=ArraySubquery(unmet.values(row=JSONObject(**{name: F(name) for name in columns})))
        )

    def named(self, key: str) -> Q | None:
        return None if "\0" in key else Q(library__key=key)


def run_named(key: str) -> Q | None:
    """Return the condition for the run with a key such as 2018-1; None where it is none."""
    found = re.fullmatch(r"([0-9]{4})-([1-9][0-9]{0,3})", key)
    return found and Q(fiscal_year=int(found[1]), number=int(found[2]))


def _sum(column: str, of: Q | None = None) -> Coalesce:
    """Return the sum of a column over a run's payments, as a whole number."""
    payments = Payment.objects.filter(of or Q(), run=OuterRef("pk")).order_by().values("run")
    return Coalesce(Subquery(payments.annotate(sum=Sum(column)).values("sum")), 0)


ROUTES = [
    ("payment-runs", PaymentRunViewSet),
    *expenditure_api.ROUTES,
    ("what-if", WhatIfViewSet),
]
