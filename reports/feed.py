"""What was published, and what of it changed since: the entries of the Atom feed, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext

from connecticard.templatetags.figures import dollars
from payments.models import CorrectionStatement, PaymentRun
from reports.models import Edition

MOST_ENTRIES = 100
_BEGUN = 2026  # a tag of RFC 4151 names a year in which its authority held its name


@dataclass(frozen=True)
class Revision:
    """Something that was published or voided: when, what, what changed, and the page that shows it."""

    key: str
    at: datetime
    title: str
    words: str
    address: str


def revisions() -> list[Revision]:
    """Return what was published or voided, newest first."""
    found = [*_runs(), *_editions(), *_corrections()]
    return sorted(found, key=lambda revision: (revision.at, revision.key), reverse=True)


def atom_feed() -> str:
    """Return the feed as Atom (RFC 4287), its addresses and names those of SITE_URL."""
    site, title = settings.SITE_URL, f"{settings.PROGRAM_NAME}: what was published"
    feed = Atom1Feed(
        title=title,
        link=f"{site}/",
        description="Payment runs, editions of the annual reports and corrections, as they are published.",
        language="en-us",
        author_name="Connecticut State Library",
        feed_url=site + reverse("reports:feed"),
        feed_guid=_tag("feed"),
    )
    for revision in revisions()[:MOST_ENTRIES]:
        feed.add_item(
            title=revision.title,
            link=site + revision.address,
            description=escape(revision.words),  # a reader takes it for HTML
            unique_id=_tag(revision.key),
            pubdate=revision.at,
            updateddate=revision.at,
        )
    text: str = feed.writeString("utf-8")
    return text


def _tag(key: str) -> str:
    """Return an identifier that stays though the site should move (RFC 4151)."""
    host = settings.SITE_URL.partition("//")[2].partition(":")[0]
    return f"tag:{host},{_BEGUN}:{key}"


def _runs() -> Iterator[Revision]:
    runs = PaymentRun.objects.filter(publication__isnull=False).select_related("publication", "appropriation")
    for run in runs:
        address = reverse("payments:run_proof", args=[run.pk])
        key = f"payment-run-{run.fiscal_year}-{run.number}"
        of_run = {"fiscal_year": run.fiscal_year, "number": run.number}
        yield Revision(
            f"{key}-published",
            run.publication.published_at,
            gettext("Payments of fiscal year %(fiscal_year)s published, run %(number)s") % of_run,
            gettext("%(amount)s divided among the libraries that took part.")
            % {"amount": dollars(run.appropriation_cents)},
            address,
        )
        if run.voided_at:
            yield Revision(
                f"{key}-voided",
                run.voided_at,
                gettext("Payments of fiscal year %(fiscal_year)s, run %(number)s, void") % of_run,
                gettext("They no longer stand. %(reason)s") % {"reason": run.void_reason},
                address,
            )


def _editions() -> Iterator[Revision]:
    for edition in Edition.objects.published():
        assert edition.published_at is not None
        yield Revision(
            f"edition-{edition.fiscal_year}-{edition.number}",
            edition.published_at,
            gettext("Annual reports of fiscal year %(fiscal_year)s, edition %(number)s")
            % {"fiscal_year": edition.fiscal_year, "number": edition.number},
            edition.reason or gettext("The first edition: use, participating libraries, expenditure."),
            reverse("reports:report_year", args=[edition.fiscal_year]),
        )


def _corrections() -> Iterator[Revision]:
    statements = (
        CorrectionStatement.objects.certified()
        .filter(run__publication__isnull=False)
        .select_related("run__publication")
    )
    for statement in statements:
        run = statement.run
        assert statement.certified_at is not None
        yield Revision(
            f"correction-{run.fiscal_year}-{run.number}-{statement.number}",
            max(statement.certified_at, run.publication.published_at),
            gettext("Correction statement %(number)s on the payments of fiscal year %(fiscal_year)s")
            % {"number": statement.number, "fiscal_year": run.fiscal_year},
            gettext("It says what should have been paid, library by library, after counts were corrected."),
            reverse("reports:report_list"),
        )
