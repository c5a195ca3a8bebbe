"""The headings of a table that can be sorted by each column."""

from collections.abc import Mapping

from django.http import HttpRequest


def headings(request: HttpRequest, labels: Mapping[str, str], sort: str) -> list[dict[str, str]]:
    """Return each heading with the address that sorts by it; names rise first, figures fall first.

    What people ask of figures is the largest. `library` is the one name.
    """
    found = []
    for name, label in labels.items():
        query = request.GET.copy()
        first, second = (name, f"-{name}") if name == "library" else (f"-{name}", name)
        query["sort"] = second if sort == first else first
        direction = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
        found.append({"name": name, "label": label, "query": query.urlencode(), "direction": direction})
    return found
