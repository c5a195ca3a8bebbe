"""The form by which staff write a help page."""

from typing import Any

from django import forms

from connecticard import clock
from connecticard.form_fields import DayField
from connecticard.help.rendering import MADE, Rendered, render
from connecticard.help.services import ABOUT, TEXT
from connecticard.help.shipped import RESERVED
from connecticard.models import HELP_LANGUAGES, HelpAudience, HelpPage, HelpPageVersion, HelpSection
from connecticard.models.help import LONGEST_NAME_OF_ADDRESS


class HelpPageForm(forms.Form):
    """What a help page says, who may read it and who answers for it."""

    slug = forms.SlugField(
        label="Name in the address", max_length=60, help_text="Such as how-to-count; it stays."
    )
    language = forms.ChoiceField(choices=[("en", "English"), ("es", "Spanish")])
    title = forms.CharField(max_length=120)
    summary = forms.CharField(max_length=300, help_text="One sentence, shown under the title and in lists.")
    body = forms.CharField(
        label="Text",
        help_text="Markdown. Headings begin with ##; the live values are listed below the form.",
        widget=forms.Textarea(attrs={"rows": 24, "class": "help-writing"}),
        max_length=100_000,
    )
    section = forms.ChoiceField(choices=[(each.value, each.label) for each in HelpSection])
    position = forms.IntegerField(label="Place in its section", min_value=0, max_value=9999, initial=100)
    audience = forms.ChoiceField(
        label="Who may read it", choices=[(each.value, each.label) for each in HelpAudience]
    )
    owner = forms.CharField(label="Who answers for it", max_length=120)
    last_checked_on = DayField(label="Last checked on")
    helps_on = forms.CharField(
        label="Pages that it explains",
        required=False,
        max_length=2_000,
        help_text="Names of addresses, with blanks between, such as transactions:filing*.",
    )
    note = forms.CharField(label="What you changed, and why", max_length=250, required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, initial=0, min_value=0)

    def __init__(self, *args: Any, version: HelpPageVersion | None = None, **kwargs: Any):
        if version is not None:
            kwargs["initial"] = _of(version)
        super().__init__(*args, **kwargs)
        if version is not None:
            for name in ("slug", "language"):
                self.fields[name].disabled = True
                self.fields[name].widget = forms.HiddenInput()

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug in RESERVED or slug in MADE:
            raise forms.ValidationError("This address is taken by another page. Choose another name.")
        return slug

    def clean_last_checked_on(self) -> Any:
        day = self.cleaned_data["last_checked_on"]
        if day > clock.today():
            raise forms.ValidationError("Enter the day on which it was checked; it cannot be in the future.")
        return day

    def clean_helps_on(self) -> list[str]:
        names = self.cleaned_data["helps_on"].split()
        if too_long := [name for name in names if len(name) > LONGEST_NAME_OF_ADDRESS]:
            raise forms.ValidationError(f"No address has a name as long as “{too_long[0]}”. Mend it.")
        return list(names)

    def clean_body(self) -> str:
        typed: str = self.cleaned_data["body"]
        body = typed.replace("\r\n", "\n").strip() + "\n"
        text = render(body, language="en", today=clock.today())
        there = set(HelpPage.objects.filter(withdrawn_at=None).values_list("slug", flat=True))
        mistakes = text.mistakes + [
            f"A link to “help:{slug}”, which is no help page. Mend its name."
            for slug in sorted(text.leads_to - there)
        ]
        if mistakes:
            raise forms.ValidationError(mistakes)
        return body

    def preview(self) -> Rendered:
        """Return the text as a page will show it, with its mistakes."""
        return render(str(self["body"].value() or ""), language=self._language(), today=clock.today())

    def _language(self) -> str:
        given = self["language"].value()
        return given if given in HELP_LANGUAGES else "en"

    @property
    def about(self) -> dict[str, Any]:
        """What is kept of the page itself."""
        return {name: self.cleaned_data[name] for name in ABOUT}

    @property
    def text(self) -> dict[str, str]:
        """What the page says."""
        return {name: self.cleaned_data[name] for name in TEXT}


def _of(version: HelpPageVersion) -> dict[str, Any]:
    page = version.page
    return {
        **{name: getattr(version, name) for name in TEXT},
        **{name: getattr(page, name) for name in ("slug", "language", *ABOUT)},
        "helps_on": " ".join(page.helps_on),
        "seen": version.number,
    }
