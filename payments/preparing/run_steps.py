"""The steps of a payment run from the appropriation to the payments made, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse

from connecticard import clock
from connecticard.permissions import Action, may
from connecticard.templatetags.figures import moment
from libraries.models import Library
from payments import standing
from payments.correcting.corrections import awaits_statement
from payments.correcting.withheld import lapses_to_record
from payments.disbursing.board_orders import order_of
from payments.disbursing.disbursement import is_disbursed, is_paid, paid_cents, sent_cents, unsent_cents
from payments.models import PaymentRun
from payments.preparing.run_changes import Changes
from payments.preparing.run_preparation import hand_over_of
from payments.rules.cents import dollars
from payments.rules.payment_run_status import PaymentRunStage, PaymentRunStatus, stage_of
from payments.services import why_too_early
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day

DONE, CURRENT, TO_DO, OPEN = "done", "current", "to do", "open"


@dataclass(frozen=True)
class Step:
    """A step of a run: `state` is done, current, to do or open (nothing waits for it); `url` may be empty."""

    label: str
    url: str
    state: str
    note: str = ""


def stage(run: PaymentRun) -> PaymentRunStage:
    """Return how far a run has come."""
    sent = is_disbursed(run)
    return stage_of(
        PaymentRunStatus(run.status),
        published=run.is_published,
        ordered=order_of(run) is not None,
        sent=sent,
        paid=sent and is_paid(run),
    )


def steps(run: PaymentRun, user: Any, *, is_stale: bool = False) -> list[Step]:
    """Return the steps of a run in order, one of them current unless the run is void or all is done.

    `is_stale` says that something changed under a calculated run, so that it is calculated again.
    """
    is_calculated = run.calculated_at is not None and not is_stale
    in_order = [
        _appropriation(run),
        _requirements(run),
        _open_filings(run),
        Step("Policy for withheld shares", _page("run_policy", run), DONE, _policy(run)),
        Step(
            "Calculate",
            "",
            DONE if is_calculated else TO_DO,
            "Something changed since" if is_stale else _by(run.calculated_by, run.calculated_at),
        ),
        Step("Compare", _page("run_compare", run), DONE if run.certified_at else TO_DO),
        Step(
            "Certify",
            reverse("payments:run_certify", args=[run.pk])
            if run.status == PaymentRunStatus.CALCULATED and may(user, Action.CERTIFY_RUN)
            else "",
            DONE if run.certified_at else TO_DO,
            _by(run.certified_by, run.certified_at),
        ),
        _publish(run, user),
        _order(run),
        *_comptroller(run),
    ]
    if run.status == PaymentRunStatus.VOID:
        return in_order
    return _with_current(in_order, advisory={"Compare"})


def beside(run: PaymentRun) -> list[Step]:
    """Return what stands beside the line of steps: pages on a run that are no step of it."""
    if run.calculated_at is None:
        return []
    proof = Step("Proof", reverse("payments:run_proof", args=[run.pk]), "", _proof(run))
    if run.certified_at is None:
        return [proof]
    waits = awaits_statement(run)
    return [
        Step(
            "Withheld money",
            _page("withheld", run),
            "",
            "lapsed, not recorded" if lapses_to_record(run, on=clock.today()) else "",
        ),
        Step(
            "Corrections",
            reverse("reports:corrections", args=[run.pk]),
            "",
            "an amendment waits for its statement" if waits else "",
        ),
        proof,
    ]


def _with_current(in_order: Sequence[Step], *, advisory: set[str]) -> list[Step]:
    """Mark the first step that is still to be taken; one that only informs is passed over."""
    current = next(
        (
            number
            for number, step in enumerate(in_order)
            if step.state == TO_DO and step.label not in advisory
        ),
        None,
    )
    return [
        replace(step, state=CURRENT) if number == current else step for number, step in enumerate(in_order)
    ]


def _appropriation(run: PaymentRun) -> Step:
    appropriation = run.appropriation
    cents, available = appropriation.cents, appropriation.available_cents
    if run.certified_at is not None:
        available = run.appropriation_cents or 0
    note = dollars(cents) if available == cents else f"{dollars(available)} of {dollars(cents)}"
    return Step("Appropriation", _page("run_appropriation", run), DONE, note)


def _requirements(run: PaymentRun) -> Step:
    label, url = "Requirements", _page("run_requirements", run)
    if run.assumed_eligible:
        return Step(label, url, DONE, "Assumed met")
    if run.calculated_at is None:
        libraries = Library.objects.filter(pk__in=standing.days_with_a_letter(run.measured))
        unmet = len(standing.unmet_by_library(run.fiscal_year, libraries, on=clock.today()))
    else:
        unmet = run.payments.filter(eligible=False).count()
    if not unmet:
        return Step(label, url, DONE, "Everybody has met them")
    note = f"{unmet:,} librar{'y has' if unmet == 1 else 'ies have'} not met them"
    return Step(label, url, DONE if run.certified_at else OPEN, note)


def _open_filings(run: PaymentRun) -> Step:
    label, url = "Open filings", _page("run_open_filings", run)
    if run.certified_at is not None or run.assumed_eligible:
        return Step(label, url, DONE)
    libraries = Library.objects.filter(pk__in=standing.days_with_a_letter(run.measured))
    owed = standing.filings_owed(run.fiscal_year, libraries)
    still_open = sum(any(not filing.certified for filing in filings) for filings in owed.values())
    if not still_open:
        return Step(label, url, DONE, "All are certified")
    return Step(label, url, OPEN, f"{still_open:,} librar{'y' if still_open == 1 else 'ies'}")


def _policy(run: PaymentRun) -> str:
    policy = run.next_policy or run.withheld_policy
    return "Kept for them" if policy == "keep" else "Divided among the others"


def _publish(run: PaymentRun, user: Any) -> Step:
    url = ""
    if run.status == PaymentRunStatus.CERTIFIED and may(user, Action.PUBLISH_RUN):
        url = reverse("reports:run_publish", args=[run.pk])
    if not run.is_published:
        return Step("Publish", url, TO_DO)
    return Step("Publish", url, DONE, moment(run.publication.published_at))


def _order(run: PaymentRun) -> Step:
    url = reverse("payments:order", args=[run.pk]) if run.certified_at else ""
    order = order_of(run)
    if order is None:
        return Step("Board’s order", url, TO_DO)
    return Step("Board’s order", url, DONE, f"{order.number}, {written_day(order.dated)}")


def _comptroller(run: PaymentRun) -> tuple[Step, Step]:
    """Return the steps of sending the payments and of their being made, with what is open of each."""
    url = reverse("payments:comptroller", args=[run.pk]) if run.certified_at else ""
    sent = sent_cents(run)
    if not sent:
        return Step("Comptroller", url, TO_DO), Step("Payments made", "", TO_DO)
    unsent, paid = unsent_cents(run), paid_cents(run)
    done = not unsent and paid == sent
    return (
        Step(
            "Comptroller",
            url,
            TO_DO if unsent else DONE,
            f"{dollars(sent)} sent" + (f", {dollars(unsent)} not yet" if unsent else ""),
        ),
        Step("Payments made", url, DONE if done else TO_DO, f"{dollars(paid)} paid" if paid else ""),
    )


def _proof(run: PaymentRun) -> str:
    """Return what came out when the run was last worked out again."""
    latest = run.verifications.first()
    if latest is None or latest.manifest_sha256 != run.manifest_sha256:
        return "not verified yet"
    return "the same" if latest.same else "not the same"


def _page(name: str, run: PaymentRun) -> str:
    return reverse(f"payments:{name}", args=[run.pk])


def _by(who: object, at: Any) -> str:
    return f"{who}, {moment(at)}" if at else ""


@dataclass(frozen=True)
class NextStep:
    """What to do next with a run, in a sentence, and the one button for it; without `label` there is none.

    `posts` says that the button acts at once instead of leading to a page.
    """

    sentence: str
    label: str = ""
    url: str = ""
    posts: bool = False


def next_step(
    run: PaymentRun, user: Any, in_order: Sequence[Step], *, changes: Changes, why_not_certify: str
) -> NextStep:
    """Return what this person can do next with a run, or who does it.

    `why_not_certify` is why this person cannot certify it now, empty where they can.
    """
    match PaymentRunStatus(run.status):
        case PaymentRunStatus.DRAFT:
            return _calculate(
                run, user, "Look at the requirements and the filings still open, then calculate."
            )
        case PaymentRunStatus.VOID:
            if not may(user, Action.PREPARE_RUN):
                return NextStep("This run is void and stays on record.")
            return NextStep(
                f"This run is void and stays on record. Begin a new one for fiscal year {run.fiscal_year}, "
                "and compare the two.",
                "Begin a payment run",
                reverse("payments:run_create"),
            )
        case PaymentRunStatus.CALCULATED:
            return _toward_the_certificate(run, user, changes, why_not_certify)
    step = next((step for step in in_order if step.state == CURRENT), None)
    if step is None:
        return NextStep("Everything is done: every payment of this run was made.")
    if step.label == "Publish" and not step.url:
        return NextStep("The run is certified. An administrator of the State Library publishes it.")
    sentence, label = _AFTER_THE_CERTIFICATE[step.label]
    return NextStep(sentence, label if step.url else "", step.url)


_AFTER_THE_CERTIFICATE = {
    "Publish": ("The run is certified. Publish it, so that libraries and the public can read it.", "Publish"),
    "Board’s order": (
        "The Board orders the payments (C.G.S. § 11-31b). Record the number and date of its order.",
        "Board’s order",
    ),
    "Comptroller": (
        "Send the payments to the Comptroller, by the file of payments that this run makes.",
        "To the Comptroller",
    ),
    "Payments made": (
        "Record what the Comptroller paid, from the file of results, and send again what came back.",
        "Record the results",
    ),
}


def _toward_the_certificate(run: PaymentRun, user: Any, changes: Changes, why_not_certify: str) -> NextStep:
    if changes.problems:
        return NextStep("Have each filing corrected as it says above, then calculate again.")
    if changes:
        return _calculate(
            run, user, "Something changed underneath. Calculate again, and look at what is new."
        )
    if not why_not_certify:
        return NextStep(
            "Compare the figures with last year’s, and certify them.", "Certify", _page("run_certify", run)
        )
    if not may(user, Action.PREPARE_RUN):
        return NextStep(why_not_certify)
    if too_early := why_too_early(run, on=clock.today()):
        return NextStep(too_early)
    if handed := hand_over_of(run):
        return NextStep(
            f"{handed.handed_by} handed the run over on {written_day(eastern_day(handed.handed_at))}. An "
            "administrator who neither prepared nor calculated it certifies it."
        )
    return NextStep(
        "Compare the figures with last year’s, then hand the run to an administrator, who certifies it.",
        "Hand to an administrator",
        _page("run_hand_over", run),
    )


def _calculate(run: PaymentRun, user: Any, sentence: str) -> NextStep:
    if not may(user, Action.PREPARE_RUN):
        return NextStep("State Library staff calculate this run.")
    label = "Calculate" if run.calculated_at is None else "Calculate again"
    return NextStep(sentence, label, _page("run_calculate", run), posts=True)
