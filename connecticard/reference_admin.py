"""How reference data is kept under /admin/: shown, added, changed by a service, exchanged as files."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import urlencode
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX
from import_export.forms import ExportForm

from connecticard.admin_site import LARGEST_FILE, ReferenceSite
from connecticard.exchange import REFUSED_BY_DATABASE, FileRefused, ReferenceResource, read_table
from connecticard.models import User
from connecticard.permissions import signed_in
from connecticard.refusals import in_words

LOOKED_AT_FOR = 60 * 60  # seconds between the look at a file and taking it


class ActForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a service asks to change a record; it is valid once the service has done it.

    The admin opens a transaction around it, and shows what the service or the database refuses as mistakes of
    the form.
    """

    by: User
    title = "Change"
    refusals: ClassVar[tuple[type[Exception], ...]] = ()

    class Meta:
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any):
        if (record := kwargs.get("instance")) is not None:
            kwargs["initial"] = self.of_record(record) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)

    def of_record(self, record: Any) -> dict[str, Any]:
        """What the form holds at first for a record on file."""
        return {}

    def act(self, values: dict[str, Any]) -> models.Model:
        """Carry the change out and return the record."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self.act(self.cleaned_data)
        except PermissionDenied as refusal:
            self.add_error(None, str(refusal))
        except self.refusals as refusal:
            self.add_error(None, str(refusal))
        except REFUSED_BY_DATABASE as refusal:
            self.add_error(None, in_words(refusal))

    def save(self, commit: bool = True) -> Any:
        return self.instance


class FileForm(forms.Form):
    """A table of reference data, as CSV or XLSX."""

    file = forms.FileField(
        label="File", help_text=f"CSV in UTF-8 or XLSX, at most {LARGEST_FILE // 1_000_000} MB."
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if getattr(file, "is_too_large", False):
            raise forms.ValidationError(
                f"The file is larger than {LARGEST_FILE // 1_000_000} MB. Split it into several."
            )
        return file


class ReferenceAdmin(ExportMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The pages of one kind of reference data.

    `facts` are shown of a record. `adding` and `changing` are the forms by which a service adds or changes
    one; where there is none, there is no such page. `resource` reads and writes files; where it cannot keep a
    row, files are only written.
    """

    facts: Sequence[str] = ()
    adding: type[ActForm] | None = None
    changing: type[ActForm] | None = None
    resource: type[ReferenceResource]
    reads_files = True

    admin_site: ReferenceSite
    actions = None
    view_on_site = False
    show_full_result_count = False
    list_per_page = 100
    skip_admin_log = True
    export_form_class = ExportForm
    formats = [CSV, XLSX]
    import_export_change_list_template = "admin/reference/change_list.html"
    export_template_name = "admin/reference/export.html"
    change_form_template = "admin/reference/change_form.html"
    to_encoding = "utf-8-sig"

    @property
    def export_formats(self) -> list[Any]:
        return self.formats

    # Who may

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.adding is not None and self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (
            self.changing is not None
            and (obj is None or self.may_change(obj))
            and self.admin_site.has_permission(request)
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def may_change(self, record: Any) -> bool:
        """Whether the form of a change has something to change about this record."""
        return True

    # Pages

    def get_urls(self) -> list[Any]:
        """Return the addresses that lead somewhere: nothing is deleted here."""
        left_out = {"_delete"} | ({"_add"} if self.adding is None else set())
        urls = [
            url
            for url in super().get_urls()
            if not any((url.name or "").endswith(ending) for ending in left_out)
        ]
        if not self.reads_files:
            return urls
        name = f"{self.opts.app_label}_{self.opts.model_name}_import"
        return [path("import/", self.admin_site.admin_view(self.import_file), name=name), *urls]

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = (self.changing if change else self.adding) or ActForm
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"by": request.user})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": list(self.adding.base_fields) if self.adding else []})]
        shown: list[Any] = [("On record", {"fields": list(self.facts)})]
        if self.changing is not None and self.has_change_permission(request, obj):
            shown.append((self.changing.title, {"fields": list(self.changing.base_fields)}))
        return shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [] if obj is None else list(self.facts)

    def history_view(self, request: Any, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show what was done to a record: in the audit trail, which is the only one."""
        record = self.get_object(request, object_id)
        if record is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return redirect(f"{reverse('connecticard:audit')}?{urlencode({'record': str(record)})}")

    def changelist_view(self, request: Any, extra_context: Any = None) -> HttpResponse:
        shown: HttpResponse = super().changelist_view(
            request, (extra_context or {}) | {"reads_files": self.reads_files}
        )
        return shown

    # The service has saved and recorded already

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        pass

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        pass

    def log_addition(self, request: Any, obj: Any, message: Any) -> Any:
        return None

    def log_change(self, request: Any, obj: Any, message: Any) -> Any:
        return None

    # Files

    def get_export_resource_classes(self, request: Any) -> list[type[ReferenceResource]]:
        return [self.resource]

    def import_file(self, request: HttpRequest) -> HttpResponse:
        """Read a file: what it would do is shown first, then all of it is done, or nothing."""
        by = signed_in(request)
        if request.method == "POST" and "looked_at" in request.POST:
            return self._take(request, by, request.POST["looked_at"])
        form = (
            FileForm(request.POST or None, request.FILES or None) if request.method == "POST" else FileForm()
        )
        context: dict[str, Any] = {"form": form}
        if form.is_bound and form.is_valid():
            file = form.cleaned_data["file"]
            content = file.read()
            context |= self._read(file.name, content, by, for_good=False)
            if context.get("changing"):
                context["looked_at"] = uuid4().hex
                cache.set(_kept_as(by, context["looked_at"]), (file.name, content), LOOKED_AT_FOR)
        return self._import_page(request, context)

    def _take(self, request: HttpRequest, by: User, looked_at: str) -> HttpResponse:
        kept: tuple[str, bytes] | None = cache.get(_kept_as(by, looked_at))
        if kept is None:
            messages.error(request, "The file that was looked at is no longer kept. Choose it again.")
            return HttpResponseRedirect(request.path)
        context = self._read(kept[0], kept[1], by, for_good=True)
        if context.get("refused") or context.get("mistakes"):
            messages.error(request, "Nothing was changed: what is on record has changed since the look.")
            return self._import_page(request, {"form": FileForm()} | context)
        cache.delete(_kept_as(by, looked_at))
        changed = len(context["changing"])
        messages.success(
            request,
            f"{changed} {'row' if changed == 1 else 'rows'} of {kept[0]} put on record; "
            f"{context['unchanged']} were on record already.",
        )
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def _read(self, name: str, content: bytes, by: User, *, for_good: bool) -> dict[str, Any]:
        try:
            table = read_table(name, content)
            reading = self.resource().read_in(table, by=by, for_good=for_good)
        except FileRefused as refusal:
            return {"refused": str(refusal), "file_name": name}
        changing = [change for change in reading.changes if change.words]
        return {
            "file_name": name,
            "header": table.header,
            "mistakes": reading.mistakes,
            "changing": [] if reading.mistakes else changing,
            "unchanged": len(reading.changes) - len(changing),
        }

    def _import_page(self, request: Any, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "admin/reference/import.html",
            {
                **self.admin_site.each_context(request),
                "title": f"Read {self.opts.verbose_name_plural} from a file",
                "opts": self.opts,
                "columns": self.resource.columns,
                **context,
            },
        )


def _kept_as(by: User, looked_at: str) -> str:
    return f"exchange:{by.pk}:{looked_at[:32]}"
