"""What filings and what belongs to them look like by REST."""

from rest_framework import serializers

from connecticard.api_rendering import ComposedField, LastDayField, LinkField, MomentField, Record
from transactions.models import FilingBasis, Provenance
from transactions.rules.explanations import Reason
from transactions.rules.filing_calendar import Cadence
from transactions.rules.filing_checks import Tier
from transactions.rules.filing_status import FilingStatus
from transactions.rules.receipt_numbers import ReceiptKind

SITE = "https://borrowit.example.org/api/v1/"
PERIOD_KEY = "{}-{}"
_PERIOD = "period__cadence", "period__first_day"
FILING_KEY = "{}-{}-{}-{}"
_FILING = "library__key", *_PERIOD, "version"


class FilingPeriodRecord(Record):
    """A stretch of months for which libraries of one cadence file, with its dates (2(a))."""

    id = ComposedField(PERIOD_KEY, "cadence", "first_day", help_text="Cadence and first day.")
    cadence = serializers.ChoiceField(choices=[item.value for item in Cadence])
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    opens_on = serializers.DateField(help_text="First day on which counts may be entered.")
    law_due_on = serializers.DateField(
        help_text="Last day on time by the law, to 23:59:59 Eastern; payment is judged by it."
    )
    due_on = serializers.DateField(help_text="Day by which libraries are asked to file.")
    accepted_until = serializers.DateField(help_text="Last day on which a late filing is accepted.")
    closes_on = serializers.DateField(help_text="Last day on which anything may be entered.")
    url = LinkField("filing-periods/" + PERIOD_KEY + "/", "cadence", "first_day")

    example = {
        "id": "semiannual-2026-03-01",
        "cadence": "semiannual",
        "first_day": "2026-03-01",
        "last_day": "2026-08-31",
        "opens_on": "2026-03-01",
        "law_due_on": "2026-09-08",
        "due_on": "2026-09-08",
        "accepted_until": "2027-03-31",
        "closes_on": "2027-06-30",
        "url": "https://borrowit.example.org/api/v1/filing-periods/semiannual-2026-03-01/",
    }


class FilingRecord(Record):
    """A library's record of the units it lent in one filing period, in one version (2(a))."""

    id = ComposedField(FILING_KEY, *_FILING, help_text="Library, cadence, first day of the period, version.")
    library = serializers.CharField(source="library.key")
    library_name = serializers.CharField(source="library.name")
    period = ComposedField(PERIOD_KEY, *_PERIOD)
    first_day = serializers.DateField(source="covers__startswith", help_text="Of the days that it speaks of.")
    last_day = LastDayField("covers")
    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=[item.value for item in FilingStatus])
    counts = serializers.BooleanField(
        source="standing", help_text="Certified, and no later certified version replaces it."
    )
    basis = serializers.ChoiceField(choices=[item.value for item in FilingBasis])
    nothing_lent = serializers.BooleanField(help_text="Said for the whole filing: a zero return.")
    provenance = serializers.ChoiceField(choices=[item.value for item in Provenance])
    provenance_note = serializers.CharField()
    form_edition = serializers.CharField()
    amends_because = serializers.CharField(help_text="Reason for a later version.")
    returned_because = serializers.CharField()
    first_submitted_at = MomentField(allow_null=True)
    submitted_at = MomentField(allow_null=True)
    certified_at = MomentField(allow_null=True)
    superseded_at = MomentField(allow_null=True)
    sha256 = serializers.CharField(help_text="Of its content; empty while it is a draft.")
    revision = serializers.IntegerField(help_text="Number of times that its counts were saved.")
    saved_at = MomentField(allow_null=True)
    url = LinkField("filings/" + FILING_KEY + "/", *_FILING)
    loan_counts_url = LinkField("filings/" + FILING_KEY + "/loan-counts/", *_FILING)
    library_url = LinkField("libraries/{}/", "library__key")
    period_url = LinkField("filing-periods/" + PERIOD_KEY + "/", *_PERIOD)

    example = {
        "id": "CT0012-semiannual-2026-03-01-1",
        "library": "CT0012",
        "library_name": "Bloomfield Public Library",
        "period": "semiannual-2026-03-01",
        "first_day": "2026-03-01",
        "last_day": "2026-08-31",
        "version": 1,
        "status": "certified",
        "counts": True,
        "basis": "by_month",
        "nothing_lent": False,
        "provenance": "filed",
        "provenance_note": "",
        "form_edition": "2026-03",
        "amends_because": "",
        "returned_because": "",
        "first_submitted_at": "2026-09-04T10:12:31-04:00",
        "submitted_at": "2026-09-04T10:12:31-04:00",
        "certified_at": "2026-09-07T16:40:02-04:00",
        "superseded_at": None,
        "sha256": "6b1f0d1d3a5f7c0e8d1f2a4b6c8e0f1a3b5d7f9e1c3a5b7d9f0e2c4a6b8d0f1e",
        "revision": 7,
        "saved_at": "2026-09-03T15:20:48-04:00",
        "url": "https://borrowit.example.org/api/v1/filings/CT0012-semiannual-2026-03-01-1/",
        "loan_counts_url": "https://borrowit.example.org/api/v1/filings/CT0012-semiannual-2026-03-01-1/loan-counts/",
        "library_url": "https://borrowit.example.org/api/v1/libraries/CT0012/",
        "period_url": "https://borrowit.example.org/api/v1/filing-periods/semiannual-2026-03-01/",
    }


