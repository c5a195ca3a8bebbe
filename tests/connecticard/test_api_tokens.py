from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIRequestFactory

from connecticard import clock, permissions, services
from connecticard.api_authentication import ApiTokenAuthentication
from connecticard.models import ApiToken, AuditEvent, Role
from connecticard.permissions import Action, Scope
from tests.factories import current_code, give_role, make_library, make_signed_in_client, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def filer():
    return make_user(Role.LIBRARY_FILER, library=make_library())


def make_token(user, *scopes, role=Role.LIBRARY_FILER, **changes):
    assignment = changes.get("assignment") or user.role_assignments.get(role=role)
    wanted = {
        "assignment": assignment,
        "name": "Circulation export",
        "scopes": scopes or (Scope.WRITE_FILINGS,),
        "expires_at": clock.now() + timedelta(days=30),
        "by": user,
    }
    return services.make_api_token(**(wanted | changes))


def user_of(text):
    request = APIRequestFactory().get("/", headers={"Authorization": f"Bearer {text}"})
    user, _ = ApiTokenAuthentication().authenticate(request)
    return user


def test_token_acts_in_its_role_and_scope_alone(filer):
    library = filer.role_assignments.get().library
    other_library = make_library()
    give_role(filer, Role.LIBRARY_FILER, library=other_library)
    give_role(filer, Role.LIBRARY_CERTIFIER, library=library)
    assignment = filer.role_assignments.get(library=library, role=Role.LIBRARY_FILER)
    _, text = make_token(filer, assignment=assignment)

    user = user_of(text)

    assert permissions.may(user, Action.ENTER_COUNTS, library)
    assert not permissions.may(user, Action.VIEW_LIBRARY, library), "not in its scopes"
    assert not permissions.may(user, Action.ENTER_COUNTS, other_library), "another role of the person"
    assert not permissions.may(user, Action.CERTIFY_FILING, library), "another role of the person"
    assert permissions.may(filer, Action.ENTER_COUNTS, other_library), "the person is as free as before"


def test_token_never_manages_people():
    administrator = make_user(Role.STATE_ADMINISTRATOR)
    _, text = make_token(administrator, *Scope, role=Role.STATE_ADMINISTRATOR)

    user = user_of(text)

    for action in (Action.MANAGE_STATE_PEOPLE, Action.CERTIFY_RUN, Action.VIEW_AUDIT):
        with pytest.raises(PermissionDenied):
            permissions.check(user, action)


def test_token_is_kept_as_a_hash_alone(filer):
    token, text = make_token(filer)

    assert token.sha256 == services.sha256_of_token(text)
    assert text not in str(list(ApiToken.objects.values()))
    assert text not in str(list(AuditEvent.objects.values()))


def test_token_notes_its_use(filer):
    token, text = make_token(filer)

    user_of(text)

    token.refresh_from_db()
    assert token.last_used_at is not None


def test_token_ends_with_its_role(filer):
    _, text = make_token(filer)
    services.end_role(
        assignment=filer.role_assignments.get(),
        last_day=None,
        reason="left",
        by=make_user(Role.STATE_STAFF),
    )

    with pytest.raises(AuthenticationFailed):
        user_of(text)


def test_token_ends_when_the_days_of_its_role_are_over(filer):
    _, text = make_token(filer)
    today = clock.today()
    assignment = filer.role_assignments.get()
    assignment.valid = type(assignment.valid)(None, today)
    assignment.save()

    with pytest.raises(AuthenticationFailed):
        user_of(text)


def test_token_expired_or_revoked_or_unknown(filer):
    token, text = make_token(filer)
    services.revoke_api_token(token=token, by=filer)
    expired, expired_text = make_token(filer)
    ApiToken.objects.filter(pk=expired.pk).update(
        created_at=clock.now() - timedelta(days=2), expires_at=clock.now() - timedelta(days=1)
    )

    for each in (text, expired_text, "ctk_unknown"):
        with pytest.raises(AuthenticationFailed):
            user_of(each)


def test_token_for_somebody_elses_role_is_refused(filer):
    other = make_user(Role.LIBRARY_FILER, library=make_library())

    with pytest.raises(services.Refused):
        make_token(filer, assignment=other.role_assignments.get())


def test_other_ways_of_authorizing_are_left_to_others():
    request = APIRequestFactory().get("/", headers={"Authorization": "Basic abc"})

    assert ApiTokenAuthentication().authenticate(request) is None


def test_account_page_makes_shows_once_and_revokes():
    client = make_signed_in_client(Role.LIBRARY_FILER, make_library())
    assignment = client.user.role_assignments.get()
    asked = client.get(reverse("connecticard:make_token"))
    assert asked.url.startswith(reverse("mfa_reauthenticate"))
    page = client.post(asked.url, {"code": current_code(client.user)}, follow=True)
    assert assignment.title in page.content.decode()
    assert 'href="/api/"' in page.content.decode()

    made = client.post(
        reverse("connecticard:make_token"),
        {"name": "Export", "role": assignment.pk, "scopes": [Scope.WRITE_FILINGS], "days": 90},
    )

    token = ApiToken.objects.get()
    assert "ctk_" in made.content.decode()
    text = made.context["text"]
    account = client.get(reverse("connecticard:account")).content.decode()
    assert text not in account
    assert "<li>Enter counts, submit, return and reopen filings</li>" in account
    assert 'href="/api/"' in account
    client.post(reverse("connecticard:revoke_token", args=[token.pk]))
    with pytest.raises(AuthenticationFailed):
        user_of(text)
