"""The tables as they are. Only prices are changed here; people and roles on Django's own pages.

Tables that grow with every recipient are never counted, and open by their newest rows.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from campaigns import models
from campaigns.labels.discrepancies import describe_discrepancy
from campaigns.labels.history import describe
from campaigns.labels.provider_words import describe_stored
from campaigns.labels.webhooks import describe_webhook_error

if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Model]
    BasePaginator = Paginator[Model]
else:
    BaseAdmin = admin.ModelAdmin
    BasePaginator = Paginator

admin.site.site_title = admin.site.site_header = "Carillon"
admin.site.index_title = "Carillon: the tables behind the pages"

DEEPEST = 20
"""Pages that the admin leads to; further down one searches."""


class UncountedPaginator(BasePaginator):
    """Counts no further than its last page, so that no page counts ten million rows."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return len(rows.values_list("pk", flat=True)[: self.per_page * DEEPEST])


class ReadOnlyAdmin(BaseAdmin):
    """For those who may view it; nobody adds, changes or deletes.

    Columns with choices are filters, columns with a whole number or id are searched, foreign keys are joined.
    """

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = UncountedPaginator
    actions = None
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


COLUMNS: dict[type[Model], str] = {
    models.Campaign: "name state contact_list sender segments launched_at launched_by",
    models.Counters: "campaign rows " + " ".join(models.RowState.values),
    models.CampaignRow: "id campaign import_row outcome reason",
    models.Batch: (
        "campaign number size state sender provider_id "
        "provider_status processed_count cost accepted_at polled_at"
    ),
    models.Attempt: (
        "id batch state size sender http_status problem_code provider_id request_id sending_at ended_at"
    ),
    models.Message: "id to campaign batch state segments error_code cost changed_at",
    models.ContactList: "name contact_count created_by created_at",
    models.Import: (
        "filename contact_list state row_count usable_count "
        "duplicate_count invalid_count created_by created_at"
    ),
    models.ImportRow: "id source number outcome problem phone",
    models.Contact: "id phone contact_list",
    models.OptOut: "phone kind source note created_by created_at ended_by ended_at",
    models.SenderNumber: "phone label provider toll_free can_send_batches rate last_listed_at",
    models.AccountState: "account provider error_since last_checked_at numbers_fetched_at",
    models.Recovery: "id at",
    models.Discrepancy: "found_at kind about sender campaign settled_at settled_by",
    models.ProviderBatch: "provider_id sender status size processed cost created_at last_listed_at",
    models.ProviderMessage: (
        "provider_id inbound own_number other_number provider_status error_code segments cost created_at"
    ),
    models.SyncState: (
        "account read_at synced_back_to windows_opened_to recent_reread_at refresh_requested_at"
    ),
    models.SyncWindow: "account start end again batches_read opened_at",
    models.Webhook: "provider subscription_id expires_at last_checked_at error_since last_event_at",
    models.WebhookEvent: "id provider uuid received_at state tries note",
    models.History: "at actor kind campaign_id",
    models.Consent: "phone sender opted_out changed_at",
}
SEARCHED = {
    **dict.fromkeys(("name", "filename"), "A part of the name"),
    **dict.fromkeys(("phone", "to"), "A whole number, such as +15125550101"),
    **dict.fromkeys(("provider_id", "request_id", "uuid"), "The provider's whole id"),
}
SENTENCES: dict[type[Model], Callable[[Any], str]] = {
    models.AccountState: lambda state: describe_stored(state.error),
    models.Discrepancy: describe_discrepancy,
    models.History: describe,
    models.Webhook: describe_webhook_error,
}
"""What people read in the last column, in place of a column of codes."""
SECRET: dict[type[Model], tuple[str, ...]] = {models.Webhook: ("secret", "token", "address")}


def register(model: type[Model], columns: Sequence[str]) -> None:
    fields = [model._meta.get_field(column) for column in columns]
    searched = [column for column in columns if column in SEARCHED]
    by_prefix = {"name", "filename"}
    options: dict[str, Any] = {
        "list_display": [*columns, "sentence"] if model in SENTENCES else columns,
        "list_filter": [field.name for field in fields if getattr(field, "choices", None)],
        "list_select_related": [field.name for field in fields if field.is_relation],
        "search_fields": [name if name in by_prefix else f"{name}__exact" for name in searched],
        "search_help_text": SEARCHED[searched[0]] if searched else "",
        "exclude": SECRET.get(model),
    }
    if describe_row := SENTENCES.get(model):
        options["sentence"] = admin.display(description="what it says")(lambda _, row: describe_row(row))
    admin.site.register(model, type(f"{model.__name__}Admin", (ReadOnlyAdmin,), options))


for table, names in COLUMNS.items():
    register(table, names.split())


@admin.register(models.Price)
class PriceAdmin(BaseAdmin):
    list_display = ("kind", "per_segment", "changed_at")
