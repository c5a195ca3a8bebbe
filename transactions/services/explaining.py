"""Saying why what the checks found is right, and taking it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from connecticard.models import AuditEvent, User
from transactions.models import Explanation, Filing
from transactions.rules.explanations import Reason
from transactions.rules.filing_calendar import eastern_day
from transactions.rules.filing_checks import Tier
from transactions.services.counts import editable
from transactions.services.findings import Finding, findings
from transactions.services.refusals import FilingChanged, FilingRefused

_CARRY_OVER = """
    INSERT INTO transactions_explanation
        (filing_id, check_name, home_library_id, month, question, value, band_low, band_high, reason, text,
        by_id, at)
    SELECT %s, check_name, home_library_id, month, question, value, band_low, band_high, reason, text,
        by_id, at
    FROM transactions_explanation WHERE filing_id = %s
"""


@dataclass(frozen=True)
class Answer:
    """A reason for one finding, named by its check and its place."""

    check: str
    home_library: int | None
    month: date | None
    reason: Reason
    text: str = ""


@transaction.atomic
def explain(
    *, filing: Filing, answers: Sequence[Answer], by: User, at: datetime, expected: int | None = None
) -> list[Explanation]:
    """Explain findings of a filing and return the explanations, each with the band in which it stands.

    An answer to something that no check asks any more is left out. Raises FilingChanged where `expected` is
    not the filing's revision, so that nobody explains a number that they did not see; FilingRefused where
    words are missing that a reason needs, or the filing may not be edited. Then nothing is stored.
    """
    filing = editable(filing, by, at)
    if expected is not None and filing.revision != expected:
        raise FilingChanged(
            "Somebody saved this filing after you opened this page. Look at the findings again: what you "
            "typed is kept below, but not saved."
        )
    asked = {
        (finding.check, finding.home_library, finding.month): finding
        for finding in findings(filing, today=eastern_day(at))
        if finding.tier is Tier.MUST_EXPLAIN
    }
    made = []
    for answer in answers:
        finding = asked.get((answer.check, answer.home_library, answer.month))
        if finding is None or finding.value is None or finding.band is None:
            continue
        text = answer.text.strip()
        if answer.reason.needs_text and not text:
            raise FilingRefused("Say in words what the reason is, or choose another one.")
        before = finding.explanation or finding.earlier_explanation
        explanation, _ = Explanation.objects.update_or_create(
            filing=filing,
            check_name=finding.check,
            home_library_id=finding.home_library,
            month=finding.month,
            defaults={
                "question": finding.message,
                "value": finding.value,
                "band_low": finding.band[0],
                "band_high": finding.band[1],
                "reason": answer.reason,
                "text": text,
                "by": by,
                "at": at,
            },
        )
        AuditEvent.record(
            "finding_explained",
            target=filing,
            by=by,
            before=before.as_said() if before else None,
            after=explanation.as_said(),
        )
        made.append(explanation)
    return made


@transaction.atomic
def withdraw_explanation(*, explanation: Explanation, by: User, at: datetime) -> None:
    """Take an explanation back, so that its finding must be explained or mended again."""
    editable(explanation.filing, by, at)
    AuditEvent.record("explanation_withdrawn", target=explanation.filing, by=by, before=explanation.as_said())
    explanation.delete()


def carry_over(standing: Filing, draft: Filing) -> None:
    """Give a new version the explanations of the certified one, as they were said and by whom.

    Each stands as long as the value that it explains stays in its band.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CARRY_OVER, [draft.pk, standing.pk])


def drop_lapsed(filing: Filing, found: Sequence[Finding], *, by: User) -> None:
    """Remove the explanations that explain nothing any more, because the counts were changed since."""
    stand = {finding.explanation.pk for finding in found if finding.explanation}
    for explanation in filing.explanations.exclude(pk__in=stand):
        AuditEvent.record("explanation_lapsed", target=filing, by=by, before=explanation.as_said())
        explanation.delete()
