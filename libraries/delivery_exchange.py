"""Sites of deliverIT CT and their codes as files."""

from typing import Any

from connecticard.exchange import Column, ReferenceResource, Wrong, a_day, a_text, find, first_of, last_of
from connecticard.models import User
from connecticard.templatetags.figures import day
from libraries import delivery_services
from libraries.exchange import RosterResource, a_library, a_town
from libraries.models import DeliveryCode, DeliverySite, SiteKind

a_site = find(DeliverySite, "key", "site", "its key, such as CT0003")


def a_kind(cell: str) -> SiteKind:
    """Read the kind of a site."""
    try:
        return SiteKind(cell.strip().lower())
    except ValueError:
        raise ValueError(f"“{cell}” is no kind of site. Enter public, academic or other.") from None


class DeliverySiteResource(RosterResource):
    """Sites: a new one is added, of one on record the name, town and note are kept, and its end."""

    columns = (
        Column("key", lambda site: site.key, a_text(12), "Its key; a library's own.", required=True),
        Column("name", lambda site: site.name, a_text(120), "Its name.", required=True),
        Column("kind", lambda site: site.kind, a_kind, "public, academic or other.", required=True),
        Column("library", lambda site: site.library and site.library.key, a_library, "Of a public site."),
        Column("town", lambda site: site.town and site.town.name, a_town, "The town it stands in."),
        Column("from_day", lambda site: first_of(site.valid), a_day, "The first day; empty where unknown."),
        Column(
            "through", lambda site: last_of(site.valid), a_day, "The last day; empty where there is none."
        ),
        Column("note", lambda site: site.note, a_text(250), "Where this is known from."),
    )

    class Meta(ReferenceResource.Meta):
        model = DeliverySite

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        site = DeliverySite.objects.select_related("town").filter(key__iexact=values["key"]).first()
        done = []
        if site is None:
            site = delivery_services.add_site(
                key=values["key"],
                name=values["name"],
                kind=values["kind"],
                library=values.get("library"),
                town=values.get("town"),
                first_day=values.get("from_day"),
                note=values.get("note") or "",
                by=by,
            )
            done.append("Adds the site.")
        elif values["kind"] != site.kind:
            raise Wrong("kind", f"On record is {site.kind}. A site keeps its kind; mend the row.")
        elif site.library_id and values["name"] != site.name:
            raise Wrong("name", f"It bears the name of its library, {site.name}. Rename the library.")
        else:
            town, note = values.get("town", site.town), values.get("note", site.note) or ""
            if (values["name"], town, note) != (site.name, site.town, site.note):
                delivery_services.correct_site(site=site, name=values["name"], town=town, note=note, by=by)
                done.append("Corrects the site.")
        if values.get("through") and values["through"] != last_of(site.valid):
            delivery_services.end_service(site=site, last_day=values["through"], by=by)
            done.append(f"Ends the service with {day(values['through'])}.")
        return " ".join(done)


class DeliveryCodeResource(RosterResource):
    """Codes: a row gives a site the code that it bears from a day on."""

    columns = (
        Column("site", lambda code: code.site.key, a_site, "Its key; a library's own.", required=True),
        Column("code", lambda code: code.code, a_text(12), "Route letter and number: A12.", required=True),
        Column("from_day", lambda code: first_of(code.valid), a_day, "The first day; empty: since always."),
        Column("through", lambda code: last_of(code.valid), a_day, "Written out; it follows from the next."),
        Column("note", lambda code: code.note, a_text(250), "Where this is known from."),
    )

    class Meta(ReferenceResource.Meta):
        model = DeliveryCode

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        site, from_day = values["site"], values.get("from_day")
        code = "".join(values["code"].upper().split())
        if any(first_of(row.valid) == from_day for row in site.codes.filter(code=code)):
            return ""
        delivery_services.set_code(
            site=site, code=code, from_day=from_day, note=values.get("note") or "", by=by
        )
        return f"{site} bears {code}{f' from {day(from_day)} on' if from_day else ''}."
