import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from connecticard.second_factor import SecondFactorForm, SecondFactorRefused, confirm
from connecticard.sign_in import SecondFactorAdapter
from tests.factories import current_code, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of():
    def build(user):
        request = RequestFactory().post("/")
        request.user = user
        request.session = SessionStore()
        return request

    return build


def test_confirm_with_the_code_shown(request_of):
    user = make_user()

    confirm(request_of(user), current_code(user))

    assert Authenticator.objects.get(user=user).last_used_at is not None


def test_confirm_with_a_code_used_before(request_of):
    user = make_user()
    code = current_code(user)
    confirm(request_of(user), code)

    with pytest.raises(SecondFactorRefused, match="used already"):
        confirm(request_of(user), code)


def test_confirm_with_the_next_code_after_a_used_one(request_of):
    user = make_user()
    confirm(request_of(user), current_code(user))

    confirm(request_of(user), current_code(user))


def test_confirm_with_a_code_typed_in_groups(request_of):
    user = make_user()
    code = current_code(user)

    confirm(request_of(user), f"{code[:3]} {code[3:]}")


def test_confirm_with_another_persons_code(request_of):
    user, other = make_user(), make_user()

    with pytest.raises(SecondFactorRefused, match="not right"):
        confirm(request_of(user), current_code(other))


def test_confirm_with_a_recovery_code_works_once(request_of):
    user = make_user()
    code = RecoveryCodes.activate(user).get_unused_codes()[0]

    confirm(request_of(user), code)

    with pytest.raises(SecondFactorRefused):
        confirm(request_of(user), code)


def test_confirm_without_a_code(request_of):
    with pytest.raises(SecondFactorRefused, match="Enter the code"):
        confirm(request_of(make_user()))


def test_confirm_after_five_wrong_codes(request_of):
    user = make_user()
    for _ in range(5):
        with pytest.raises(SecondFactorRefused, match="not right"):
            confirm(request_of(user), "000")

    with pytest.raises(SecondFactorRefused, match="Wait five minutes"):
        confirm(request_of(user), current_code(user))


@pytest.mark.parametrize("credential", ["{}", "[]", "not json", '{"id": 1}', '{"id":"AA","rawId":"AA"}'])
def test_confirm_with_a_broken_passkey_answer(request_of, credential):
    with pytest.raises(SecondFactorRefused, match="passkey was not accepted"):
        confirm(request_of(make_user()), credential=credential)


def test_form_leaves_the_code_unused_when_another_field_is_wrong(request_of):
    class Signature(SecondFactorForm):
        from django import forms

        reason = forms.CharField()

    user = make_user()
    code = current_code(user)

    assert not Signature({"code": code}, request=request_of(user)).is_valid()
    assert Signature({"code": code, "reason": "read it"}, request=request_of(user)).is_valid()


def test_form_says_what_is_wrong_beside_the_code(request_of):
    form = SecondFactorForm({"code": "12"}, request=request_of(make_user()))

    assert not form.is_valid()
    assert "not right" in form.errors["code"][0]


def test_a_secret_is_read_after_the_secret_key_was_replaced(settings):
    settings.PRODUCTION, settings.SECRET_KEY = True, "the former key"
    kept = SecondFactorAdapter().encrypt("a secret")

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new key", ["the former key"]

    assert "a secret" not in kept
    assert SecondFactorAdapter().decrypt(kept) == "a secret"
