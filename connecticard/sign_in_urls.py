"""Addresses of signing in and of the second factor: allauth's views, named one by one.

What is not here (open sign-up, e-mail addresses kept beside the account's) has no page.
"""

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as authenticator_app
from allauth.mfa.webauthn import views as passkeys
from django.urls import path, re_path
from django.views.generic import RedirectView

from connecticard.views.sign_in import SignInCodeView, remove_authenticator_app, remove_passkey

to_account = RedirectView.as_view(pattern_name="connecticard:account")

urlpatterns = [
    path("account/login/", account.login, name="account_login"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("account/password/change/", account.password_change, name="account_change_password"),
    path("account/password/set/", account.password_set, name="account_set_password"),
    path("account/password/reset/", account.password_reset, name="account_reset_password"),
    path("account/password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "account/password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("account/2fa/", to_account, name="mfa_index"),
    path("account/2fa/authenticate/", SignInCodeView.as_view(), name="mfa_authenticate"),
    path("account/2fa/reauthenticate/", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("account/2fa/app/", authenticator_app.activate_totp, name="mfa_activate_totp"),
    path("account/2fa/app/remove/", remove_authenticator_app, name="mfa_deactivate_totp"),
    path("account/2fa/recovery-codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "account/2fa/recovery-codes/new/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path("account/2fa/passkeys/", to_account, name="mfa_list_webauthn"),
    path("account/2fa/passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path(
        "account/2fa/passkeys/reauthenticate/",
        passkeys.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/2fa/passkeys/<int:pk>/remove/", remove_passkey, name="mfa_remove_webauthn"),
    path("account/2fa/passkeys/<int:pk>/edit/", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
]
