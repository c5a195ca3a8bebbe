"""Every address of the site."""

from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.urls")),
    path("", include("connecticard.people_urls")),
    path("", include("libraries.urls")),
]
