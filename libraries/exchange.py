"""The roster as files: libraries, names, successors, residency, letters of agreement, consortia."""

from typing import Any

from connecticard.exchange import (
    Column,
    ReferenceResource,
    Wrong,
    a_day,
    a_text,
    degrees,
    find,
    first_of,
    last_of,
    yes_or_no,
)
from connecticard.models import User
from connecticard.templatetags.figures import day
from libraries import consortium_services, desk_services, services
from libraries.models import (
    Consortium,
    ConsortiumMembership,
    LetterOfAgreement,
    Library,
    LibraryContact,
    LibraryName,
    LibrarySuccession,
    Residency,
    Town,
)
from libraries.refused import RosterChangeRefused

KEY = "Its FSCS key or State Library key, such as CT0003."
a_library = find(Library, "key", "library", "its key, such as CT0003")
a_town = find(Town, "name", "town", "its name, such as Union")
a_consortium = find(Consortium, "name", "consortium", "its name")


class RosterResource(ReferenceResource):
    """A table of who takes part."""

    refusals = (RosterChangeRefused,)


class TownResource(RosterResource):
    """The towns, which are only written out."""

    columns = (
        Column("number", lambda town: town.number, int, "The State's number of the town."),
        Column("name", lambda town: town.name, str, "Its name."),
        Column("county", lambda town: town.county, str, "Its county."),
        Column("planning_region", lambda town: town.planning_region, str, "Its planning region."),
        Column("geoid", lambda town: town.geoid, str, "Census GEOID, county based."),
        Column("population", lambda town: town.population, int, "Population on July 1, 2020."),
    )

    class Meta(ReferenceResource.Meta):
        model = Town


class LibraryResource(RosterResource):
    """The libraries: a new one is opened, of one on record the place and standing are kept."""

    columns = (
        Column("key", lambda library: library.key, a_text(12), KEY, required=True),
        Column("name", lambda library: library.name, a_text(120), "Its name today.", required=True),
        Column("town", lambda library: library.town.name, a_town, "The town it stands in.", required=True),
        Column(
            "state_library_number",
            lambda library: library.state_library_number,
            a_text(12),
            "The State Library's number of it.",
        ),
        Column("address", lambda library: library.address, a_text(120), "Street and number."),
        Column("postal_city", lambda library: library.postal_city, a_text(60), "As its mail is addressed."),
        Column("zip_code", lambda library: library.zip_code, a_text(10), "Such as 06019."),
        Column("latitude", lambda library: library.latitude, degrees(90), "In degrees."),
        Column("longitude", lambda library: library.longitude, degrees(180), "In degrees, west negative."),
        Column("open_from", lambda library: first_of(library.open_during), a_day, "Of a new library."),
        Column(
            "open_through",
            lambda library: last_of(library.open_during),
            a_day,
            "Its last day; a library is closed on its own page.",
        ),
        Column(
            "legal_standing",
            lambda library: library.has_legal_standing,
            yes_or_no,
            "Whether legal standing is met (C.G.S. 11-24a).",
        ),
        Column(
            "legal_standing_evidence",
            lambda library: library.legal_standing_evidence,
            a_text(2000),
            "What was looked at, when, and what it shows.",
        ),
        Column("document", lambda library: "", a_text(250), "Of a new library: what says that it opened."),
    )

    class Meta(ReferenceResource.Meta):
        model = Library

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        library = Library.objects.select_related("town").filter(key__iexact=values["key"]).first()
        if library is None:
            return self._open(values, by)
        for name, stands, cure in (
            ("name", library.name, "Record a new name under Former names."),
            ("town", library.town, "A library keeps its town; mend the row."),
            ("open_from", first_of(library.open_during), "The first day of a library on record stays."),
            ("open_through", last_of(library.open_during), "Close a library on its own page."),
        ):
            if name in values and values[name] != stands:
                raise Wrong(name, f"On record is {stands or 'nothing'}. {cure}")
        done = []
        details = _details(values)
        if {name: getattr(library, name) for name in details} != details:
            services.correct_library(library=library, by=by, **details)
            done.append("Corrects where it is.")
        return " ".join([*done, *self._stand(library, values, by)])

    def _stand(self, library: Library, values: dict[str, Any], by: User) -> list[str]:
        met = values.get("legal_standing")
        evidence = values.get("legal_standing_evidence", library.legal_standing_evidence) or ""
        if met is None or (met, evidence) == (library.has_legal_standing, library.legal_standing_evidence):
            return []
        services.set_legal_standing(library=library, met=met, evidence=evidence, by=by)
        return ["Records its legal standing."]

    def _open(self, values: dict[str, Any], by: User) -> str:
        for name in ("open_from", "document"):
            if not values.get(name):
                raise Wrong(
                    name,
                    f"No library has the key {values['key']}. To open it, enter its first day and the "
                    "document that says so; else mend the key.",
                )
        library = services.open_library(
            key=values["key"],
            name=values["name"],
            town=values["town"],
            first_day=values["open_from"],
            document=values["document"],
            by=by,
            **_details(values),
        )
        self._stand(library, values, by)
        return f"Opens the library on {day(values['open_from'])}."


