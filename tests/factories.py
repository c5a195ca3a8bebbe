"""Plain functions that make the records a test needs; every argument has a value that works."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client

from connecticard import one_time_code
from connecticard.help.rendering import words_of
from connecticard.models import HelpPage, HelpPageVersion, Role, RoleAssignment, User
from connecticard.second_factor import unused_code
from transactions.rules.filing_calendar import Cadence, period_dates
from transactions.rules.form_editions import edition_on

PASSWORD = "correct horse battery staple"
_numbers = count(1)


# People


def make_user(
    role: Role | None = None,
    *,
    library: Any = None,
    consortium: Any = None,
    delivery_site: Any = None,
    email: str | None = None,
    name: str | None = None,
    second_factor: bool = True,
) -> User:
    """Make a person with PASSWORD and an authenticator app; a role is held from long ago."""
    number = next(_numbers)
    user = User.objects.create_user(
        email or f"person{number}@example.org", PASSWORD, name=name or f"Person {number}"
    )
    if second_factor:
        give_second_factor(user)
    if role is not None:
        give_role(user, role, library=library, consortium=consortium, delivery_site=delivery_site)
    return user


def give_role(
    user: User,
    role: Role,
    *,
    library: Any = None,
    consortium: Any = None,
    delivery_site: Any = None,
    begins: date | None = date(2000, 1, 1),
    ends: date | None = None,
) -> RoleAssignment:
    """Give a role; `ends` is the day after the last, which only a deputy has unless said."""
    if role is Role.DEPUTY_CERTIFIER and ends is None:
        ends = date(2100, 1, 1)
    return RoleAssignment.objects.create(
        user=user,
        role=role,
        library=library,
        consortium=consortium,
        delivery_site=delivery_site,
        valid=DateRange(begins, ends),
    )


def give_second_factor(user: User) -> str:
    """Set up an authenticator app and return its secret."""
    secret = one_time_code.new_secret()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": secret})
    return secret


def current_code(user: User) -> str:
    """Return a code that the next question for a second factor accepts."""
    authenticator = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    return unused_code(authenticator)


class SignedInClient(Client):
    """A client whose person has passed both factors."""

    user: User


def make_signed_in_client(
    role: Role | None = None,
    library: Any = None,
    *,
    consortium: Any = None,
    delivery_site: Any = None,
    user: User | None = None,
) -> SignedInClient:
    """Return a client signed in as `user`, or as a new person who holds the role."""
    client = SignedInClient()
    client.user = user or make_user(role, library=library, consortium=consortium, delivery_site=delivery_site)
    client.force_login(client.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


# Who takes part


def make_town(name: str | None = None, **fields: Any) -> Any:
    number = next(_numbers)
    town = apps.get_model("libraries", "Town")
    values = {
        "number": 200 + number,
        "name": name or f"Town {number}",
        "county": "Hartford",
        "planning_region": "Capitol",
        "geoid": f"09{number:08d}",
        "population": 10_000,
    }
    return town.objects.create(**(values | fields))


def make_library(name: str | None = None, *, town: Any = None, key: str | None = None, **fields: Any) -> Any:
    """Make a library that was always open, in a town of its own unless said."""
    number = next(_numbers)
    return apps.get_model("libraries", "Library").objects.create(
        key=key or f"CT{number:04d}",
        name=name or f"Library {number}",
        town=town or make_town(),
        open_during=DateRange(None, None),
        **fields,
    )


def make_letter(
    library: Any, *, begins: date | None = date(2000, 1, 1), ends: date | None = None, **fields: Any
) -> Any:
    """Put a letter of agreement on file, from long ago unless said; `ends` is the day after the last."""
    return library.letters.create(
        valid=DateRange(begins, ends), signatory=fields.pop("signatory", "A director"), **fields
    )


def make_residency(
    town: Any,
    library: Any,
    *,
    principal: bool = True,
    begins: date | None = None,
    ends: date | None = None,
) -> Any:
    """Make a library a home library of a town, on every day unless said; `ends` is the day after the last."""
    return town.residencies.create(library=library, principal=principal, valid=DateRange(begins, ends))


def make_home_library(name: str | None = None, *, principal: bool = True, **fields: Any) -> Any:
    """Make a library that is a home library of its own town, its principal one unless said."""
    library = make_library(name, **fields)
    make_residency(library.town, library, principal=principal)
    return library


def make_consortium(name: str | None = None, *, members: tuple[Any, ...] = ()) -> Any:
    """Make a consortium whose members always belonged to it."""
    consortium = apps.get_model("libraries", "Consortium").objects.create(
        name=name or f"Consortium {next(_numbers)}"
    )
    for library in members:
        consortium.memberships.create(library=library, valid=DateRange(None, None))
    return consortium


# What libraries file


def make_period(
    first_day: date = date(2026, 3, 1), cadence: Any = None, *, holidays: tuple[date, ...] = ()
) -> Any:
    """Make the period of a cadence that begins on a day, semiannual unless said, or return it."""
    dates = period_dates(cadence or Cadence.SEMIANNUAL, first_day, holidays)
    period, _ = apps.get_model("transactions", "FilingPeriod").objects.get_or_create(
        cadence=dates.cadence,
        first_day=dates.span.first_day,
        defaults={
            "last_day": dates.span.last_day,
            "opens_on": dates.opens_on,
            "law_due_on": dates.law_due_on,
            "due_on": dates.due_on,
            "accepted_until": dates.accepted_until,
            "closes_on": dates.closes_on,
        },
    )
    return period


def make_filing(library: Any = None, period: Any = None, **fields: Any) -> Any:
    """Make a draft by month of the whole period, version 1, unless said."""
    period = period or make_period()
    values = {
        "library": library or make_library(),
        "period": period,
        "version": 1,
        "basis": "by_month",
        "covers": DateRange(period.first_day, period.last_day + timedelta(days=1)),
        "form_edition": edition_on(period.first_day).name,
        "created_at": datetime(2026, 3, 2, 9, tzinfo=UTC),
    }
    return apps.get_model("transactions", "Filing").objects.create(**(values | fields))


def make_counts(filing: Any, counts: dict[tuple[Any, date | None], int | None]) -> None:
    """Give a filing loan counts, by home library and first day of the month."""
    filing.loan_counts.bulk_create(
        filing.loan_counts.model(filing=filing, home_library=home, month=month, loans=loans)
        for (home, month), loans in counts.items()
    )


# deliverIT CT


def make_delivery_site(name: str | None = None, *, library: Any = None, code: str = "", **fields: Any) -> Any:
    """Make a site served from always on: a library's, or an academic one; `code` as A12 where it has one."""
    number = next(_numbers)
    values = {
        "key": f"SITE{number}",
        "name": name or f"College {number}",
        "kind": "academic" if library is None else "public",
        "library": library,
        "valid": DateRange(None, None),
    }
    site = apps.get_model("libraries", "DeliverySite").objects.create(**(values | fields))
    site.refresh_from_db()  # a library's bears what the library is called
    if code:
        site.codes.create(route=code[0], number=code[1:], valid=DateRange(None, None))
    return site


