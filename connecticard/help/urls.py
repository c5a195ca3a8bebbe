"""Addresses of the help center."""

from django.urls import path

from connecticard.help import views

app_name = "help"

urlpatterns = [
    path("help/", views.index, name="index"),
    path("help/search/", views.search, name="search"),
    path("help/glossary/", views.glossary, name="glossary"),
    path("help/handbook/", views.handbook, name="handbook"),
    path("help/<slug:slug>/", views.page, name="page"),
]
