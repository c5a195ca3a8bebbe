"""Making drafts of what a source offers, month by month and library by library.

Each month of each library is taken over whole or not at all, so whatever breaks off leaves nothing half. A
harvest that could not be made is tried again, later each time; sources know nothing of one another.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from connecticard import clock
from connecticard.mail import send_letter
from connecticard.models import AuditEvent, MessageKind, User
from connecticard.sealed import unseal
from libraries.models import Library
from transactions.harvest.client import LIMITS, Client, HarvestFailed
from transactions.harvest.specification import MemberMonth, Month
from transactions.library_filings import PeriodOfLibrary, periods_of_libraries
from transactions.models import (
    Filing,
    FilingBasis,
    HarvestLine,
    HarvestOutcome,
    HarvestRun,
    HarvestSchedule,
    HarvestSource,
    HarvestState,
)
from transactions.rules.filing_calendar import Span
from transactions.services.harvested import difference_on_record, save_harvested
from transactions.services.refusals import FilingRefused
from transactions.uploads.labels import may_be_private
from transactions.uploads.members import (
    MemberPreview,
    PeriodPreview,
    libraries_of,
    matcher_of_members,
    preview_members,
    read_labels,
)
from transactions.uploads.members_file import MembersFile

logger = structlog.get_logger(__name__)

PURPOSE = "harvest credential"
TRIED_AGAIN_AFTER = timedelta(minutes=10)  # doubled with each try
TRIES = 7  # about ten hours; then at the next time of the schedule
ENDS_WITHIN = timedelta(minutes=20)  # longer than a task may take
MOST_MONTHS = 14
_AT = time(5, 15)  # Eastern, when nobody works


def next_time(schedule: HarvestSchedule, after: datetime) -> datetime:
    """Return the first moment of a schedule after a moment: 5:15 a.m. Eastern, for a week on a Monday."""
    day = after.astimezone(clock.EASTERN).date()
    while True:
        moment = datetime.combine(day, _AT, clock.EASTERN)
        if moment > after and (schedule is HarvestSchedule.DAILY or day.weekday() == 0):
            return moment
        day += timedelta(days=1)


def sources_due() -> list[int]:
    """Return the sources whose time has come; a harvest whose worker was killed is ended first."""
    now = timezone.now()
    for run in HarvestRun.objects.filter(
        state=HarvestState.RUNNING, started_at__lt=clock.now() - ENDS_WITHIN
    ):
        _finish(run, HarvestState.FAILED, "The program was stopped while it harvested.", again=True)
    due = HarvestSource.objects.filter(paused_at=None, next_at__lte=now)
    return list(due.order_by("next_at").values_list("pk", flat=True))


def harvest(source_pk: int, *, by: User | None = None) -> HarvestRun | None:
    """Harvest a source, and keep how it went; None where a harvest of it is under way.

    `by` None is the schedule, which leaves a source alone that is paused or whose time has not come.
    """
    run = _claim(source_pk, by)
    if run is None:
        return None
    try:
        _Harvest(run).make()
    except Exception:
        logger.exception("harvest failed", run=run.pk)
        _finish(
            run, HarvestState.FAILED, "It failed for a reason that the program does not know.", again=True
        )
    run.refresh_from_db()
    return run


@transaction.atomic
def _claim(source_pk: int, by: User | None) -> HarvestRun | None:
    source = HarvestSource.objects.select_for_update().get(pk=source_pk)
    if source.runs.filter(state=HarvestState.RUNNING).exists():
        return None
    if by is None and (not source.is_active or source.next_at > timezone.now()):
        return None
    return HarvestRun.objects.create(source=source, asked_by=by, started_at=clock.now())


@transaction.atomic
def _finish(run: HarvestRun, state: HarvestState, summary: str, *, again: bool) -> None:
    """Keep how a harvest ended and set when the source is harvested next, soon where `again`."""
    source = HarvestSource.objects.select_for_update().get(pk=run.source_id)
    run = HarvestRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.state != HarvestState.RUNNING:
        return
    run.state, run.finished_at, run.summary = state, max(clock.now(), run.started_at), summary[:500]
    run.save(update_fields=["state", "finished_at", "summary"])
    now = timezone.now()
    source.tries = source.tries + 1 if again else 0
    if again and source.tries < TRIES:
        source.next_at = now + TRIED_AGAIN_AFTER * 2 ** (source.tries - 1)
    else:
        source.next_at = next_time(HarvestSchedule(source.schedule), now)
        source.tries = 0
        if state is HarvestState.DONE:
            source.told_at = None
        elif source.told_at is None:
            source.told_at = run.finished_at
            _tell(source, summary)
    source.save(update_fields=["tries", "next_at", "told_at"])
    AuditEvent.record(
        "harvest_ended", target=source, by=run.asked_by, after={"state": state.value, "summary": summary}
    )


def _tell(source: HarvestSource, why: str) -> None:
    """Write to who set the source up that it cannot be harvested, once until it can be again."""
    person = source.created_by
    send_letter(
        "harvest_failed",
        to=person.email,
        person=person,
        kind=MessageKind.NOTICE,
        source=source,
        why=why,
    )


class _Harvest:
    """One harvest: what it asks, what it makes of the answers, what it notes."""

    def __init__(self, run: HarvestRun):
        self.run, self.source = run, run.source
        self.today = clock.today()
        credential = self.source.sealed_credential
        self.client = Client(
            self.source.address, unseal(credential, purpose=PURPOSE) if credential else "", LIMITS
        )
        self.libraries = libraries_of(self.source.owner, self.today)
        self.matcher = matcher_of_members(self.libraries, self.today)
        self.found: Counter[str] = Counter()
        self.failures: list[HarvestFailed] = []

    def make(self) -> None:
        """Ask, draft and note, until everything is read or nobody answers any more."""
        read = 0
        try:
            status = self.client.status()
            members = self.client.members()
            self._note_members(members.libraries)
            months = [
                month
                for month in months_to_harvest(self.libraries, self.today)
                if status.ready_through is None or month <= status.ready_through
            ]
        except HarvestFailed as failed:
            self._fail(None, failed)
            months = []
        for month in months:
            try:
                answer = self.client.counts(month)
            except HarvestFailed as failed:
                self._fail(month, failed)
                if failed.is_gone:
                    break
                continue
            read += 1
            self._take_over(answer)
        self._end(read, len(months))

    def _end(self, read: int, asked: int) -> None:
        again = any(failed.may_pass for failed in self.failures)
        if not self.failures:
            state = HarvestState.DONE
        else:
            state = HarvestState.PARTLY if read else HarvestState.FAILED
        said = [f"{number} {what}" for what, number in self.found.items()]
        words = [f"{read} of {asked} months were read." if asked else "", ", ".join(said)]
        words[-1] += "." if said and self.failures else ""
        words += [str(self.failures[0])] if self.failures else []
        if not self.failures and not asked:
            words = ["No month is open to a harvest today."]
        _finish(self.run, state, " ".join(filter(None, words)), again=again)

    # What is noted

    def _note(
        self,
        outcome: HarvestOutcome,
        words: str,
        library: Library | None = None,
        month: date | None = None,
    ) -> None:
        HarvestLine.objects.create(
            run=self.run, at=clock.now(), outcome=outcome, library=library, month=month, words=words
        )

    def _fail(self, month: date | None, failed: HarvestFailed) -> None:
        self.failures.append(failed)
        self._note(HarvestOutcome.FAILED, str(failed), None, month)

    def _note_members(self, keys: Sequence[str]) -> None:
        own = {library.key: library for library in self.libraries}
        for key, library in own.items():
            if key not in keys:
                self._note(HarvestOutcome.EXCEPTION, "The source does not name this library.", library)
        if strangers := sorted(set(keys) - own.keys()):
            self._note(
                HarvestOutcome.NOT_TAKEN,
                f"The source offers counts of {', '.join(strangers)}, not of {self.source.owner} today. They "
                "are left out.",
            )
        self._note(HarvestOutcome.ASKED, f"The source offers the counts of {len(keys)} libraries.")

    # What is made of an answer

    def _take_over(self, answer: Month) -> None:
        own = {library.key: library for library in self.libraries}
        usable = []
        for member in answer.members:
            library = own.get(member.library)
            if library is None:
                continue
            if member.exceptions:
                said = "; ".join(f"{each} {each.code.consequence}" for each in member.exceptions)
                self._note(HarvestOutcome.EXCEPTION, said, library, answer.month)
                self.found["without counts"] += 1
            elif asked := self._labels_asked(member):
                self._note(HarvestOutcome.NOT_TAKEN, asked, library, answer.month)
                self.found["not taken over"] += 1
            else:
                usable.append(member)
        given = {member.library for member in answer.members}
        for key in sorted(own.keys() - given):
            self._note(HarvestOutcome.EXCEPTION, "The answer does not name it.", own[key], answer.month)
        file = _as_file(answer.month, usable)
        labels = read_labels(file, self.matcher)
        previews = preview_members(file, labels, self.source.owner, self.today)
        self._save_each(previews, answer.month, {member.library for member in usable})

    def _labels_asked(self, member: MemberMonth) -> str:
        """Return, in a sentence, which labels of a member nobody can tell; empty where there are none."""
        asked = [home for home, _ in member.counts if self._is_asked(home)]
        if not asked:
            return ""
        shown = [f"“{home}”" for home in asked if not self._is_private(home)][:10]
        hidden = len(asked) - len(shown)
        named = ", ".join(shown) + (f"{' and ' if shown else ''}{hidden} not shown here" if hidden else "")
        return (
            f"It is not known which home library is meant by {named}. Nothing of this month was taken over. "
            "Have the source send FSCS keys, or upload a file with these labels once and say what they mean; "
            "it is remembered."
        )

    def _is_asked(self, home: str) -> bool:
        return self.matcher.match(home).is_asked

    def _is_private(self, home: str) -> bool:
        return may_be_private(home) or self.matcher.may_be_a_person(home)

    def _save_each(
        self,
        previews: Iterable[MemberPreview],
        month: date,
        keys: set[str],
    ) -> None:
        seen = set()
        for preview in previews:
            seen.add(preview.library.key)
            if why := preview.refused or " ".join(f"{each.why}. {each.cure}" for each in preview.problems):
                self._note(HarvestOutcome.NOT_TAKEN, why, preview.library, month)
                self.found["not taken over"] += 1
                continue
            for each in preview.periods:
                self._save(preview, each, month)
        for key in sorted(keys - seen):
            library = next(library for library in self.libraries if library.key == key)
            self._save_none(library, month)

    def _save_none(self, library: Library, month: date) -> None:
        """A member that lent nothing in a month is told by no row, which clears what was harvested before."""
        for own in periods_of_libraries([library], self.today)[library.pk]:
            if own.record and own.covers.overlaps(Span.of_month(month)):
                self._save(None, PeriodPreview(own, [month], {}, [], 0, 0), month)

    def _save(self, preview: MemberPreview | None, each: PeriodPreview, month: date) -> None:
        own, library = each.own, each.own.library
        counts = {
            home: loans for (home, of), loans in each.counts.items() if of == month and type(loans) is int
        }
        signed = _signed(own)
        if signed is not None:
            by_month = signed[0].basis == FilingBasis.BY_MONTH
            if differing := difference_on_record(signed[0], month, counts) if by_month else 0:
                words = (
                    f"Its filing is {signed[1]} and was not touched. The source now gives other counts for "
                    f"{differing} home {'library' if differing == 1 else 'libraries'}."
                )
                self._note(HarvestOutcome.SIGNED, words, library, month)
                self.found["signed and different"] += 1
            else:
                self.found["signed and the same"] += 1
            return
        if each.refused or own.record is None:
            self._note(HarvestOutcome.NOT_TAKEN, each.refused or "Its period has not opened.", library, month)
            self.found["not taken over"] += 1
            return
        try:
            saved = save_harvested(
                run=self.run,
                library=library,
                period=own.record,
                month=month,
                counts=counts,
                at=clock.now(),
            )
        except FilingRefused as refused:
            self._note(HarvestOutcome.NOT_TAKEN, str(refused), library, month)
            self.found["not taken over"] += 1
            return
        if saved.outcome is None:
            self.found["unchanged"] += 1
            return
        words = f"{sum(counts.values()):,} loans on cards of {len(counts)} home libraries."
        words += f" {saved.changed} cells were set." if saved.outcome is not HarvestOutcome.DRAFTED else ""
        if saved.kept:
            words += (
                f" {saved.kept} cells say what a person typed and stayed; the filing’s page shows what the "
                "source gives."
            )
        for reason, loans in preview.left_out if preview else ():
            words += f" {loans:,} loans were left out: {reason}"
        self._note(saved.outcome, words, library, month)
        self.found[{HarvestOutcome.DRAFTED: "drafts begun"}.get(saved.outcome, "drafts changed")] += 1


def months_to_harvest(libraries: Sequence[Library], today: date) -> list[date]:
    """Return the whole months, by first day, of periods that some library can still enter or amend."""
    months = {
        month
        for periods in periods_of_libraries(libraries, today).values()
        for own in periods
        if own.record and not own.is_closed
        for month in own.covers.months()
        if Span.of_month(month).last_day < today
    }
    return sorted(months)[-MOST_MONTHS:]


def _as_file(month: date, members: Iterable[MemberMonth]) -> MembersFile:
    """Return the counts of members as an upload would have them, so that the same checks read them."""
    file = MembersFile()
    for member in members:
        for home, loans in member.counts:
            file.counts[member.library, home, month] = loans
            for label in (member.library, home):
                file.lines.setdefault(label, 0)
    return file


def _signed(own: PeriodOfLibrary) -> tuple[Filing, str] | None:
    """Return the filing of a period that the harvest must not touch, and its state in words."""
    if own.working is None:
        return (own.standing, "certified") if own.standing else None
    if own.working.may_be_edited:
        return None
    return own.working, own.working.status_label.lower()
