"""The pages under /admin/: reference data alone, for the people who keep the roster, signed in as everywhere.

They are Django's own admin, with the sign-in, the permissions and the audit trail of the site: no second
sign-in page, no permissions of its own, no second log. What changes a record is a service of its app.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver

from connecticard.permissions import Action, may, requires
from connecticard.uploads import reads_a_file

KEEPS = Action.MANAGE_ROSTER
LARGEST_FILE = 2_000_000  # bytes; the whole roster has some 60,000


class ReferenceSite(AdminSite):
    """Django's admin as this site has it: closed to who may not keep the roster."""

    site_header = "Reference data"
    site_title = "Reference data"
    index_title = "Reference data"
    site_url = "/"
    enable_nav_sidebar = False
    final_catch_all_view = False
    empty_value_display = "–"
    app_index_template = "admin/index.html"

    LEFT_OUT = frozenset(
        {"login", "logout", "password_change", "password_change_done", "autocomplete", "view_on_site"}
    )

    def has_permission(self, request: HttpRequest) -> bool:
        return may(request.user, KEEPS)

    def get_urls(self) -> list[Any]:
        """Return the admin's addresses, each closed by the permission table; those without use left out."""
        return list(_closed(pattern for pattern in super().get_urls() if _name(pattern) not in self.LEFT_OUT))


def _name(pattern: URLPattern | URLResolver) -> str | None:
    return pattern.name if isinstance(pattern, URLPattern) else ""


def _closed(patterns: Iterable[URLPattern | URLResolver]) -> Iterable[URLPattern | URLResolver]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            pattern.__dict__["url_patterns"] = list(_closed(pattern.url_patterns))
            yield pattern
        elif pattern.name is not None:  # Django keeps addresses of former releases without a name
            close: Callable[..., Any] = requires(KEEPS)
            pattern.callback = close(pattern.callback)
            pattern.callback.__dict__.pop("login_url", None)  # the site's own page, as everywhere
            if pattern.name.endswith("_import"):
                pattern.callback = reads_a_file(LARGEST_FILE)(pattern.callback)
            yield pattern
