"""Addresses of the pages by which sites of deliverIT CT count and report."""

from django.urls import path

from transactions.delivery import tally_views, views

urlpatterns = [
    path("", views.delivery_list, name="delivery_list"),
    path("sites/<slug:key>/", views.delivery_site, name="delivery_site"),
    path("sites/<slug:key>/tally/", tally_views.delivery_tally, name="delivery_tally"),
    path("sites/<slug:key>/tally/sheet/", tally_views.delivery_sheet, name="delivery_sheet"),
    path("sites/<slug:key>/<slug:quarter>/", views.delivery_report, name="delivery_report"),
    path("sites/<slug:key>/<slug:quarter>/enter/", views.delivery_enter, name="delivery_enter"),
    path("sites/<slug:key>/<slug:quarter>/amend/", views.delivery_amend, name="delivery_amend"),
    path("sites/<slug:key>/<slug:quarter>/undo/", views.delivery_undo, name="delivery_undo"),
]