def make_delivery_report(
    site: Any,
    quarter: date,
    counts: dict[date, dict[str, int]],
    *,
    at: datetime | None,
    by: User,
    **fields: Any,
) -> Any:
    """Make a site's report of a quarter with counts by month and measure, submitted at a time or a draft."""
    begun = at or datetime(quarter.year, quarter.month, 2, 9, tzinfo=UTC)
    report = apps.get_model("transactions", "DeliveryReport").objects.create(
        **{"site": site, "quarter": quarter, "version": 1, "created_at": begun, "created_by": by, **fields}
    )
    for month, numbers in counts.items():
        report.counts.create(month=month, **numbers)
    if at is not None:
        report.status = "submitted"
        report.first_submitted_at = report.first_submitted_at or at
        report.submitted_at = at
        report.submitted_by = by
        report.save()
    return report


# Help


def make_help_page(
    slug: str = "how-to-count",
    *,
    language: str = "en",
    audience: str = "public",
    title: str = "How to count",
    summary: str = "One unit for each thing lent.",
    body: str = "Each loose issue of a magazine counts as **one**.\n",
    section: str = "counting",
    helps_on: tuple[str, ...] = (),
) -> HelpPageVersion:
    """Make a help page as it would ship, and return its first version."""
    page = HelpPage.objects.create(
        slug=slug,
        language=language,
        audience=audience,
        section=section,
        owner="The State Library",
        last_checked_on=date(2026, 11, 22),
        helps_on=list(helps_on),
    )
    return HelpPageVersion.objects.create(
        page=page,
        number=1,
        title=title,
        summary=summary,
        body=body,
        words=words_of(body),
        made_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    )
