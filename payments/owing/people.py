"""Who can take the next step of something owed, and so is written to about it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from connecticard.models import Role, RoleAssignment, User
from connecticard.permissions import PERMITTED, Action
from libraries.models import ConsortiumMembership, DeliverySite, Library
from payments.owing.thing_owed import ThingOwed


class People:
    """Who can take the next step for which library or site of deliverIT CT on a day.

    That is who holds a role of the library or site that permits the step; a consortium's people only where
    the library has nobody of its own for it.
    """

    def __init__(self, on: date):
        held = RoleAssignment.objects.in_force(on).filter(user__is_active=True).select_related("user")
        members: dict[int, list[int]] = defaultdict(list)
        for consortium_id, library_id in ConsortiumMembership.objects.filter(valid__contains=on).values_list(
            "consortium_id", "library_id"
        ):
            members[consortium_id].append(library_id)
        self._own: dict[int, list[tuple[Role, User]]] = defaultdict(list)
        self._of_consortium: dict[int, list[tuple[Role, User]]] = defaultdict(list)
        self._of_site: dict[int, list[tuple[Role, User]]] = defaultdict(list)
        for assignment in held.order_by("user__name", "user__email", "pk"):
            who = (Role(assignment.role), assignment.user)
            if assignment.library_id is not None:
                self._own[assignment.library_id].append(who)
            elif assignment.delivery_site_id is not None:
                self._of_site[assignment.delivery_site_id].append(who)
            elif assignment.consortium_id is not None:
                for library_id in members[assignment.consortium_id]:
                    self._of_consortium[library_id].append(who)

    def who_can(self, action: Action, whose: Library | DeliverySite) -> list[User]:
        """Return the people to write to about this step, each once."""
        if isinstance(whose, Library):
            own, library_id = self._own[whose.pk], whose.pk
        else:
            own = [*self._of_site[whose.pk], *self._own[whose.library_id or 0]]
            library_id = whose.library_id or 0
        return _permitted(own, action) or _permitted(self._of_consortium[library_id], action)

    def for_item(self, item: ThingOwed) -> list[User]:
        """Return the people who can take the next step of something owed; none where there is none."""
        return self.who_can(item.needs, item.whose) if item.needs else []


def _permitted(who: Iterable[tuple[Role, User]], action: Action) -> list[User]:
    return list(dict.fromkeys(user for role, user in who if role in PERMITTED[action]))
