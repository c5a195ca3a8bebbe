"""Give receipts for what libraries submitted and certified before there were any.

A submission that was returned and submitted again left the time of its last one alone, so it gets one receipt.
What the State Library imported was never signed by a library and gets none. Filings that have a receipt are
passed over, so that this can run again.
"""

import secrets

from django.db import migrations
from django.db.models import Q, Sum

DRAWN_FROM = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SUBMITTED = (
    "Submitted to the Connecticut State Library as the report of the library. "
    "It counts once the library has certified it."
)
ROLES = {"library_filer": "Library filer", "library_certifier": "Library certifier"}
UNKNOWN_ROLE = "role not on record"


def give_receipts(apps, schema_editor):
    Filing = apps.get_model("transactions", "Filing")
    Receipt = apps.get_model("transactions", "FilingReceipt")
    filings = (
        Filing.objects.filter(provenance="filed", submitted_at__isnull=False, receipts__isnull=True)
        .exclude(sha256="")
        .select_related("library", "period", "submitted_by", "certified_by")
        .order_by("pk")
    )
    for filing in filings.iterator(chunk_size=500):
        submission = {"at": filing.submitted_at, "by": filing.submitted_by, "statement": SUBMITTED}
        Receipt.objects.create(**_receipt(apps, filing, "submission", 1, submission))
        if filing.status == "certified":
            certificate = {
                "at": filing.certified_at,
                "by": filing.certified_by,
                "statement": filing.attestation,
            }
            Receipt.objects.create(**_receipt(apps, filing, "certificate", 2, certificate))


def _receipt(apps, filing, kind, sequence, signed):
    period, library, by = filing.period, filing.library, signed["by"]
    drawn = "".join(secrets.choice(DRAWN_FROM) for _ in range(4))
    number = (
        f"{library.key.upper()}-{period.first_day:%Y%m}-{period.last_day:%Y%m}-{filing.version}"
        f"-{kind[0].upper()}{sequence}-{drawn}"
    )
    return {
        "kind": kind,
        "number": number + _check_character(number),
        "filing": filing,
        "library": library,
        "library_name": library.name,
        "period": period,
        "version": filing.version,
        "sequence": sequence,
        "issued_at": signed["at"],
        "signer": by,
        "signer_name": by.name or by.email,
        "role": _role(apps, by, library, kind, signed["at"]),
        "statement": signed["statement"],
        "sha256": filing.sha256,
        "form_edition": filing.form_edition,
        "revision": filing.revision,
        "totals": _totals(filing) if filing.status in ("submitted", "certified") else [],
    }


def _role(apps, by, library, kind, at):
    """Name the role that the person held for the library that day, as far as it is on record."""
    wanted = "library_certifier" if kind == "certificate" else "library_filer"
    held = apps.get_model("connecticard", "RoleAssignment").objects.filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=at),
        user=by,
        library=library,
        role__in=ROLES,
        valid__contains=at.date(),
    )
    role = held.filter(role=wanted).first() or held.first()
    return f"{ROLES[role.role]}, {library.name}" if role else UNKNOWN_ROLE


def _totals(filing):
    sums = dict(filing.loan_counts.order_by("month").values_list("month").annotate(Sum("loans")))
    if filing.basis == "period_total":
        return [[None, sums.get(None, 0)]]
    months, month = [], filing.covers.lower.replace(day=1)
    while month < filing.covers.upper:
        months.append(month)
        month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    return [[f"{month:%Y-%m}", sums.get(month, 0)] for month in months]


def _check_character(number):
    """Return the last character of a number (ISO/IEC 7064, MOD 37,36)."""
    product = 36
    for character in number.replace("-", ""):
        product = (product + DIGITS.index(character)) % 36 or 36
        product = product * 2 % 37
    return DIGITS[(37 - product) % 36]


class Migration(migrations.Migration):

    dependencies = [
        ('transactions', '0009_filings_have_receipts'),
        ('connecticard', '0004_deputies_certify_from_a_day_to_a_day'),
    ]

    operations = [migrations.RunPython(give_receipts, migrations.RunPython.noop)]
