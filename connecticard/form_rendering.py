"""How every form of the site is drawn: one template for a field, one class name for each kind of control."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import Input, Widget

# The first that fits decides; order from the particular to the general.
_CLASSES: tuple[tuple[type[Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "usa-checkbox__input"),
    (forms.RadioSelect, "usa-radio__input"),
    (forms.CheckboxInput, "usa-checkbox__input"),
    (forms.Select, "usa-select"),
    (forms.Textarea, "usa-textarea"),
    (forms.FileInput, "usa-file-input"),
    (Input, "usa-input"),
)


class SiteBoundField(BoundField):
    """A field on a page, its control dressed for the stylesheet."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, widget)
        if not widget.is_hidden:
            dress = next((name for kind, name in _CLASSES if isinstance(widget, kind)), "")
            own = attrs.get("class") or widget.attrs.get("class") or ""
            wrong = {"usa-input": "usa-input--error"}.get(dress, "") if self.errors else ""
            attrs["class"] = " ".join(dict.fromkeys(f"{own} {dress} {wrong}".split()))
        return attrs


class SiteRenderer(TemplatesSetting):
    """Draws `{{ form }}` and `{{ field.as_field_group }}` from templates/_components/."""

    form_template_name = "_components/form.html"
    field_template_name = "_components/field.html"
    bound_field_class = SiteBoundField
