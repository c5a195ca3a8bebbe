"""Each write of the help center: what ships is loaded, and what staff write is kept with its versions."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from connecticard import clock
from connecticard.help import shipped
from connecticard.help.rendering import words_of
from connecticard.models import (
    AuditEvent,
    DirectoryEntry,
    GlossaryTerm,
    HelpPage,
    HelpPageVersion,
    User,
)
from connecticard.permissions import Action, check

TEXT = ("title", "summary", "body")
ABOUT = ("audience", "section", "position", "owner", "last_checked_on", "helps_on")

Kept = TypeVar("Kept", GlossaryTerm, DirectoryEntry)


class HelpRefused(Exception):
    """A change of the help center that cannot be made as it is; the message says what to do."""


@transaction.atomic
def write_page(
    *,
    slug: str,
    language: str,
    about: dict[str, Any],
    text: dict[str, str],
    note: str,
    seen: int,
    by: User,
) -> HelpPageVersion:
    """Keep what staff wrote as the next version of a page, or begin the page; return what now stands.

    `about` holds what is kept of the page itself, `text` its title, summary and body; `seen` is the number of
    the version that the writer began from, 0 for a new page. From then on no release changes the page.
    Raises HelpRefused where somebody else wrote meanwhile.
    """
    check(by, Action.KEEP_HELP)
    page = HelpPage.objects.select_for_update().filter(slug=slug, language=language).first()
    before = {} if page is None else {name: _plain(getattr(page, name)) for name in ABOUT}
    standing = None if page is None else page.versions.without_index().first()
    if seen != (standing.number if standing else 0):
        raise HelpRefused(
            "Somebody changed this page while you wrote. Open it again, and write yours into theirs."
        )
    if page is None:
        page = HelpPage(slug=slug, language=language)
    for name, value in about.items():
        setattr(page, name, value)
    page.kept_by_staff_since = page.kept_by_staff_since or clock.now()
    page.withdrawn_at = None
    page.save()
    if standing is None or _differs(standing, text):
        standing = _add_version(page, number=seen + 1, text=text, by=by, note=note)
    after = {name: _plain(getattr(page, name)) for name in ABOUT} | {"version": standing.number, "note": note}
    AuditEvent.record("help_page_written", target=page, by=by, before=before or None, after=after)
    return standing


@transaction.atomic
def restore_version(*, version: HelpPageVersion, by: User) -> HelpPageVersion:
    """Let a page say again what it said in a former version, as a new version; return that."""
    check(by, Action.KEEP_HELP)
    page = HelpPage.objects.select_for_update().get(pk=version.page_id)
    newest = page.versions.without_index()[0]
    text = {name: getattr(version, name) for name in TEXT}
    if not _differs(newest, text):
        raise HelpRefused("The page says this already.")
    page.kept_by_staff_since = page.kept_by_staff_since or clock.now()
    page.save(update_fields=["kept_by_staff_since"])
    restored = _add_version(
        page, number=newest.number + 1, text=text, by=by, note=f"Version {version.number} again"
    )
    AuditEvent.record(
        "help_page_restored", target=page, by=by, after={"version": restored.number, "as": version.number}
    )
    return restored


@transaction.atomic
def withdraw_page(*, page: HelpPage, by: User) -> None:
    """Show a page to nobody any more; its versions stay, and writing it again brings it back."""
    check(by, Action.KEEP_HELP)
    page = HelpPage.objects.select_for_update().get(pk=page.pk)
    if page.withdrawn_at is None:
        page.withdrawn_at = clock.now()
        page.kept_by_staff_since = page.kept_by_staff_since or clock.now()
        page.save(update_fields=["withdrawn_at", "kept_by_staff_since"])
        AuditEvent.record("help_page_withdrawn", target=page, by=by)


@transaction.atomic
def add_row(*, kind: type[Kept], key: str, language: str, values: dict[str, Any], by: User) -> Kept:
    """Put a word of the glossary or an entry of the directory on record, and return it.

    `values` by column, as `change_row` takes them. No release changes the row from then on.
    Raises HelpRefused where it is on record already, or a value is not fit to keep.
    """
    check(by, Action.KEEP_HELP)
    on_record = kind._default_manager.filter(key=key, language=language).first()
    if on_record is not None:
        raise HelpRefused(
            f"The key “{key}” is “{on_record}” already. Change that one, or choose another key."
        )
    return _keep_row(kind(key=key, language=language), values, by)


@transaction.atomic
def change_row(*, row: Kept, values: dict[str, Any], by: User) -> Kept:
    """Keep what staff wrote of a word or an entry, and return it; it stays as it was where nothing differs.

    `values` by column; of `withdrawn`, True shows it to nobody any more, and False brings it back. From then
    on no release changes the row. Raises HelpRefused where a value is not fit to keep.
    """
    check(by, Action.KEEP_HELP)
    return _keep_row(type(row)._default_manager.select_for_update().get(pk=row.pk), values, by)


def _keep_row(row: Kept, values: dict[str, Any], by: User) -> Kept:
    values = dict(values)
    if (withdrawn := values.pop("withdrawn", None)) is not None:
        values["withdrawn_at"] = (row.withdrawn_at or clock.now()) if withdrawn else None
    is_new = row.pk is None
    if not is_new and not _differs(row, values):
        return row
    before = {name: _plain(getattr(row, name)) for name in values}
    for name, value in values.items():
        setattr(row, name, value)
    row.kept_by_staff_since = row.kept_by_staff_since or clock.now()
    try:
        row.clean_fields(exclude={"kept_by_staff_since", "withdrawn_at"})
    except ValidationError as wrong:
        words = (f"{_label(row, name)}: {' '.join(each)}" for name, each in wrong.message_dict.items())
        raise HelpRefused(" ".join(words)) from wrong
    if isinstance(row, DirectoryEntry) and not (row.link or row.email or row.phone):
        raise HelpRefused("Nothing says how to reach it. Enter a web page, an e-mail address or a telephone.")
    row.save()
    name = "glossary_term" if isinstance(row, GlossaryTerm) else "directory_entry"
    AuditEvent.record(
        f"{name}_{'added' if is_new else 'changed'}",
        target=row,
        by=by,
        before=None if is_new else before,
        after={name: _plain(value) for name, value in values.items()},
    )
    return row


def _label(row: Kept, name: str) -> str:
    return str(getattr(row._meta.get_field(name), "verbose_name", name)).capitalize()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


@transaction.atomic
def load_help() -> int:
    """Bring what is shipped up to date and return how many pages, terms and entries changed.

    What staff have changed stays as it is. What no longer ships is withdrawn, unless staff keep it.
    Raises shipped.ContentRefused where a file cannot be read; nothing is changed then.
    """
    changed = _load_pages(shipped.pages())
    changed += _load_rows(GlossaryTerm, shipped.terms())
    changed += _load_rows(DirectoryEntry, shipped.entries())
    return changed


def _load_pages(pages: Sequence[shipped.ShippedPage]) -> int:
    on_record = {(page.slug, page.language): page for page in HelpPage.objects.select_for_update()}
    newest = {version.page_id: version for version in HelpPageVersion.objects.newest().without_index()}
    changed = 0
    for each in pages:
        page = on_record.pop((each.slug, each.language), None)
        if page is None:
            page = HelpPage.objects.create(**each.page)
            _add_version(page, number=1, text=each.text, by=None)
            changed += 1
        elif page.kept_by_staff_since is None:
            changed += _bring_up_to_date(page, newest[page.pk], each)
    return changed + _withdraw(list(on_record.values()))


def _bring_up_to_date(page: HelpPage, standing: HelpPageVersion, each: shipped.ShippedPage) -> bool:
    about = each.page | {"withdrawn_at": None}
    is_changed = _differs(page, about)
    if is_changed:
        HelpPage.objects.filter(pk=page.pk).update(**about)
    if _differs(standing, each.text):
        _add_version(page, number=standing.number + 1, text=each.text, by=None)
        is_changed = True
    return is_changed


def _load_rows(kind: type[Kept], rows: Sequence[shipped.ShippedTerm | shipped.ShippedEntry]) -> int:
    on_record = {(row.key, row.language): row for row in kind._default_manager.select_for_update()}
    changed = 0
    for each in rows:
        values = vars(each) | ({"also": list(each.also)} if isinstance(each, shipped.ShippedTerm) else {})
        row = on_record.pop((each.key, each.language), None)
        if row is None:
            kind._default_manager.create(**values)
            changed += 1
        elif row.kept_by_staff_since is None and _differs(row, values | {"withdrawn_at": None}):
            kind._default_manager.filter(pk=row.pk).update(**values, withdrawn_at=None)
            changed += 1
    return changed + _withdraw(list(on_record.values()))


def _differs(record: models.Model, values: dict[str, Any]) -> bool:
    return any(getattr(record, name) != value for name, value in values.items())


def _withdraw(records: Sequence[HelpPage | GlossaryTerm | DirectoryEntry]) -> int:
    """Withdraw what no longer ships, and return how much."""
    gone = [each for each in records if each.kept_by_staff_since is None and each.withdrawn_at is None]
    for record in gone:
        record.withdrawn_at = timezone.now()
        record.save(update_fields=["withdrawn_at"])
    return len(gone)


def _add_version(
    page: HelpPage, *, number: int, text: dict[str, str], by: User | None, note: str = ""
) -> HelpPageVersion:
    return HelpPageVersion.objects.create(
        page=page,
        number=number,
        **text,
        words=words_of(text["body"]),
        note=note,
        made_by=by,
        made_at=clock.now(),
    )
