"""Addresses of the help center."""

from django.urls import path

from connecticard.help import views, writing_views

app_name = "help"
_PAGE = "help/<slug:slug>/<slug:language>/"

urlpatterns = [
    path("help/", views.index, name="index"),
    path("help/search/", views.search, name="search"),
    path("help/glossary/", views.glossary, name="glossary"),
    path("help/handbook/", views.handbook, name="handbook"),
    path("help/for/<str:name>/", views.of_page, name="of_page"),
    path("help/new/", writing_views.new, name="new"),
    path("help/<slug:slug>/", views.page, name="page"),
    path(f"{_PAGE}edit/", writing_views.edit, name="edit"),
    path(f"{_PAGE}versions/", writing_views.versions, name="versions"),
    path(f"{_PAGE}versions/<int:number>/", writing_views.version, name="version"),
    path(f"{_PAGE}versions/<int:number>/restore/", writing_views.restore, name="restore"),
    path(f"{_PAGE}withdraw/", writing_views.withdraw, name="withdraw"),
]
