"""Sign-in as a browser does it, both factors, and what keeps others out."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core import mail
from django.test import Client
from django.urls import reverse

from connecticard import one_time_code
from connecticard.models import AuditEvent, Message, Role
from tests.factories import (
    PASSWORD,
    current_code,
    make_library,
    make_signed_in_client,
    make_user,
)

pytestmark = pytest.mark.django_db


def enter_password(client, user, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": user.email, "password": password})


def test_sign_in_with_password_and_code(client):
    user = make_user(Role.STATE_STAFF)

    asked = enter_password(client, user)
    assert asked.url == reverse("mfa_authenticate")
    assert client.get(reverse("connecticard:account")).status_code == 302
    client.post(asked.url, {"code": current_code(user)})

    assert client.get(reverse("connecticard:account")).status_code == 200
    assert AuditEvent.objects.filter(action="signed_in", by=user).exists()


def test_sign_in_ignores_capitals_in_the_address(client):
    user = make_user(email="first.last@example.org")

    asked = client.post(reverse("account_login"), {"login": "First.Last@Example.org", "password": PASSWORD})

    assert asked.url == reverse("mfa_authenticate")
    assert user.email == "first.last@example.org"


def test_sign_in_with_a_wrong_code(client):
    user = make_user()
    enter_password(client, user)

    answer = client.post(reverse("mfa_authenticate"), {"code": "000000"})

    assert "This code is not right" in answer.content.decode()
    assert client.get(reverse("connecticard:account")).status_code == 302


def test_sign_in_with_a_recovery_code_works_once(client):
    user = make_user()
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    enter_password(client, user)
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert client.get(reverse("connecticard:account")).status_code == 200

    other = Client()
    enter_password(other, user)
    answer = other.post(reverse("mfa_authenticate"), {"code": code})

    assert "This code is not right" in answer.content.decode()


def test_code_used_at_sign_in_is_refused_at_the_next(client):
    user = make_user()
    code = current_code(user)
    enter_password(client, user)
    client.post(reverse("mfa_authenticate"), {"code": code})

    other = Client()
    enter_password(other, user)
    answer = other.post(reverse("mfa_authenticate"), {"code": code})

    assert "used already" in answer.content.decode()


def test_five_wrong_passwords_close_sign_in_and_say_until_when(client):
    user = make_user()
    for _ in range(4):
        assert "is not right" in enter_password(client, user, "wrong").content.decode()

    closed = enter_password(client, user, "wrong")
    right = enter_password(client, user)

    for answer in (closed, right):
        assert answer.status_code == 429
        assert "Try again after" in answer.content.decode()
        assert int(answer["Retry-After"]) > 3000


def test_lockout_of_one_address_leaves_another_open(client):
    locked, other = make_user(), make_user()
    for _ in range(5):
        enter_password(client, locked, "wrong")

    assert enter_password(client, other).url == reverse("mfa_authenticate")


def test_inactive_person_cannot_sign_in(client):
    user = make_user()
    user.is_active = False
    user.save()

    enter_password(client, user)

    assert client.get(reverse("connecticard:account")).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_person_without_second_factor_sets_one_up_before_anything_else():
    library = make_library()
    user = make_user(Role.LIBRARY_FILER, library=library, second_factor=False)
    client, elsewhere = make_signed_in_client(user=user), make_signed_in_client(user=user)

    for page in ("connecticard:account", "connecticard:make_token", "account_change_password"):
        assert client.get(reverse(page)).url == reverse("connecticard:second_factor_setup")
    assert client.get(reverse("connecticard:second_factor_setup")).status_code == 200

    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    code = one_time_code.code_of(secret, one_time_code.step_at(time.time()))
    done = client.post(reverse("mfa_activate_totp"), {"code": code})

    assert done.url == reverse("mfa_view_recovery_codes")
    codes = RecoveryCodes(Authenticator.objects.get(user=user, type="recovery_codes")).get_unused_codes()
    assert codes[0] in client.get(done.url).content.decode()
    assert codes[0] not in client.get(done.url).content.decode()
    assert client.get(reverse("connecticard:account")).status_code == 200
    assert elsewhere.get(reverse("connecticard:account")).url.startswith(reverse("account_login")), (
        "a session begun by the password alone does not become one with both factors"
    )


def test_only_second_factor_cannot_be_removed():
    client = make_signed_in_client()
    client.post(reverse("mfa_reauthenticate"), {"code": current_code(client.user)})

    answer = client.post(reverse("mfa_deactivate_totp"))

    assert "only second factor" in answer.content.decode()
    assert Authenticator.objects.filter(user=client.user, type="totp").exists()


def test_change_of_second_factor_asks_for_it_again():
    client = make_signed_in_client()

    for page in ("mfa_generate_recovery_codes", "mfa_add_webauthn", "mfa_deactivate_totp"):
        assert client.get(reverse(page)).url.startswith(reverse("mfa_reauthenticate"))


def test_password_is_reset_by_e_mail_and_ends_other_sessions(client, django_capture_on_commit_callbacks):
    user = make_user()
    elsewhere = make_signed_in_client(user=user)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("account_reset_password"), {"email": user.email})
    [letter] = mail.outbox
    link = next(line for line in letter.body.splitlines() if "/password/reset/key/" in line)

    assert link not in Message.objects.get(person=user).body

    page = client.get(link, follow=True)
    client.post(
        page.redirect_chain[-1][0], {"password1": "a new and long one", "password2": "a new and long one"}
    )

    assert elsewhere.get(reverse("connecticard:account")).status_code == 302
    assert enter_password(client, user, "a new and long one").url == reverse("mfa_authenticate")


def test_password_reset_answers_alike_for_unknown_addresses(client, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        known = client.post(reverse("account_reset_password"), {"email": make_user().email}, follow=True)
        unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"}, follow=True)

    assert known.redirect_chain == unknown.redirect_chain
    assert len(mail.outbox) == 1


def test_there_is_no_open_sign_up(client):
    assert client.get("/account/signup/").status_code == 404
    assert client.get("/account/email/").status_code == 404


def test_sign_out_everywhere_ends_every_session():
    user = make_user()
    here, there = make_signed_in_client(user=user), make_signed_in_client(user=user)

    here.post(reverse("connecticard:sign_out_everywhere"))

    assert there.get(reverse("connecticard:account")).status_code == 302


def test_pages_carry_a_strict_content_security_policy(client):
    policy = client.get(reverse("account_login"))["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