class LoanCountRecord(Record):
    """Units lent on the cards of one home library in one month, or in the whole period."""

    home_library = serializers.CharField(source="home_library.key")
    month = serializers.DateField(allow_null=True, help_text="Its first day; null for a period total.")
    loans = serializers.IntegerField(
        allow_null=True, help_text="Null where the library says that it has no count."
    )

    example = {"home_library": "CT0001", "month": "2026-03-01", "loans": 412}


class ReceiptRecord(Record):
    """What a person was given who submitted or certified a filing; it never changes (2(a), 2(d))."""

    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in ReceiptKind])
    filing = ComposedField(FILING_KEY, *_FILING)
    library = serializers.CharField(source="library.key")
    library_name = serializers.CharField(help_text="As it was called then.")
    issued_at = MomentField()
    withdrawn_at = MomentField(allow_null=True, help_text="When the version was undone.")
    signer_name = serializers.CharField()
    role = serializers.CharField(help_text="In which the signer acted.")
    statement = serializers.CharField(help_text="What was said or signed, word for word.")
    sha256 = serializers.CharField(help_text="Of what the filing said.")
    form_edition = serializers.CharField()
    url = LinkField("receipts/{}/", "number")
    page_url = LinkField("/receipts/{}/", "number", help_text="A page on which anybody can check it.")
    filing_url = LinkField("filings/" + FILING_KEY + "/", *_FILING)

    example = {
        "number": "CT0012-202603-202608-1-S1-7KQ4X",
        "kind": "submission",
        "filing": "CT0012-semiannual-2026-03-01-1",
        "library": "CT0012",
        "library_name": "Bloomfield Public Library",
        "issued_at": "2026-09-04T10:12:31-04:00",
        "withdrawn_at": None,
        "signer_name": "Dana Filer",
        "role": "Library filer, Bloomfield Public Library",
        "statement": "Submitted to the Connecticut State Library as the report of the library. "
        "It counts once the library has certified it.",
        "sha256": "6b1f0d1d3a5f7c0e8d1f2a4b6c8e0f1a3b5d7f9e1c3a5b7d9f0e2c4a6b8d0f1e",
        "form_edition": "2026-03",
        "url": SITE + "receipts/CT0012-202603-202608-1-S1-7KQ4X/",
        "page_url": "https://borrowit.example.org/receipts/CT0012-202603-202608-1-S1-7KQ4X/",
        "filing_url": SITE + "filings/CT0012-semiannual-2026-03-01-1/",
    }


class FilingExplanationRecord(Record):
    """Why something in a filing is right although a check finds it unusual (2(d))."""

    id = serializers.IntegerField()
    check = serializers.CharField(source="check_name")
    home_library = serializers.CharField(source="home_library.key", allow_null=True)
    month = serializers.DateField(allow_null=True, help_text="Its first day; null for a line or the filing.")
    question = serializers.CharField(help_text="What the check said.")
    value = serializers.IntegerField(help_text="The value that was explained.")
    reason = serializers.ChoiceField(choices=[reason.value for reason in Reason])
    text = serializers.CharField()
    at = MomentField()

    example = {
        "id": 31,
        "check": "jump_from_last_year",
        "home_library": "CT0001",
        "month": "2026-05-01",
        "question": "412 loans; 96 a year before. Correct the number, or say why it is right.",
        "value": 412,
        "reason": "library_nearby",
        "text": "Their building is closed for repair until July.",
        "at": "2026-09-04T10:02:11-04:00",
    }


