"""What may be asked of a page of paper: libraries and numbers, nothing about a patron."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connecticard import clock
from libraries.models import Library
from transactions.paper.names import Stop, stops, with_town
from transactions.rules.paper import CardLayout, Expiry, town_is_in_name
from transactions.uploads.labels import normal


class LibraryField(forms.ModelChoiceField):  # type: ignore[type-arg]  # no type at run time
    """A public library that is open today, by its key; two of like names are told apart by their town."""

    def __init__(self, **given: Any):
        super().__init__(
            queryset=Library.objects.none(),
            to_field_name="key",
            empty_label=given.pop("empty_label", _("Choose a library")),
            error_messages={
                "required": _("Choose a library from the list."),
                "invalid_choice": _("No library of this key is open. Choose one from the list."),
            },
            **given,
        )

    def label_from_instance(self, obj: Library) -> str:
        return with_town(obj)


class _PaperForm(forms.Form):
    """A form of libraries, asked by address: each paper has one that can be kept as a bookmark."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        libraries = Library.objects.open_on(clock.today()).select_related("town")
        for field in self.fields.values():
            if isinstance(field, LibraryField):
                field.queryset = libraries


class LibraryForm(_PaperForm):
    """The library whose paper it is."""

    library = LibraryField(label=_("Your library"))


class CardsForm(LibraryForm):
    """A library and how many cards go on the sheet."""

    cards = forms.TypedChoiceField(
        label=_("Cards on the sheet"),
        choices=[("1", "1"), ("2", "2"), ("4", "4"), ("10", "10")],
        coerce=int,
        initial="1",
    )


class NoticeForm(_PaperForm):
    """The library that writes and the home library that it writes to."""

    library = LibraryField(label=_("Your library"))
    home = LibraryField(label=_("The borrower’s home library"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("library") and cleaned.get("library") == cleaned.get("home"):
            self.add_error(
                "home", _("Choose the library that issued the card. For your own card no notice is needed.")
            )
        return cleaned


class StopField(forms.CharField):
    """A site of deliverIT CT, typed or scanned: its code, its key or its name, or as the list offers it.

    Its value is the stop, or None where it was left empty. `stops` is set by the form.
    """

    stops: Sequence[Stop] = ()

    def __init__(self, **given: Any):
        super().__init__(
            max_length=150,
            widget=forms.TextInput(attrs={"list": "stops", "autocomplete": "off", "spellcheck": "false"}),
            error_messages={"required": _("Type a delivery code or the name of a library.")},
            **given,
        )

    def clean(self, value: Any) -> Stop | None:
        asked = normal(super().clean(value))
        if not asked:
            return None
        found = [stop for stop in self.stops if asked in (normal(stop.code), normal(stop.key))]
        found = found or [stop for stop in self.stops if asked in (normal(stop.title), normal(stop.name))]
        if len(found) != 1:
            raise forms.ValidationError(
                _("No one site of deliverIT CT has this code or name. Choose one from the list.")
            )
        return found[0]


class RoutingForm(forms.Form):
    """Who sends, and to whom: up to four sites, a slip for each, or a sheet full of slips for them."""

    sender = StopField(label=_("From"))
    to_1 = StopField(label=_("To"))
    to_2 = StopField(label=_("Second slip to"), required=False)
    to_3 = StopField(label=_("Third slip to"), required=False)
    to_4 = StopField(label=_("Fourth slip to"), required=False)
    fill = forms.BooleanField(label=_("Fill the sheet with more of the same slips"), required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.stops = stops(clock.today())
        for field in self.fields.values():
            if isinstance(field, StopField):
                field.stops = self.stops

    def receivers(self, most: int) -> list[Stop]:
        """Return where each slip of a sheet goes, in order; a sheet that is filled has `most` slips."""
        given = self.cleaned_data
        chosen = [stop for stop in (given[name] for name in ("to_1", "to_2", "to_3", "to_4")) if stop]
        return [chosen[at * len(chosen) // most] for at in range(most)] if given["fill"] else chosen


_YES_NO = [("yes", _("Yes")), ("no", _("No"))]


def _yes_or_no(label: Any, help_text: Any = "") -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        help_text=help_text,
        choices=_YES_NO,
        widget=forms.RadioSelect,
        error_messages={"required": _("Answer yes or no.")},
    )


class CardLayoutForm(LibraryForm):
    """What a library's own borrower card has on it."""

    names_library = _yes_or_no(_("Is the library’s full name on the card?"))
    names_town = _yes_or_no(
        _("Is the library’s town on the card?"), _("Part of the library’s name is enough.")
    )
    names_holder = _yes_or_no(
        _("Is the holder’s name on the card?"), _("Printed, or written by hand on a line for it.")
    )
    expiry = forms.ChoiceField(
        label=_("How does the card say when it expires?"),
        choices=[
            (Expiry.DAY, _("A date on the card: month, day and year")),
            (Expiry.MONTH_AND_YEAR, _("A month and a year on the card")),
            (Expiry.NOT_ON_THE_CARD, _("Not on the card; the date is in our computer")),
            (Expiry.NEVER, _("It does not expire")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the answer that fits the card.")},
    )
    one_library_only = _yes_or_no(_("Does the card say that it is for use in your library only?"))

    def layout(self) -> CardLayout:
        """Return the card as the rules take it."""
        given, library = self.cleaned_data, self.cleaned_data["library"]
        return CardLayout(
            names_library=given["names_library"] == "yes",
            town_in_name=given["names_library"] == "yes" and town_is_in_name(library.name, library.town.name),
            names_town=given["names_town"] == "yes",
            names_holder=given["names_holder"] == "yes",
            expiry=Expiry(given["expiry"]),
            says_one_library_only=given["one_library_only"] == "yes",
        )
