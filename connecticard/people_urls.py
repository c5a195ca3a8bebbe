"""Addresses of the account, people and audit pages."""

from django.urls import path

from connecticard.views import account, audit, deputies, people, second_factor, webhooks

app_name = "connecticard"

urlpatterns = [
    path("account/", account.account, name="account"),
    path("account/name/", account.rename, name="rename"),
    path("account/sign-out-everywhere/", account.sign_out_everywhere, name="sign_out_everywhere"),
    path("account/second-factor/", account.second_factor_setup, name="second_factor_setup"),
    path("account/passkey-challenge/", second_factor.passkey_challenge, name="passkey_challenge"),
    path("account/tokens/new/", account.make_token, name="make_token"),
    path("account/tokens/<int:pk>/revoke/", account.revoke_token, name="revoke_token"),
    path("account/invitation/<str:token>/", account.AcceptInvitation.as_view(), name="accept_invitation"),
    path("api/webhooks/", webhooks.webhook_reference, name="webhook_reference"),
    path("account/webhooks/", webhooks.webhook_list, name="webhook_list"),
    path("account/webhooks/new/", webhooks.webhook_add, name="webhook_add"),
    path("account/webhooks/<int:pk>/", webhooks.webhook, name="webhook"),
    path("account/webhooks/<int:pk>/pause/", webhooks.webhook_pause, name="webhook_pause"),
    path("account/webhooks/<int:pk>/remove/", webhooks.webhook_remove, name="webhook_remove"),
    path("account/webhooks/<int:pk>/secret/", webhooks.webhook_rotate, name="webhook_rotate"),
    path("account/webhooks/<int:pk>/test/", webhooks.webhook_ping, name="webhook_ping"),
    path(
        "account/webhooks/<int:pk>/deliveries/<int:delivery_pk>/again/",
        webhooks.webhook_replay,
        name="webhook_replay",
    ),
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite, name="invite"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/reset-second-factor/", people.reset_second_factor, name="reset_second_factor"),
    path("people/invitations/<int:pk>/resend/", people.resend_invitation, name="resend_invitation"),
    path("people/invitations/<int:pk>/revoke/", people.revoke_invitation, name="revoke_invitation"),
    path("people/roles/<int:pk>/end/", people.end_role, name="end_role"),
    path("people/resets/<int:pk>/approve/", people.approve_reset, name="approve_reset"),
    path("people/resets/<int:pk>/withdraw/", people.withdraw_reset, name="withdraw_reset"),
    path("libraries/<slug:key>/deputies/", deputies.deputies, name="deputies"),
    path("libraries/<slug:key>/deputies/<int:pk>/end/", deputies.deputy_end, name="deputy_end"),
    path(
        "libraries/<slug:key>/deputies/invitations/<int:pk>/take-back/",
        deputies.deputy_invitation_revoke,
        name="deputy_invitation_revoke",
    ),
    path("audit/", audit.audit, name="audit"),
]
