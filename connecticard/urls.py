"""Every address of the site; that of a page for anybody also below `/es/`, in Spanish."""

from django.contrib import admin
from django.urls import include, path

from connecticard.languages import in_both_languages

handler500 = "connecticard.api_problems.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    *in_both_languages(
        [
            path("", include("connecticard.sign_in_urls")),
            path("", include("connecticard.people_urls")),
            path("", include("libraries.urls")),
            path("", include("transactions.urls")),
            path("", include("payments.urls")),
            path("", include("connecticard.help.urls")),  # after payments, which has a guide there
            path("", include("connecticard.api_urls")),
            path("", include("reports.urls")),
        ]
    ),
]
