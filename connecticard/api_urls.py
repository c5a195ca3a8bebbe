"""Every route of the REST interface, and the page that explains it."""

from django.urls import include, path, re_path

import libraries.api
import payments.api
import payments.explained_api
import reports.api
import transactions.api
from connecticard.api_views import NoSuchRoute, Router
from connecticard.views.api_reference import SchemaView, api_reference, api_resource

router = Router()
for app in (libraries.api, transactions.api, payments.api, payments.explained_api, reports.api):
    for prefix, viewset in app.ROUTES:
        router.register(prefix, viewset, basename=viewset.resource)

app_name = "api"

urlpatterns = [
    path("api/", api_reference, name="reference"),
    path("api/reference/<slug:resource>/", api_resource, name="resource"),
    path(
        "api/",
        include(
            [
                path("v1/", include(router.urls)),
                path("v1/schema/", SchemaView.as_view(), name="schema"),
                re_path(r"^(?:.*/)?$", NoSuchRoute.as_view(), name="no_such_route"),
            ]
        ),
    ),
]
