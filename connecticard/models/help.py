"""The help center as records: pages with all their versions, terms of the glossary, the directory."""

from enum import StrEnum

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import CombinedExpression
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

HELP_LANGUAGES = ("en", "es")
LONGEST_NAME_OF_ADDRESS = 80


class HelpAudience(StrEnum):
    """Who may read a help page."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    STATE = "state"

    @property
    def label(self) -> str:
        """The audience in words for people."""
        return {
            HelpAudience.PUBLIC: "Everybody",
            HelpAudience.SIGNED_IN: "Everybody who is signed in",
            HelpAudience.STATE: "People of the State Library and auditors",
        }[self]


class HelpSection(StrEnum):
    """The parts of the help center, in their order."""

    START = "start"
    DESK = "desk"
    COUNTING = "counting"
    FILING = "filing"
    PAYMENT = "payment"
    DELIVERY = "delivery"
    SITE = "site"
    REFERENCE = "reference"

    @property
    def label(self) -> str | Promise:
        """The section as a heading."""
        return {
            HelpSection.START: _("Start here"),
            HelpSection.DESK: _("At the desk"),
            HelpSection.COUNTING: _("Counting"),
            HelpSection.FILING: _("Filing"),
            HelpSection.PAYMENT: _("Payment"),
            HelpSection.DELIVERY: _("Delivery"),
            HelpSection.SITE: _("Using this site"),
            HelpSection.REFERENCE: _("To look up"),
        }[self]

    @property
    def place(self) -> int:
        """Where it stands among the sections, from 0."""
        return list(HelpSection).index(self)


def _choices(kind: type[HelpAudience] | type[HelpSection]) -> list[tuple[str, str | Promise]]:
    return [(each.value, each.label) for each in kind]


def _in_a_language(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Q(language__in=HELP_LANGUAGES))


class HelpPage(models.Model):
    """A page of the help center in one language; what it says stands in its versions.

    `helps_on` names the pages of the site that it explains, by the names of their addresses; a star at the
    end stands for any ending. `kept_by_staff_since` None: it is as it was shipped, and a newer release
    brings a newer text. `withdrawn_at`: shown to nobody any more.
    """

    slug = models.SlugField("name in the address", max_length=60)
    language = models.CharField(max_length=2, default="en")
    audience = models.CharField("who may read it", max_length=12, choices=_choices(HelpAudience))
    section = models.CharField(max_length=12, choices=_choices(HelpSection))
    position = models.PositiveSmallIntegerField("place in its section", default=100)
    owner = models.CharField("who answers for it", max_length=120)
    last_checked_on = models.DateField()
    helps_on = ArrayField(models.CharField(max_length=LONGEST_NAME_OF_ADDRESS), default=list, blank=True)
    kept_by_staff_since = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug", "language"], name="one_help_page_in_a_language"),
            _in_a_language("help_page_is_in_a_language_of_the_site"),
        ]

    def __str__(self) -> str:
        return f"{self.slug} ({self.language})"


class HelpPageVersionQuerySet(models.QuerySet["HelpPageVersion"]):
    def newest(self) -> "HelpPageVersionQuerySet":
        """The newest version of each page."""
        later = HelpPageVersion.objects.filter(page=OuterRef("page"), number__gt=OuterRef("number"))
        return self.filter(~Exists(later)).select_related("page")

    def standing(self) -> "HelpPageVersionQuerySet":
        """What the pages say today: the newest version of each that is not withdrawn."""
        return self.newest().filter(page__withdrawn_at=None)

    def without_index(self) -> "HelpPageVersionQuerySet":
        """Rows without the words that are only there to be searched."""
        return self.defer("words", "in_english", "in_spanish")


def _weighted(config: str) -> CombinedExpression:
    title = SearchVector("title", weight="A", config=config)
    return (
        title
        + SearchVector("summary", weight="B", config=config)
        + SearchVector("words", weight="C", config=config)
    )


class HelpPageVersion(models.Model):
    """What a help page said from a moment on, until its next version; never changed and never removed.

    `body` is Markdown as docs/help-content.md describes it, `words` the same without its marks, to be
    searched. `made_by` None: shipped with the program.
    """

    page = models.ForeignKey(HelpPage, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    summary = models.CharField(max_length=300)
    body = models.TextField()
    words = models.TextField()
    note = models.CharField("what was changed and why", max_length=250, blank=True)
    made_by = models.ForeignKey("connecticard.User", on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    in_english = models.GeneratedField(
        expression=_weighted("english"), output_field=SearchVectorField(), db_persist=True
    )
    in_spanish = models.GeneratedField(
        expression=_weighted("spanish"), output_field=SearchVectorField(), db_persist=True
    )

    objects = HelpPageVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        indexes = [
            GinIndex(fields=["in_english"], name="help_in_english"),
            GinIndex(fields=["in_spanish"], name="help_in_spanish"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["page", "number"], name="one_help_page_version_of_a_number"),
            models.CheckConstraint(name="help_page_versions_count_from_one", condition=Q(number__gte=1)),
        ]
        triggers = [
            pgtrigger.Protect(name="help_page_version_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.title


class GlossaryTerm(models.Model):
    """A word or acronym of Connecticut's libraries, in one language of the site.

    `explained`: its meaning can be opened wherever it stands on a page, also as written in `also`.
    `kept_by_staff_since` and `withdrawn_at` as of a help page.
    """

    key = models.SlugField(max_length=60)
    language = models.CharField(max_length=2, default="en")
    term = models.CharField(max_length=60)
    also = ArrayField(
        models.CharField(max_length=60), default=list, blank=True, verbose_name="also written as"
    )
    stands_for = models.CharField(max_length=120, blank=True)
    meaning = models.CharField(max_length=600)
    explained = models.BooleanField("explained wherever it stands", default=True)
    link = models.URLField("where to read more", max_length=300, blank=True)
    last_checked_on = models.DateField()
    kept_by_staff_since = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["term"]
        constraints = [
            models.UniqueConstraint(fields=["key", "language"], name="one_glossary_term_in_a_language"),
            _in_a_language("glossary_term_is_in_a_language_of_the_site"),
        ]

    def __str__(self) -> str:
        return self.term


class DirectoryEntry(models.Model):
    """An office, list or service to turn to, in one language of the site.

    `last_checked_on` is the day on which somebody looked whether it is still so.
    """

    key = models.SlugField(max_length=60)
    language = models.CharField(max_length=2, default="en")
    group = models.CharField("heading under which it stands", max_length=80)
    position = models.PositiveSmallIntegerField(default=100)
    name = models.CharField(max_length=120)
    purpose = models.CharField("what for", max_length=400)
    link = models.URLField("web page", max_length=300, blank=True)
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField(max_length=30, blank=True)
    last_checked_on = models.DateField()
    kept_by_staff_since = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["key", "language"], name="one_directory_entry_in_a_language"),
            _in_a_language("directory_entry_is_in_a_language_of_the_site"),
            models.CheckConstraint(
                name="directory_entry_says_how_to_reach_it",
                condition=~Q(link="") | ~Q(email="") | ~Q(phone=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name
