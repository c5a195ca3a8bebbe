"""Every address of the site."""

from django.urls import include, path

urlpatterns = [
    path("account/", include("connecticard.sign_in_urls")),
    path("", include("connecticard.people_urls")),
    path("", include("libraries.urls")),
    path("", include("transactions.urls")),
    path("", include("payments.urls")),
]
