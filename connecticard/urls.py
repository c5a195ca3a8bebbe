"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

handler500 = "connecticard.api_problems.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("account/", include("connecticard.sign_in_urls")),
    path("", include("connecticard.people_urls")),
    path("", include("libraries.urls")),
    path("", include("transactions.urls")),
    path("", include("payments.urls")),
    path("api/", include("connecticard.api_urls")),
    path("", include("reports.urls")),
]
