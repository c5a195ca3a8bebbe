"""People of a demonstration: made with random passwords and authenticator secrets, never in production.

Passwords and secrets stand in `demo_people.json` in the var directory, readable by its owner alone, made at
first use and the same afterwards.
"""

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import one_time_code, second_factor
from connecticard.models import Role, RoleAssignment, User
from connecticard.services import give_role


@dataclass(frozen=True)
class DemoPerson:
    """Somebody of the demonstration; a library or site is named by its key, a consortium by its name."""

    email: str
    name: str
    role: Role
    library: str | None = None
    consortium: str | None = None
    delivery_site: str | None = None
    days: tuple[date, date] | None = None
    """The first and the last day of the role; from long ago on where none are given."""


@dataclass(frozen=True)
class DemoSignIn:
    """How somebody of the demonstration signs in."""

    person: DemoPerson
    password: str


def refuse_in_production() -> None:
    """Raise ImproperlyConfigured where people of a demonstration would be made in production."""
    if settings.PRODUCTION:
        raise ImproperlyConfigured("Production has no people of a demonstration.")


def refuse_to_start_with_demo_people() -> None:
    """Raise ImproperlyConfigured in production when its database holds people of a demonstration."""
    if settings.PRODUCTION and User.objects.filter(is_demonstration=True).exists():
        raise ImproperlyConfigured(
            "The database holds people of a demonstration. Start production with a database of its own."
        )


@transaction.atomic
def ensure_demo_people(people: Iterable[DemoPerson]) -> list[DemoSignIn]:
    """Make these people where they are missing, each with its role from long ago, and return their sign-ins.

    Somebody who appears twice holds both roles. Running it again changes nothing.
    """
    refuse_in_production()
    people = list(people)
    kept = _kept({person.email for person in people})
    signs_in = []
    for person in people:
        password, secret = kept[person.email]["password"], kept[person.email]["secret"]
        user = User.objects.filter(email=person.email).first()
        if user is None:
            user = User.objects.create_user(person.email, password, name=person.name, is_demonstration=True)
        elif not user.is_demonstration:
            raise ImproperlyConfigured(f"{person.email} is a real account; use another address.")
        elif not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        app = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
        if app is None:
            Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": secret})
        elif app.data["secret"] != secret:
            app.data = {"secret": secret}
            app.save(update_fields=["data"])
        _ensure_role(user, person)
        signs_in.append(DemoSignIn(person, password))
    return signs_in


def current_code(email: str) -> str | None:
    """Return the code that somebody of the demonstration enters now; None for anybody else."""
    return second_factor.demonstration_code(User.objects.filter(email=email.strip().lower()).first())


def _ensure_role(user: User, person: DemoPerson) -> None:
    whose: dict[str, Any] = {"library": None, "consortium": None, "delivery_site": None}
    if person.library:
        whose["library"] = apps.get_model("libraries", "Library").objects.get(key=person.library)
    if person.consortium:
        whose["consortium"] = apps.get_model("libraries", "Consortium").objects.get(name=person.consortium)
    if person.delivery_site:
        sites = apps.get_model("libraries", "DeliverySite").objects
        whose["delivery_site"] = sites.get(key=person.delivery_site)
    held = RoleAssignment.objects.filter(user=user, role=person.role, **whose, ended_at__isnull=True)
    if not held.exists():
        give_role(
            user=user,
            role=person.role,
            **whose,
            valid=DateRange(person.days[0], person.days[1] + timedelta(days=1))
            if person.days
            else DateRange(None, None),
            by=None,
        )


def _kept(emails: set[str]) -> dict[str, dict[str, str]]:
    """Return what the file keeps for these addresses, adding what is missing."""
    path = Path(settings.VAR_DIR) / "demo_people.json"
    kept: dict[str, dict[str, str]] = json.loads(path.read_text()) if path.exists() else {}
    missing = sorted(emails - kept.keys())
    if missing:
        for email in missing:
            kept[email] = {"password": secrets.token_urlsafe(12), "secret": one_time_code.new_secret()}
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(kept, file, indent=1, sort_keys=True)
        unfinished.replace(path)
    return kept