class FindingRecord(Record):
    """One thing that a check found in a filing: what it is, how much it weighs, and what to do."""

    check = serializers.CharField(help_text="Name of the check.")
    weight = serializers.ChoiceField(choices=[tier.value for tier in Tier])
    stops = serializers.BooleanField(help_text="Whether the filing cannot be submitted with it.")
    home_library = serializers.CharField(allow_null=True, help_text="Null for a month or the whole filing.")
    month = serializers.DateField(allow_null=True, help_text="Null for a line or the whole filing.")
    value = serializers.IntegerField(allow_null=True, help_text="What the check looked at.")
    message = serializers.CharField()
    cure = serializers.CharField()
    citation = serializers.CharField()
    explanation = FilingExplanationRecord(allow_null=True)

    example = {
        "check": "jump_from_last_year",
        "weight": "must_explain",
        "stops": False,
        "home_library": "CT0001",
        "month": "2026-05-01",
        "value": 412,
        "message": "412 loans; 96 a year before. Correct the number, or say why it is right.",
        "cure": "Correct the count, or give a reason for it by a POST to explanations.",
        "citation": "Regs. Conn. State Agencies § 11-31c-2(d)",
        "explanation": FilingExplanationRecord.example,
    }


class FindingsRecord(Record):
    """What the checks find in a filing by the rules of today, the heaviest first."""

    filing = serializers.CharField()
    may_be_submitted = serializers.BooleanField(help_text="Whether nothing found stops it.")
    findings = FindingRecord(many=True)

    example = {
        "filing": "CT0012-semiannual-2026-03-01-1",
        "may_be_submitted": True,
        "findings": [FindingRecord.example],
    }


class StatementRecord(Record):
    """The words that the certifier of a filing signs, for what it says now (11-31b)."""

    filing = serializers.CharField()
    form_edition = serializers.CharField()
    statement = serializers.CharField()

    example = {
        "filing": "CT0012-semiannual-2026-03-01-1",
        "form_edition": "2026-03",
        "statement": "I certify that these counts are accurate and complete.",
    }


class SavedDraftRecord(Record):
    """A draft into which counts of one body were saved."""

    library = serializers.CharField()
    filing = serializers.CharField()
    begun = serializers.BooleanField(help_text="Whether the filing is new.")
    cells = serializers.IntegerField(help_text="How many counts of the body went into it.")
    filing_url = serializers.CharField()

    example = {
        "library": "CT0012",
        "filing": "CT0012-semiannual-2026-03-01-1",
        "begun": True,
        "cells": 1140,
        "filing_url": SITE + "filings/CT0012-semiannual-2026-03-01-1/",
    }


class SavedDraftsRecord(Record):
    """The drafts of all libraries in a body, in order of their keys."""

    saved = SavedDraftRecord(many=True)

    example = {"saved": [SavedDraftRecord.example]}


class ComingCadenceRecord(Record):
    """A choice that has not taken effect."""

    cadence = serializers.ChoiceField(choices=[item.value for item in Cadence])
    first_day = serializers.DateField()

    example = {"cadence": "monthly", "first_day": "2026-09-01"}


class CadenceRecord(Record):
    """How often a library files, and what it may choose (2(a))."""

    library = serializers.CharField()
    cadence = serializers.ChoiceField(choices=[item.value for item in Cadence])
    to_come = ComingCadenceRecord(allow_null=True)
    holds_from = serializers.DateField(help_text="The day from which a choice made today holds.")
    choices = serializers.ListField(
        child=serializers.ChoiceField(choices=[item.value for item in Cadence]),
        help_text="What may be chosen for that day.",
    )

    example = {
        "library": "CT0012",
        "cadence": "semiannual",
        "to_come": ComingCadenceRecord.example,
        "holds_from": "2026-09-01",
        "choices": ["semiannual", "monthly"],
    }
