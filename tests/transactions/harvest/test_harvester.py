"""What a harvest makes of good and of bad servers: drafts right, the log clear, nothing half."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from connecticard import clock
from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Message, Role
from tests.factories import make_filing, make_user
from transactions import services, tasks
from transactions.harvest import harvester
from transactions.models import (
    Filing,
    FilingPeriod,
    HarvestedMonth,
    HarvestLine,
    HarvestRun,
    HarvestSchedule,
    HarvestState,
    LoanCount,
)
from transactions.services.harvested import take_harvested, typed_otherwise

pytestmark = pytest.mark.django_db

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
AT = datetime(2026, 5, 20, 9, tzinfo=EASTERN)
WHOLE = {
    ("CT0001", "CT0002", "2026-03", 6),
    ("CT0001", "CT0003", "2026-03", 4),
    ("CT0001", "CT0002", "2026-04", 7),
    ("CT0002", "CT0001", "2026-03", 3),
    ("CT0002", "CT0001", "2026-04", 2),
    ("CT0002", "CT0003", "2026-04", 9),
}


def harvested(source, by=None):
    source.__class__.objects.filter(pk=source.pk).update(next_at=timezone.now() - timedelta(minutes=1))
    run = harvester.harvest(source.pk, by=by)
    source.refresh_from_db()
    return run


def drafts():
    rows = LoanCount.objects.values_list("filing__library__key", "home_library__key", "month", "loans")
    return {(lender, home, f"{month:%Y-%m}", loans) for lender, home, month, loans in rows}


def log(run):
    return [(line.outcome, line.library and line.library.key, line.words) for line in run.lines.all()]


def words(run):
    return " ".join(line.words for line in run.lines.all())


def of_march(rows):
    return {row for row in rows if row[2] == "2026-03"}


def test_counts_become_drafts_that_say_where_they_are_from(source):
    run = harvested(source)

    assert (run.state, drafts()) == (HarvestState.DONE, WHOLE)
    assert set(Filing.objects.values_list("status", "created_by")) == {("draft", None)}
    assert HarvestedMonth.objects.filter(run=run).count() == 4
    assert run.summary == "2 of 2 months were read. 2 drafts begun, 2 drafts changed"
    assert "10 loans on cards of 2 home libraries." in words(run)
    assert AuditEvent.objects.filter(action="counts_harvested").count() == 4


def test_the_same_months_again_change_nothing(source):
    harvested(source)
    before = list(Filing.objects.values_list("pk", "revision", "saved_at"))
    events = AuditEvent.objects.count()

    run = harvested(source)

    assert (run.state, run.summary) == (HarvestState.DONE, "2 of 2 months were read. 4 unchanged")
    assert [line.outcome for line in run.lines.all()] == ["asked"]
    assert list(Filing.objects.values_list("pk", "revision", "saved_at")) == before
    assert AuditEvent.objects.count() == events + 1  # that the harvest ended


def test_changed_counts_change_the_draft_alone(source, counts):
    harvested(source)
    counts["CT0001"]["2026-03"] = {"CT0002": 8}

    run = harvested(source)

    expected = {row for row in WHOLE if row[:3] not in {("CT0001", "CT0002", "2026-03")} and row[3] != 4}
    assert drafts() == expected | {("CT0001", "CT0002", "2026-03", 8)}
    assert [line.library.key for line in run.lines.filter(outcome="changed")] == ["CT0001"]


def test_a_member_that_lent_nothing_has_no_cells(source, counts):
    harvested(source)
    counts["CT0002"]["2026-04"] = {}

    harvested(source)

    assert drafts() == {row for row in WHOLE if (row[0], row[2]) != ("CT0002", "2026-04")}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("slow", "was not complete within 0.5 seconds"),
        ("short", "bytes of what it announced are missing"),
        ("long", "is not JSON, or not all of it came"),
        ("huge", "is larger than 20,000 bytes"),
        ("html", "is of the type text/html, not application/json"),
        ("redirect", "leads to a private network"),
        ("repeat", "month is 2026-03, and 2026-04 was asked for"),
        ("twice", "names a library twice"),
        ("die", "bytes of what it announced are missing"),
        ("busy", "The service is busy. (code 1010) “Nightly reports are running.”"),
    ],
)
def test_a_bad_answer_for_one_month_leaves_the_others_right(source, server, fault, said):
    server.faults["2026-04"] = fault

    run = harvested(source)

    assert (run.state, drafts()) == (HarvestState.PARTLY, of_march(WHOLE))
    failed = run.lines.get(outcome="failed")
    assert (failed.month, said in failed.words) == (APRIL, True), failed.words
    assert "1 of 2 months were read." in run.summary

    server.faults.clear()

    assert harvested(source).state == HarvestState.DONE
    assert drafts() == WHOLE


@pytest.mark.parametrize("fault", ["html", "short", "redirect", "denied", "busy"])
def test_a_bad_server_leaves_no_draft(source, server, fault):
    server.faults["*"] = fault

    run = harvested(source)

    assert (run.state, drafts(), Filing.objects.count()) == (HarvestState.FAILED, set(), 0)
    assert run.lines.get(outcome="failed").words in run.summary


def test_nobody_there_is_said_and_the_rest_is_not_asked(source, server):
    server.shutdown()  # who waits on a socket that is closed still takes a caller
    server.server_close()

    run = harvested(source)

    assert "cannot be reached: Connection refused" in run.summary
    assert run.state == HarvestState.FAILED


def test_what_fails_is_tried_again_later_each_time_and_then_told_once(source, server):
    server.faults["*"] = "busy"
    waits = []
    for _ in range(harvester.TRIES + 1):
        harvested(source)
        waits.append(round((source.next_at - timezone.now()).total_seconds() / 60))

    assert waits[:6] == [10, 20, 40, 80, 160, 320]
    assert source.next_at > timezone.now()
    assert [message.subject for message in Message.objects.all()] == ["Sound ILS cannot be harvested"]

    server.faults.clear()
    harvested(source)

    assert (source.tries, source.told_at) == (0, None)


def test_a_credential_that_is_not_accepted_waits_for_a_person(source, server):
    server.credential = "another"

    run = harvested(source)

    assert "The credential is not accepted" in run.summary
    assert (source.tries, Message.objects.count()) == (0, 1)
    assert "of-the-consortium" not in words(run) + run.summary


def test_one_failing_source_never_stops_the_others(source, members, filer, server, monkeypatch):
    bad = source.__class__.objects.get(pk=source.pk)
    bad.pk, bad.name, bad.address = None, "Gone", "http://127.0.0.1:1/harvest"
    bad.save()
    monkeypatch.setattr(tasks.harvest_source, "delay", tasks.harvest_source)

    tasks.harvest_what_is_due()

    states = dict(HarvestRun.objects.values_list("source__name", "state"))
    assert states == {"Gone": "failed", "Sound ILS": "done"}
    assert drafts() == WHOLE
    assert harvester.sources_due() == []


def test_a_source_is_harvested_once_at_a_time_and_a_killed_harvest_is_ended(source):
    run = HarvestRun.objects.create(source=source, started_at=clock.now() - timedelta(hours=1))

    assert harvester.harvest(source.pk) is None
    assert harvester.sources_due() == []

    run.refresh_from_db()
    assert (run.state, run.summary) == ("failed", "The program was stopped while it harvested.")


def test_a_paused_source_is_harvested_by_hand_alone(source, filer):
    source.paused_at, source.paused_by = AT, filer
    source.save()

    assert harvester.sources_due() == []
    assert harvester.harvest(source.pk) is None
    assert harvester.harvest(source.pk, by=filer).state == HarvestState.DONE


@pytest.mark.parametrize(
    ("code", "said"),
    [(3030, "not the same as zero"), (3031, "not closed yet"), (3040, "Counts are missing"), (2010, "known")],
)
def test_an_exception_of_one_member_is_said_and_drafts_nothing_of_it(source, server, code, said):
    server.exceptions["CT0001", "2026-04"] = code

    run = harvested(source)

    assert drafts() == {row for row in WHOLE if (row[0], row[2]) != ("CT0001", "2026-04")}
    line = run.lines.get(outcome="exception")
    assert (line.library.key, line.month, said in line.words) == ("CT0001", APRIL, True), line.words


def test_months_that_the_system_says_are_not_ready_are_not_asked(source, server):
    server.ready_through = "2026-03"

    harvested(source)

    assert drafts() == of_march(WHOLE)
    assert server.asked[-1] == "/harvest/counts?month=2026-03"


def test_a_label_that_nobody_knows_stops_that_month_of_that_member(source, counts):
    counts["CT0001"]["2026-04"] = {"CT0002": 7, "Branch of Nowhere Library": 3, "Doe, Jane": 1}

    run = harvested(source)

    assert drafts() == {row for row in WHOLE if (row[0], row[2]) != ("CT0001", "2026-04")}
    line = run.lines.get(outcome="not_taken")
    assert "“Branch of Nowhere Library” and 1 not shown here" in line.words
    assert "Jane" not in line.words


def test_loans_to_the_own_town_are_left_out_and_said(source, counts):
    counts["CT0001"]["2026-04"] = {"CT0002": 7, "CT0001": 50}

    run = harvested(source)

    assert drafts() == WHOLE
    assert "50 loans were left out" in words(run)


def test_others_than_members_are_left_out_and_a_member_that_is_missing_is_said(source, counts):
    counts["CT0003"] = {"2026-03": {"CT0001": 5}}
    del counts["CT0002"]

    run = harvested(source)

    assert drafts() == {row for row in WHOLE if row[0] == "CT0001"}
    assert "CT0003, not of Sound Libraries today" in words(run)
    assert ("exception", "CT0002", "The source does not name this library.") in log(run)


@pytest.mark.parametrize("status", ["submitted", "certified"])
def test_a_signed_filing_is_never_touched_but_said(source, members, status, counts):
    harvested(source)
    filing, person = Filing.objects.get(library=members[0]), make_user()
    filing.status = status
    filing.submitted_at = filing.first_submitted_at = AT
    filing.submitted_by, filing.sha256 = person, "0" * 64
    if status == "certified":
        filing.certified_at, filing.certified_by, filing.attestation = AT, person, "True."
    filing.save()
    counts["CT0001"]["2026-03"]["CT0002"] = 60
    counts["CT0002"]["2026-03"]["CT0001"] = 4

    run = harvested(source)

    assert drafts() == WHOLE - {("CT0002", "CT0001", "2026-03", 3)} | {("CT0002", "CT0001", "2026-03", 4)}
    line = run.lines.get(outcome="signed")
    assert (line.library.key, line.month) == ("CT0001", MARCH)
    assert f"is {status}" in line.words
    assert "other counts for 1 home library" in line.words


def test_what_a_person_typed_stays_and_is_shown_beside_what_the_source_gives(source, members, filer, counts):
    harvested(source)
    avon, bethel = members
    filing = Filing.objects.get(library=avon)
    services.save_counts(
        filing=filing, counts={(bethel.pk, MARCH): 5}, by=filer, at=AT, expected=filing.revision
    )
    counts["CT0001"]["2026-03"] = {"CT0002": 9, "CT0003": 1}

    run = harvested(source)

    assert {row for row in drafts() if row[0] == "CT0001" and row[2] == "2026-03"} == {
        ("CT0001", "CT0002", "2026-03", 5),
        ("CT0001", "CT0003", "2026-03", 1),
    }
    assert "1 cells say what a person typed" in words(run)
    filing.refresh_from_db()
    assert [(cell.home, cell.typed, cell.harvested) for cell in typed_otherwise(filing)] == [(bethel, 5, 9)]

    take_harvested(filing=filing, by=filer, at=AT, expected=filing.revision)

    assert typed_otherwise(filing) == []
    assert ("CT0001", "CT0002", "2026-03", 9) in drafts()


def test_a_count_typed_before_any_harvest_stays(source, members, filer):
    avon, bethel = members
    filing = make_filing(avon, FilingPeriod.objects.get())
    services.save_counts(filing=filing, counts={(bethel.pk, MARCH): 1}, by=filer, at=AT, expected=0)

    harvested(source)

    assert ("CT0001", "CT0002", "2026-03", 1) in drafts()
    assert ("CT0001", "CT0003", "2026-03", 4) in drafts()


def test_a_zero_return_stays_one(source, members):
    make_filing(members[0], FilingPeriod.objects.get(), nothing_lent=True)

    harvested(source)

    assert drafts() == {row for row in WHOLE if row[0] == "CT0002"}


def test_only_who_files_for_the_library_takes_the_harvested_counts(source, members):
    harvested(source)
    filing = Filing.objects.get(library=members[0])

    with pytest.raises(Exception, match="You may not"):
        take_harvested(filing=filing, by=make_user(Role.STATE_STAFF), at=AT, expected=filing.revision)


def test_the_log_and_an_ended_harvest_stay_as_they_are(source):
    run = harvested(source)

    for change in (
        lambda: HarvestLine.objects.update(words="nothing"),
        lambda: HarvestLine.objects.all().delete(),
        lambda: HarvestRun.objects.filter(pk=run.pk).update(summary="nothing"),
        lambda: run.delete(),
    ):
        with pytest.raises(Exception, match=r"Cannot|protected|restrict"), transaction.atomic():
            change()


def test_the_schedule_gives_the_next_night_or_the_next_monday():
    wednesday = datetime(2026, 5, 20, 12, tzinfo=UTC)

    assert harvester.next_time(HarvestSchedule.DAILY, wednesday).isoformat() == "2026-05-21T05:15:00-04:00"
    assert harvester.next_time(HarvestSchedule.WEEKLY, wednesday).isoformat() == "2026-05-25T05:15:00-04:00"
