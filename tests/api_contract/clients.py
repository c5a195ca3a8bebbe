"""The kinds of client that ask: nobody, a program for each role, and one for each scope alone."""

from connecticard.models import Role
from connecticard.models.role_assignment import CONSORTIUM_ROLES, DELIVERY_ROLES, LIBRARY_ROLES
from connecticard.permissions import PERMITTED, SCOPES, Scope
from tests.api_world import World, token_of
from tests.factories import make_consortium, make_delivery_site, make_user

EVERYBODY = ["nobody", *Role]
WRITERS = [Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER]
"""Between them they may write all that can be written."""


def role_for(scope: Scope) -> Role:
    """Return a role that may do what a scope is for; a library's where there is one."""
    roles = [PERMITTED[action] for action, needed in SCOPES.items() if needed is scope]
    fitting = [role for role in Role if all(role in permitted for permitted in roles)]
    return fitting[0] if fitting else Role.LIBRARY_CERTIFIER


def headers_of_every_client(world: World) -> dict[str, dict[str, str]]:
    """Return what each client sends: by role with every scope, and by scope."""
    avon = world.libraries["CT0001"]
    people = {
        role: make_user(
            role,
            library=avon if role in LIBRARY_ROLES else None,
            consortium=make_consortium(members=(avon,)) if role in CONSORTIUM_ROLES else None,
            delivery_site=make_delivery_site() if role in DELIVERY_ROLES else None,
        )
        for role in Role
    }
    return {
        "nobody": {},
        **{role: token_of(person) for role, person in people.items()},
        **{scope: token_of(people[role_for(scope)], scope) for scope in Scope},
    }
