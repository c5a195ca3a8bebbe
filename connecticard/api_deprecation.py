"""How a route of the REST interface says that it will end: Deprecation (RFC 9745), Sunset (RFC 8594).

The policy is in docs/rest-interface.md. A route that will end names when it was said and when it ends::

    class OldViewSet(ReadViewSet):
        retirement = Retirement(said_on=date(2028, 1, 3), ends_on=date(2029, 1, 3), instead="libraries/")
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.http import http_date

from connecticard.clock import EASTERN

LEAST_NOTICE = timedelta(days=365)


@dataclass(frozen=True)
class Retirement:
    """When it was said that a route ends, its last day, and the route to use instead.

    ValueError where the notice is shorter than a year.
    """

    said_on: date
    ends_on: date
    instead: str

    def __post_init__(self) -> None:
        if self.ends_on - self.said_on < LEAST_NOTICE:
            raise ValueError(f"a route ends a year after it was said at the earliest, and not {self.ends_on}")

    def headers(self, root: str, policy: str) -> dict[str, str]:
        """Return the headers of every answer of the route; `root` and `policy` are addresses."""
        return {
            "Deprecation": f"@{_begin(self.said_on)}",
            "Sunset": http_date(_begin(self.ends_on + timedelta(days=1))),
            "Link": f'<{root}{self.instead}>; rel="successor-version", <{policy}>; rel="deprecation"',
        }


def _begin(day: date) -> int:
    return int(datetime.combine(day, time.min, tzinfo=EASTERN).timestamp())
