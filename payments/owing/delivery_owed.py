"""Which sites of deliverIT CT owe their counts of a quarter, and how each stands."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse

from connecticard.permissions import Action
from libraries.models import DeliverySite, Library
from payments.rules.delivery_owing import DeliveryState, delivery_state, is_late, quarters_asked_for
from transactions.delivery.reported import SiteReport, reports_of
from transactions.rules._wording import written_day, written_month
from transactions.rules.delivery_quarters import Quarter, due_entry
from transactions.rules.delivery_volume import missing_months

_TAGS = {
    DeliveryState.TO_COME: "open",
    DeliveryState.NOT_STARTED: "due",
    DeliveryState.DRAFT: "draft",
    DeliveryState.PARTIAL: "returned",
    DeliveryState.SUBMITTED: "submitted",
}
_WORDS = {
    DeliveryState.TO_COME: "Quarter not over",
    DeliveryState.NOT_STARTED: "Due",
    DeliveryState.DRAFT: "Draft",
    DeliveryState.PARTIAL: "Submitted, partial",
    DeliveryState.SUBMITTED: "Submitted",
}
_LATE = {
    DeliveryState.NOT_STARTED: "Missing",
    DeliveryState.DRAFT: "Missing, draft begun",
    DeliveryState.PARTIAL: "Submitted late, partial",
    DeliveryState.SUBMITTED: "Submitted late",
}


@dataclass(frozen=True)
class DeliveryOwed:
    """A site's report of a quarter: how it stands, and what somebody there can do next; a `ThingOwed`."""

    reported: SiteReport
    state: DeliveryState
    is_late: bool
    can_be_asked_for: bool

    @property
    def whose(self) -> DeliverySite:
        """The site that owes it."""
        return self.reported.site

    @property
    def library(self) -> Library | None:
        """The public library whose site it is; None for any other."""
        return self.reported.site.library

    @property
    def matter(self) -> str:
        """Its name for programs, of which every site and quarter has its own."""
        return f"delivery/{self.whose.key}/{self.reported.quarter.name}"

    @property
    def subject(self) -> str:
        """What is owed, with its months."""
        return f"deliverIT CT counts, {self.reported.quarter}"

    @property
    def submittable_from(self) -> date:
        """The first day on which it can be submitted: the one after the quarter."""
        return self.reported.quarter.last_day + timedelta(days=1)

    @property
    def due_on(self) -> date:
        """The day through which it is in time."""
        return self.reported.counted.due_on

    @property
    def last_day(self) -> date:
        """The same day: no waiver moves it."""
        return self.due_on

    @property
    def asked_on(self) -> date | None:
        """No earlier day: the day on which it is due is practice already."""
        return None

    @property
    def is_waived(self) -> bool:
        """Never: no law sets the day."""
        return False

    @property
    def is_partial(self) -> bool:
        """Whether it was submitted without some of the counts."""
        return self.state is DeliveryState.PARTIAL

    @property
    def is_submitted(self) -> bool:
        """Whether it was submitted, partial or not."""
        return self.reported.report is not None

    @property
    def missing(self) -> tuple[date, ...]:
        """The first days of the months of a submitted report that lack a count."""
        return tuple(self.reported.months[place] for place in missing_months(self.reported.counted))

    @property
    def missing_words(self) -> str:
        """Those months by name; empty where none lacks a count."""
        return ", ".join(map(written_month, self.missing))

    @property
    def tag(self) -> str:
        """The name of the tag that shows its state."""
        return "late" if self.is_late else _TAGS[self.state]

    @property
    def words(self) -> str:
        """Its state in words."""
        return _LATE[self.state] if self.is_late else _WORDS[self.state]

    @property
    def sentences(self) -> list[str]:
        """What is missing of it and when it is due, in plain sentences."""
        begun = self.state is DeliveryState.DRAFT
        found = [
            "A draft is begun, and it has not been submitted."
            if begun
            else "The counts of bins and loose items have not been entered.",
            f"Due {written_day(self.due_on)} ({due_entry(self.reported.quarter).citation}).",
        ]
        if self.is_late:
            found.append(
                "That day has passed; the counts are taken all the same, and no payment depends on it."
            )
        return found

    @property
    def needs(self) -> Action | None:
        """What somebody has to do with it next; None where it is submitted."""
        return None if self.is_submitted else Action.REPORT_DELIVERY

    @property
    def step(self) -> str:
        """The words for that."""
        if self.is_submitted:
            return ""
        return "Continue" if self.state is DeliveryState.DRAFT else "Enter the counts"

    @property
    def step_url(self) -> str:
        """The page on which that is done."""
        return reverse("transactions:delivery_enter", args=[self.whose.key, self.reported.quarter.name])

    @property
    def url(self) -> str:
        """The page of the report."""
        return reverse("transactions:delivery_report", args=[self.whose.key, self.reported.quarter.name])

    @property
    def home_url(self) -> str:
        """Where staff see all of who owes it: the library's home page, or the site among the others."""
        if self.library is not None:
            return reverse("payments:library_home", args=[self.library.key])
        return (
            f"{reverse('payments:delivery_overview')}?quarter={self.reported.quarter.name}&q={self.whose.key}"
        )


def owed_of_quarter(
    quarter: Quarter, today: date, *, keys: Collection[str] | None = None
) -> list[DeliveryOwed]:
    """Return how the report of each site that was served in a quarter stands, by name; submitted ones too.

    `keys` names the sites where only some are wanted.
    """
    is_asked = quarter in quarters_asked_for(today)
    return [
        DeliveryOwed(
            reported=reported,
            state=delivery_state(
                reported.counted, has_draft=reported.draft is not None, ends_on=quarter.last_day, today=today
            ),
            is_late=is_late(reported.counted, today),
            can_be_asked_for=is_asked and reported.report is None,
        )
        for reported in reports_of(quarter, keys=keys)
    ]


def deliveries_owed(today: date, *, keys: Collection[str] | None = None) -> list[DeliveryOwed]:
    """Return the reports of all quarters that are asked for on a day, of all sites; submitted ones too.

    `keys` names the sites where only some are wanted.
    """
    return [
        item for quarter in quarters_asked_for(today) for item in owed_of_quarter(quarter, today, keys=keys)
    ]


def site_of(matter: str) -> str:
    """Return the key of the site that a matter of deliveries is of; empty for any other matter."""
    kind, _, rest = matter.partition("/")
    return rest.partition("/")[0] if kind == "delivery" else ""
