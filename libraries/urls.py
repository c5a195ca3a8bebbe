"""Addresses of the pages about who takes part."""

from django.urls import path

from libraries import desk_views, views

app_name = "libraries"

urlpatterns = [
    path("libraries/", views.library_list, name="library_list"),
    path("libraries/<slug:key>/letter/", views.letter_record, name="letter_record"),
    path("libraries/<slug:key>/successor/", views.succession_record, name="succession_record"),
    path("libraries/<slug:key>/desk/", desk_views.desk_details, name="desk_details"),
    path("letters/", views.letter_list, name="letter_list"),
    path("letters/<int:pk>/withdraw/", views.letter_withdraw, name="letter_withdraw"),
    path("towns/", views.town_list, name="town_list"),
    path(
        "towns/<int:number>/principal-library/",
        views.principal_library_change,
        name="principal_library_change",
    ),
]