def _details(values: dict[str, Any]) -> dict[str, Any]:
    """Return where a row says that a library is: an empty cell of a text is an empty text."""
    return {
        name: values[name] if name in ("latitude", "longitude") else values[name] or ""
        for name in services.DETAILS
        if name in values
    }


class LibraryNameResource(RosterResource):
    """Renamings: from a day on a library bears a new name, and its former one stays for the days before."""

    columns = (
        Column("library", lambda name: name.library.key, a_library, KEY, required=True),
        Column("former_name", lambda name: name.name, a_text(120), "Its name until then.", required=True),
        Column(
            "new_name",
            lambda name: name.library.name_on(name.valid.upper),
            a_text(120),
            "Its name from then on.",
            required=True,
        ),
        Column(
            "from_day", lambda name: name.valid.upper, a_day, "The first day of the new name.", required=True
        ),
    )

    class Meta(ReferenceResource.Meta):
        model = LibraryName

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        library, from_day = values["library"], values["from_day"]
        on_record = library.former_names.filter(valid__endswith=from_day, name=values["former_name"]).first()
        if on_record and library.name_on(from_day) == values["new_name"]:
            return ""
        if library.name != values["former_name"]:
            raise Wrong("former_name", f"Its name on record is {library.name}. Enter that one.")
        services.rename_library(library=library, name=values["new_name"], from_day=from_day, by=by)
        return f"{values['former_name']} is called {values['new_name']} from {day(from_day)} on."


class SuccessionResource(RosterResource):
    """Legal successors of libraries that closed or merged."""

    columns = (
        Column("predecessor", lambda record: record.predecessor.key, a_library, KEY, required=True),
        Column("successor", lambda record: record.successor.key, a_library, KEY, required=True),
        Column(
            "on", lambda record: record.on, a_day, "The day from which it takes its place.", required=True
        ),
        Column(
            "document",
            lambda record: record.document,
            a_text(250),
            "What makes it so, with its date.",
            required=True,
        ),
    )

    class Meta(ReferenceResource.Meta):
        model = LibrarySuccession

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        if LibrarySuccession.objects.filter(**values).exists():
            return ""
        services.record_succession(by=by, **values)
        return (
            f"{values['successor']} takes the place of {values['predecessor']} from {day(values['on'])} on."
        )


class ResidencyResource(RosterResource):
    """Home libraries of towns: a row names a principal library; a town's other rows follow from it (1(c))."""

    columns = (
        Column("town", lambda row: row.town.name, a_town, "The town.", required=True),
        Column("library", lambda row: row.library.key, a_library, KEY, required=True),
        Column(
            "principal", lambda row: row.principal, yes_or_no, "yes for its principal library.", required=True
        ),
        Column("from_day", lambda row: first_of(row.valid), a_day, "The first day; empty where unknown."),
        Column("through", lambda row: last_of(row.valid), a_day, "The last day; empty where there is none."),
        Column("source", lambda row: row.source, a_text(250), "The document that says so, with its date."),
    )

    class Meta(ReferenceResource.Meta):
        model = Residency

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        town, library, from_day = values["town"], values["library"], values.get("from_day")
        rows = Residency.objects.filter(town=town, library=library, principal=values["principal"])
        for row in rows:
            if first_of(row.valid) == from_day and (
                "through" not in values or last_of(row.valid) == values["through"]
            ):
                return ""
        if not values["principal"]:
            raise Wrong(
                "principal",
                "A town's own libraries are its home libraries by themselves. Give a row to its principal "
                "library alone, or leave this row out.",
            )
        if values.get("through"):
            raise Wrong(
                "through",
                "A row ends when another library becomes principal. Leave the cell empty, or give a "
                "row to the library that follows.",
            )
        if from_day is None:
            raise Wrong("from_day", "Enter the first day on which it is the principal library.")
        services.change_residency(
            town=town, principal=library, from_day=from_day, source=values.get("source") or "", by=by
        )
        return f"{library} is the principal library of {town} from {day(from_day)} on."


