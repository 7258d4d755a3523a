"""The look of a form's fields: `{{ form.name.as_field_group }}` renders parts/_field.html."""

from typing import Any

from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Widget
from django.forms.renderers import BaseRenderer, TemplatesSetting
from django.utils.safestring import SafeString


class StyledField(BoundField):
    """Its widget has the class of its kind, and is marked when it is wrong."""

    def as_widget(
        self, widget: Widget | None = None, attrs: dict[str, Any] | None = None, only_initial: bool = False
    ) -> SafeString:
        shown = widget or self.field.widget
        if shown.is_hidden:
            return super().as_widget(widget, attrs, only_initial)
        if isinstance(shown, CheckboxInput):
            look = "form-check-input"
        elif isinstance(shown, RadioSelect | CheckboxSelectMultiple):
            look = "choices"
        else:
            look = "form-select" if isinstance(shown, Select) else "form-control"
        names = (look, shown.attrs.get("class"), "is-invalid" if self.errors else "")
        attrs = {"class": " ".join(filter(None, names)), **(attrs or {})}
        return super().as_widget(widget, attrs, only_initial)


class SiteRenderer(TemplatesSetting):
    field_template_name = "parts/_field.html"
    bound_field_class = StyledField


class Styled:
    """For every form of the site; the admin site's forms keep their own look."""

    default_renderer: BaseRenderer | type[BaseRenderer] | None = SiteRenderer
