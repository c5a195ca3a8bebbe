"""Proving runs: each is worked out again every night, the outcome is kept, a difference raises an alarm.

Every run that was ever certified is proved, a void one too: both stay on record, and what was void can have
been paid from in error. An error while a run is worked out is a difference like any other, so that one broken
run never keeps the others from being proved.
"""

from dataclasses import asdict
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from connecticard import permissions
from connecticard.clock import EASTERN
from connecticard.mail import About, send_letter, told
from connecticard.models import MessageKind, Role, RoleAssignment, User
from connecticard.permissions import Action
from payments.models import PaymentRun, RunVerification, VerifiedBecause
from payments.proving import rulebook_editions
from payments.proving.verification import Difference, differences
from transactions.rules.filing_calendar import eastern_day

logger = structlog.get_logger(__name__)

LISTED_IN_A_LETTER = 40
PROVED_WITHIN = timedelta(days=2)


class NothingToVerify(Exception):
    """The run has not been calculated."""


def verify_every_run(*, at: datetime) -> list[RunVerification]:
    """Work out every certified run that was not yet tonight, and return what came out.

    Safe to run again after it was killed: what is kept is kept, and goes on where it stopped.
    """
    midnight = datetime.combine(eastern_day(at), datetime.min.time(), tzinfo=EASTERN)
    tonight = RunVerification.objects.filter(because=VerifiedBecause.NIGHTLY, verified_at__gte=midnight)
    runs = certified_runs().exclude(pk__in=tonight.values("run"))
    found = []
    for run in runs:
        try:
            found.append(verify_run(run=run, because=VerifiedBecause.NIGHTLY, at=at))
        except Exception:  # the others are proved all the same
            logger.exception("payment run could not be verified", run=str(run))
    return found


def certified_runs() -> QuerySet[PaymentRun]:
    """Return every run that was ever certified, void ones too, the first fiscal year first."""
    return PaymentRun.objects.filter(certified_at__isnull=False).order_by("fiscal_year", "number")


def not_proved_lately(at: datetime) -> QuerySet[PaymentRun]:
    """Return the certified runs that no verification reached for two days: the nightly task does not run."""
    since = at - PROVED_WITHIN
    lately = RunVerification.objects.filter(verified_at__gte=since)
    return certified_runs().filter(certified_at__lt=since).exclude(pk__in=lately.values("run"))


def verify_run(
    *, run: PaymentRun, because: VerifiedBecause, at: datetime, by: User | None = None
) -> RunVerification:
    """Work a run out again and keep what came out; for a certified run a difference raises the alarm.

    `by` is who asked for it on a page. Raises NothingToVerify where the run is not calculated.
    """
    if because is VerifiedBecause.PAGE:
        permissions.check(by, Action.VIEW_RUNS)
    run = PaymentRun.objects.get(pk=run.pk)  # as it is on record, not as it was read once
    if run.calculated_at is None:
        raise NothingToVerify(f"{run} has not been calculated, so there is nothing to work out again.")
    found = _worked_out(run)
    with transaction.atomic():
        # One at a time for a run, so that one finding is told once
        run = PaymentRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if rulebook_editions.is_todays(run):
            rulebook_editions.keep_todays(run.fiscal_year)
        verification = RunVerification.objects.create(
            run=run,
            verified_at=at,
            because=because,
            by=by,
            code_version=settings.CODE_VERSION,
            manifest_sha256=run.manifest_sha256,
            same=not found,
            differences=[asdict(difference) for difference in found],
        )
        if found and run.certified_at is not None:
            _raise_alarm(verification, found)
    return verification


def _worked_out(run: PaymentRun) -> list[Difference]:
    """Return the differences of a run; that it cannot be worked out is one."""
    try:
        with transaction.atomic():
            return differences(run)
    except Exception as problem:
        logger.exception("payment run could not be worked out again", run=str(run))
        return [Difference("working it out again", "a result", f"{type(problem).__name__}: {problem}")]


def _raise_alarm(verification: RunVerification, found: list[Difference]) -> None:
    """Log a finding, and write once to everybody who administers payments.

    It is the same finding as long as the verifications one after another say the same.
    """
    run = verification.run
    logger.error(
        "payment run is not the same when worked out again",
        run=str(run),
        differences=[str(difference) for difference in found[:LISTED_IN_A_LETTER]],
        number=len(found),
    )
    of_the_run = RunVerification.objects.filter(run=run)
    before = of_the_run.exclude(differences=verification.differences).order_by("-pk").first()
    first = of_the_run.filter(pk__gt=before.pk if before else 0).earliest("pk")
    keys = {person: f"run differs|{first.pk}|{person.pk}" for person in _to_tell(verification.verified_at)}
    done = told(keys.values())
    for person, key in keys.items():
        if key not in done:
            send_letter(
                "run_differs",
                to=person.email,
                kind=MessageKind.FOR_STAFF,
                person=person,
                about=[About(f"{run} is not the same when worked out again", matter=str(run), once=key)],
                run=run,
                differences=found[:LISTED_IN_A_LETTER],
                more=len(found[LISTED_IN_A_LETTER:]),
            )


def _to_tell(at: datetime) -> list[User]:
    held = RoleAssignment.objects.in_force(eastern_day(at)).filter(
        role__in=(Role.STATE_STAFF, Role.STATE_ADMINISTRATOR), user__is_active=True
    )
    return list(dict.fromkeys(each.user for each in held.select_related("user").order_by("user", "pk")))