class LetterResource(RosterResource):
    """Letters of agreement: a row puts a letter on file, or records that it was withdrawn (1(d))."""

    columns = (
        Column("library", lambda letter: letter.library.key, a_library, KEY, required=True),
        Column(
            "filed_on",
            lambda letter: first_of(letter.valid),
            a_day,
            "The day it was placed on file.",
            required=True,
        ),
        Column("signatory", lambda letter: letter.signatory, a_text(150), "Name and office.", required=True),
        Column("document", lambda letter: letter.document, a_text(250), "Where the letter is kept."),
        Column(
            "withdrawn_on",
            lambda letter: last_of(letter.valid),
            a_day,
            "The last day on which it takes part.",
        ),
        Column("reason", lambda letter: "", a_text(250), "Of a withdrawal: why, and by which document."),
    )

    class Meta(ReferenceResource.Meta):
        model = LetterOfAgreement

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        library, done = values["library"], []
        letter = library.letters.filter(valid__startswith=values["filed_on"]).first()
        if letter is None:
            letter = services.record_letter(
                library=library,
                filed_on=values["filed_on"],
                signatory=values["signatory"],
                document=values.get("document") or "",
                by=by,
            )
            done.append(f"{library} participates from {day(values['filed_on'])} on.")
        else:
            for name in ("signatory", "document"):
                if name in values and (values[name] or "") != getattr(letter, name):
                    raise Wrong(
                        name, f"On file is {getattr(letter, name) or 'nothing'}. A letter stays as filed."
                    )
        if "withdrawn_on" in values and values["withdrawn_on"] != last_of(letter.valid):
            if values["withdrawn_on"] is None:
                raise Wrong(
                    "withdrawn_on", f"It was withdrawn on {last_of(letter.valid)}. Record a new letter."
                )
            services.withdraw_letter(
                letter=letter, withdrawn_on=values["withdrawn_on"], reason=values.get("reason") or "", by=by
            )
            done.append(f"The letter is withdrawn on {day(values['withdrawn_on'])}.")
        return " ".join(done)


class ContactResource(RosterResource):
    """How libraries are reached; what a row changes counts as looked at today."""

    columns = (
        Column("library", lambda contact: contact.library.key, a_library, KEY, required=True),
        Column("phone", lambda contact: contact.phone, a_text(30), "Its telephone."),
        Column("hours", lambda contact: contact.hours, a_text(500), "When it is open."),
        Column("web_site", lambda contact: contact.web_site, a_text(200), "It begins with https://."),
    )

    class Meta(ReferenceResource.Meta):
        model = LibraryContact

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        library = values["library"]
        on_record = LibraryContact.objects.filter(library=library).first()
        before = {name: getattr(on_record, name, "") for name in ("phone", "hours", "web_site")}
        said = {name: values.get(name, before[name]) or "" for name in before}
        if said == before:
            return ""
        desk_services.say_how_reached(library=library, by=by, **said)
        return f"It is on record how {library} is reached."


class ConsortiumResource(RosterResource):
    """Consortia by name."""

    columns = (Column("name", lambda row: row.name, a_text(120), "Its name.", required=True),)

    class Meta(ReferenceResource.Meta):
        model = Consortium

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        if Consortium.objects.filter(name=values["name"]).exists():
            return ""
        consortium_services.name_consortium(by=by, **values)
        return f"{values['name']} is put on record."


class MembershipResource(RosterResource):
    """Which library belongs to which consortium."""

    columns = (
        Column("consortium", lambda row: row.consortium.name, a_consortium, "Its name.", required=True),
        Column("library", lambda row: row.library.key, a_library, KEY, required=True),
        Column("from_day", lambda row: first_of(row.valid), a_day, "The first day; empty where unknown."),
        Column("through", lambda row: last_of(row.valid), a_day, "The last day; empty where there is none."),
    )

    class Meta(ReferenceResource.Meta):
        model = ConsortiumMembership

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        library, consortium, done = values["library"], values["consortium"], []
        from_day, through = values.get("from_day"), values.get("through")
        rows = library.consortium_memberships.filter(consortium=consortium)
        row = next((row for row in rows if first_of(row.valid) == from_day), None)
        if row is None:
            if from_day is None:
                raise Wrong("from_day", "Enter the first day on which it belongs to the consortium.")
            row = consortium_services.join_consortium(
                library=library, consortium=consortium, from_day=from_day, by=by
            )
            done.append(f"{library} belongs to {consortium} from {day(from_day)} on.")
        if "through" in values and through != last_of(row.valid):
            if through is None:
                raise Wrong(
                    "through", f"It left on {last_of(row.valid)}. Give a row to the day it came back."
                )
            consortium_services.leave_consortium(membership=row, last_day=through, by=by)
            done.append(f"{library} leaves {consortium} after {day(through)}.")
        return " ".join(done)
