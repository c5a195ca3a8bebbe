from enum import StrEnum

import pgtrigger
from django.db import models
from django.db.models import Q

from connecticard.constraints import ChangedWhile, paired
from connecticard.models import User
from libraries.models import Consortium, Library
from transactions.models.filing import Filing


class HarvestSchedule(StrEnum):
    """How often a source is harvested."""

    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def label(self) -> str:
        """The schedule in words."""
        return {
            HarvestSchedule.DAILY: "Every night",
            HarvestSchedule.WEEKLY: "In the night to Monday",
        }[self]


class HarvestSource(models.Model):
    """A system that offers monthly counts for the members of a consortium, or for one library.

    The credential is kept sealed (connecticard.sealed). `tries` counts harvests in a row that could not be
    made; `next_at` is when it is harvested next, whatever the day of a demonstration.
    """

    name = models.CharField(max_length=80)
    consortium = models.ForeignKey(
        Consortium, on_delete=models.PROTECT, null=True, related_name="harvest_sources"
    )
    library = models.ForeignKey(Library, on_delete=models.PROTECT, null=True, related_name="harvest_sources")
    address = models.CharField("where it is asked", max_length=400)
    sealed_credential = models.TextField(blank=True)
    schedule = models.CharField(
        max_length=8,
        choices=[(item.value, item.label) for item in HarvestSchedule],
        default=HarvestSchedule.DAILY,
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    next_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField("when its person was told that it cannot be harvested", null=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="harvest_source_has_one_owner",
                condition=Q(consortium__isnull=False, library__isnull=True)
                | Q(consortium__isnull=True, library__isnull=False),
            ),
            paired("harvest_pause_is_whole", "paused_at", "paused_by"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def owner(self) -> Consortium | Library:
        """The consortium or library whose counts it offers."""
        owner = self.consortium or self.library
        assert owner is not None, "a source has one owner"
        return owner

    @property
    def is_active(self) -> bool:
        """Whether it is harvested by the schedule."""
        return self.paused_at is None

    @property
    def schedule_label(self) -> str:
        """How often it is harvested, in words."""
        return HarvestSchedule(self.schedule).label


class HarvestState(StrEnum):
    """How a harvest ended. DONE: everything was read. PARTLY: some of it; FAILED: nothing."""

    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """The state in words."""
        return {
            HarvestState.RUNNING: "Under way",
            HarvestState.DONE: "Done",
            HarvestState.PARTLY: "Done in part",
            HarvestState.FAILED: "Failed",
        }[self]


class HarvestRun(models.Model):
    """One harvest of one source: from the first question to the last draft. `asked_by` None: the schedule."""

    source = models.ForeignKey(HarvestSource, on_delete=models.PROTECT, related_name="runs")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=8,
        choices=[(item.value, item.label) for item in HarvestState],
        default=HarvestState.RUNNING,
    )
    summary = models.CharField("what became of it", max_length=500, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"], name="one_harvest_at_a_time", condition=Q(state=HarvestState.RUNNING)
            ),
            models.CheckConstraint(
                name="harvest_that_ended_says_so",
                condition=Q(state=HarvestState.RUNNING, finished_at__isnull=True)
                | ~Q(state=HarvestState.RUNNING) & Q(finished_at__isnull=False) & ~Q(summary=""),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="harvest_run_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="ended_harvest_stays",
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__finished_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"Harvest of {self.source}, {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def state_label(self) -> str:
        """The state in words."""
        return HarvestState(self.state).label


class HarvestOutcome(StrEnum):
    """What one line of the log tells."""

    ASKED = "asked"
    FAILED = "failed"
    DRAFTED = "drafted"
    CHANGED = "changed"
    KEPT = "kept"
    SIGNED = "signed"
    EXCEPTION = "exception"
    NOT_TAKEN = "not_taken"

    @property
    def label(self) -> str:
        """What happened, in a word or two."""
        return {
            HarvestOutcome.ASKED: "Asked",
            HarvestOutcome.FAILED: "Failed",
            HarvestOutcome.DRAFTED: "New draft",
            HarvestOutcome.CHANGED: "Draft changed",
            HarvestOutcome.KEPT: "Typed counts kept",
            HarvestOutcome.SIGNED: "Not touched",
            HarvestOutcome.EXCEPTION: "No counts",
            HarvestOutcome.NOT_TAKEN: "Not taken over",
        }[self]

    @property
    def status(self) -> str:
        """The word by which the stylesheet colours it."""
        return {
            HarvestOutcome.ASKED: "draft",
            HarvestOutcome.FAILED: "late",
            HarvestOutcome.DRAFTED: "met",
            HarvestOutcome.CHANGED: "met",
            HarvestOutcome.KEPT: "due",
            HarvestOutcome.SIGNED: "submitted",
            HarvestOutcome.EXCEPTION: "due",
            HarvestOutcome.NOT_TAKEN: "due",
        }[self]


class HarvestLine(models.Model):
    """One thing that happened in a harvest, to one library and month where it concerns one."""

    run = models.ForeignKey(HarvestRun, on_delete=models.PROTECT, related_name="lines")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=[(item.value, item.label) for item in HarvestOutcome])
    library = models.ForeignKey(Library, on_delete=models.PROTECT, null=True, related_name="+")
    month = models.DateField(null=True)
    words = models.TextField()

    class Meta:
        ordering = ["pk"]
        triggers = [
            pgtrigger.Protect(name="harvest_line_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def outcome_label(self) -> str:
        """What happened, in a word or two."""
        return HarvestOutcome(self.outcome).label

    @property
    def status(self) -> str:
        """The word by which the stylesheet colours it."""
        return HarvestOutcome(self.outcome).status


class HarvestedMonth(models.Model):
    """A month of a filing for which a source gave counts, as it gave them last.

    It is what tells counts that a person typed from counts that were harvested.
    """

    filing = models.ForeignKey(Filing, on_delete=models.CASCADE, related_name="harvested_months")
    month = models.DateField()
    run = models.ForeignKey(HarvestRun, on_delete=models.PROTECT, related_name="harvested_months")
    harvested_at = models.DateTimeField()

    class Meta:
        ordering = ["month"]
        constraints = [
            models.UniqueConstraint(fields=["filing", "month"], name="one_harvest_of_a_month"),
            models.CheckConstraint(name="harvested_month_is_its_first_day", condition=Q(month__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.month:%B %Y} of {self.filing}"


class HarvestedCount(models.Model):
    """Units that a source gave for one home library in a month; none is kept for what it did not name."""

    harvested_month = models.ForeignKey(
        HarvestedMonth, on_delete=models.CASCADE, related_name="counts", db_index=False
    )
    home_library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", db_index=False)
    loans = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["harvested_month", "home_library"], name="one_harvested_count_of_a_home_library"
            ),
        ]
