"""What libraries of the demonstration say of themselves for the desk: telephone, hours, overdue fines."""

from datetime import date

from django.db import transaction

from connecticard.models import User
from libraries.desk_services import say_how_reached, set_fines
from libraries.models import Library, LibraryContact, LibraryFines

BY = "staff@example.org"
HOURS = "Demonstration hours, made up:\nMonday to Thursday 10 to 8\nFriday and Saturday 10 to 5"
SINCE = date(2026, 1, 1)
FINES = ((10, 0, None), (0, 0, None), (25, 3, 1_000))
"""In turn: cents a day, days without charge, most for one item in cents."""


@transaction.atomic
def load_desk_details() -> None:
    """Say how the first libraries are reached and what they ask for late items, once; all made up."""
    if LibraryContact.objects.exists() or LibraryFines.objects.exists():
        return
    by = User.objects.get(email=BY)
    for number, library in enumerate(Library.objects.order_by("key")[:24]):
        say_how_reached(library=library, phone=f"860-555-01{number:02}", hours=HOURS, web_site="", by=by)
        cents, grace, most = FINES[number % len(FINES)]
        set_fines(
            library=library, from_day=SINCE, cents_a_day=cents, grace_days=grace, most_cents=most, by=by
        )
