"""Addresses of the account, people and audit pages."""

from django.urls import path

from connecticard.views import second_factor

app_name = "connecticard"

urlpatterns = [
    path("account/passkey-challenge/", second_factor.passkey_challenge, name="passkey_challenge"),
]
