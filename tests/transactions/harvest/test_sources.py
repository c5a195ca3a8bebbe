"""Who keeps sources, and what their pages show."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction

from connecticard import clock, sealed
from connecticard.models import AuditEvent, Role
from tests.factories import make_consortium, make_signed_in_client, make_user
from tests.page_text import text
from transactions import tasks
from transactions.harvest import harvester, sources
from transactions.models import Filing, HarvestedMonth, HarvestRun, HarvestSchedule, HarvestSource

pytestmark = pytest.mark.django_db

SAID = {
    "name": "Sound ILS",
    "address": "https://ils.example.org/harvest",
    "credential": "secret-words",
    "schedule": "weekly",
}


@pytest.fixture
def client(consortium):
    return make_signed_in_client(Role.CONSORTIUM_FILER, consortium=consortium)


def test_a_consortium_filer_adds_a_source_and_its_credential_is_never_shown(client, consortium):
    answer = client.post("/harvest/new/", SAID | {"owner": f"consortium-{consortium.pk}"}, follow=True)

    source = HarvestSource.objects.get()
    assert (source.consortium, source.schedule, source.created_by) == (consortium, "weekly", client.user)
    assert source.next_at.astimezone(clock.EASTERN).weekday() == 0
    for page in (answer, client.get(f"/harvest/{source.pk}/change/"), client.get("/harvest/")):
        assert "secret-words" not in page.content.decode()
    assert "secret-words" not in str(list(AuditEvent.objects.values_list("before", "after")))


def test_in_production_the_credential_is_encrypted(settings, client, consortium):
    settings.PRODUCTION = True

    client.post("/harvest/new/", SAID | {"owner": f"consortium-{consortium.pk}"})

    kept = HarvestSource.objects.get().sealed_credential
    assert "secret-words" not in kept
    assert sealed.unseal(kept, purpose=harvester.PURPOSE) == "secret-words"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://10.0.0.8/harvest", "private network"),
        ("https://a:b@ils.example.org/", "Leave name and password out"),
        ("ils.example.org", "Begin it with https://"),
        ("https://ils.example.org/harvest?key=1", "Leave out what comes from ?"),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused_when_it_is_entered(client, consortium, address, why):
    answer = client.post("/harvest/new/", SAID | {"owner": f"consortium-{consortium.pk}", "address": address})

    assert (answer.status_code, why in text(answer)) == (422, True)
    assert not HarvestSource.objects.exists()


def test_a_credential_is_not_sent_to_another_address_than_it_was_entered_for(client, source):
    moved = SAID | {"address": "https://elsewhere.example.org/", "credential": ""}

    answer = client.post(f"/harvest/{source.pk}/change/", moved)

    assert "Enter the credential again" in text(answer)
    source.refresh_from_db()
    assert source.address != moved["address"]


def test_nobody_keeps_the_source_of_another_consortium(source):
    other = make_signed_in_client(Role.CONSORTIUM_FILER, consortium=make_consortium())

    for act in ("", "change/"):
        assert other.get(f"/harvest/{source.pk}/{act}").status_code == 404
    for act in ("change/", "now/", "pause/"):
        assert other.post(f"/harvest/{source.pk}/{act}", SAID).status_code == 404
    assert "Sound ILS" not in text(other.get("/harvest/"))
    with pytest.raises(PermissionDenied):
        sources.pause_source(source=source, by=other.user, at=clock.now())


def test_an_auditor_sees_sources_and_keeps_none(source):
    auditor = make_signed_in_client(Role.AUDITOR)

    assert "Harvest now" not in text(auditor.get(f"/harvest/{source.pk}/"))
    assert auditor.post(f"/harvest/{source.pk}/now/").status_code == 403


def test_staff_keep_a_source_of_one_library(members):
    staff = make_signed_in_client(Role.STATE_STAFF)

    staff.post("/harvest/new/", SAID | {"owner": f"library-{members[0].pk}"})

    assert HarvestSource.objects.get().owner == members[0]


def test_a_source_is_paused_resumed_and_harvested_by_hand(
    client, source, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(tasks.harvest_source, "delay", tasks.harvest_source)

    assert "is paused" in text(client.post(f"/harvest/{source.pk}/pause/", follow=True))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/harvest/{source.pk}/now/")
    shown = text(client.get(f"/harvest/{source.pk}/"))
    client.post(f"/harvest/{source.pk}/pause/", {"resume": "1"})

    assert "2 of 2 months were read. 2 drafts begun, 2 drafts changed" in shown
    assert "New draft Avon Library Mar 2026 10 loans on cards of 2 home libraries." in shown
    assert "on record, not shown" in shown
    source.refresh_from_db()
    assert source.is_active
    events = AuditEvent.objects.filter(target_type="transactions.harvestsource").order_by("pk")
    assert list(events.values_list("action", flat=True)) == [
        "harvest_source_paused",
        "harvest_asked_for",
        "harvest_ended",
        "harvest_source_resumed",
    ]


def test_filer_and_director_see_where_counts_are_from(client, source, members):
    harvester.harvest(source.pk)
    filing = Filing.objects.get(library=members[0])
    director = make_signed_in_client(Role.LIBRARY_CERTIFIER, members[0])

    for page in (
        client.get(f"/filings/{filing.pk}/"),
        client.get(f"/filings/{filing.pk}/enter/"),
        director.get(f"/filings/{filing.pk}/"),
    ):
        assert "March 2026: harvested from Sound ILS on May 20, 2026" in text(page)


def test_the_filer_takes_what_the_source_gives_instead_of_what_was_typed(client, source, members):
    harvester.harvest(source.pk)
    filing = Filing.objects.get(library=members[0])
    filing.loan_counts.filter(home_library=members[1], month="2026-03-01").update(loans=2)

    page = text(client.get(f"/filings/{filing.pk}/"))
    client.post(f"/filings/{filing.pk}/harvested/", {"revision": filing.revision})

    assert "1 cell says otherwise than the source" in page
    assert filing.loan_counts.get(home_library=members[1], month="2026-03-01").loans == 6


def test_a_source_has_one_owner(source, members):
    with pytest.raises(IntegrityError, match="harvest_source_has_one_owner"), transaction.atomic():
        HarvestSource.objects.filter(pk=source.pk).update(library=members[0])


def test_one_harvest_of_a_source_runs_at_a_time(source):
    source.runs.create(started_at=clock.now())

    with pytest.raises(IntegrityError, match="one_harvest_at_a_time"), transaction.atomic():
        source.runs.create(started_at=clock.now())
    with pytest.raises(IntegrityError, match="harvest_that_ended_says_so"), transaction.atomic():
        source.runs.create(started_at=clock.now(), state="done")


def test_a_pause_says_since_when_and_by_whom(source):
    with pytest.raises(IntegrityError, match="harvest_pause_is_whole"), transaction.atomic():
        HarvestSource.objects.filter(pk=source.pk).update(paused_at=clock.now())


def test_what_a_harvest_did_stays_on_record(source):
    run = harvester.harvest(source.pk)

    for change in (
        lambda: run.lines.update(words="x"),
        lambda: run.lines.all()._raw_delete("default"),
        lambda: HarvestRun.objects.filter(pk=run.pk).update(summary="x"),
        lambda: HarvestRun.objects.filter(pk=run.pk)._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match=r"Cannot [a-z ]+ rows"), transaction.atomic():
            change()


def test_a_month_is_harvested_once_for_a_filing_and_each_home_library_counted_once(source, members):
    harvester.harvest(source.pk)
    month = HarvestedMonth.objects.filter(filing__library=members[0]).earliest("month")

    def again(**values):
        return month.filing.harvested_months.create(
            **{"month": month.month, "run": month.run, "harvested_at": clock.now()} | values
        )

    with pytest.raises(IntegrityError, match="one_harvest_of_a_month"), transaction.atomic():
        again()
    with pytest.raises(IntegrityError, match="harvested_month_is_its_first_day"), transaction.atomic():
        again(month=month.month.replace(day=2))
    with pytest.raises(IntegrityError, match="one_harvested_count_of_a_home_library"), transaction.atomic():
        month.counts.create(home_library=members[1], loans=1)


def test_only_who_may_adds_a_source_for_an_owner(consortium):
    with pytest.raises(PermissionDenied):
        sources.add_source(
            owner=consortium,
            name="x",
            address=SAID["address"],
            credential="",
            schedule=HarvestSchedule.DAILY,
            by=make_user(Role.AUDITOR),
            at=clock.now(),
        )
