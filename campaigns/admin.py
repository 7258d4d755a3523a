"""The tables as they are, to look at. Only prices are changed here; people and roles on Django's own pages.

Tables that grow with every recipient are never counted, and open by their newest rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from campaigns import models

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
    """Looks only as far as it leads, so that no page counts ten million rows."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return len(rows.values_list("pk", flat=True)[: self.per_page * DEEPEST])


class ReadOnlyAdmin(BaseAdmin):
    """May be looked at by those who may view it; nobody adds, changes or deletes."""

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


@admin.register(models.Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = ("name", "state", "contact_list", "sender", "segments", "launched_at", "launched_by")
    list_filter = ("state",)
    list_select_related = ("contact_list", "launched_by")
    search_fields = ("name",)


@admin.register(models.Tally)
class TallyAdmin(ReadOnlyAdmin):
    list_display = ("campaign", "rows", *models.RowState.values)
    list_select_related = ("campaign",)


@admin.register(models.CampaignRow)
class CampaignRowAdmin(ReadOnlyAdmin):
    list_display = ("id", "campaign", "row_number", "outcome", "reason")
    list_select_related = ("campaign", "source_row")

    @admin.display(description="row")
    def row_number(self, row: models.CampaignRow) -> int:
        return row.source_row.number


@admin.register(models.Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = (
        *("campaign", "number", "size", "state", "sender", "provider_id", "remote_status"),
        *("processed_count", "cost", "accepted_at", "polled_at"),
    )
    list_filter = ("state",)
    list_select_related = ("campaign",)
    search_fields = ("provider_id__exact",)
    search_help_text = "The provider's whole id of a batch"


@admin.register(models.Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "batch",
        "state",
        "size",
        "sender",
        "http_status",
        "problem_code",
        "sending_at",
        "ended_at",
    )
    list_filter = ("state",)
    list_select_related = ("batch",)
    search_fields = ("provider_id__exact", "request_id__exact")
    search_help_text = "The provider's whole id of a batch or of a request"


@admin.register(models.Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "to", "campaign", "batch", "state", "segments", "error_code", "cost", "changed_at")
    list_select_related = ("campaign", "batch")
    search_fields = ("to__exact",)
    search_help_text = "A whole number, such as +15125550101"


@admin.register(models.ContactList)
class ContactListAdmin(ReadOnlyAdmin):
    list_display = ("name", "contact_count", "created_by", "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name",)


@admin.register(models.Import)
class ImportAdmin(ReadOnlyAdmin):
    list_display = (
        *(
            "filename",
            "contact_list",
            "state",
            "row_count",
            "usable_count",
            "duplicate_count",
            "invalid_count",
        ),
        *("created_by", "created_at"),
    )
    list_filter = ("state",)
    list_select_related = ("contact_list", "created_by")
    search_fields = ("filename",)


@admin.register(models.ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    list_display = ("id", "source", "number", "outcome", "problem", "phone")
    list_select_related = ("source",)


@admin.register(models.Contact)
class ContactAdmin(ReadOnlyAdmin):
    list_display = ("id", "phone", "contact_list")
    list_select_related = ("contact_list",)


@admin.register(models.OptOut)
class OptOutAdmin(ReadOnlyAdmin):
    list_display = ("phone", "kind", "source", "note", "created_by", "created_at", "ended_by", "ended_at")
    list_filter = ("kind", "source")
    list_select_related = ("created_by", "ended_by")
    search_fields = ("phone__exact",)
    search_help_text = "A whole number, such as +15125550101"


@admin.register(models.SenderNumber)
class SenderNumberAdmin(ReadOnlyAdmin):
    list_display = ("phone", "label", "provider", "toll_free", "can_send_batches", "rate", "seen_at")


@admin.register(models.Price)
class PriceAdmin(BaseAdmin):
    list_display = ("kind", "per_segment", "changed_at")


@admin.register(models.AccountState)
class AccountStateAdmin(ReadOnlyAdmin):
    list_display = ("account", "provider", "trouble", "trouble_since", "checked_at", "numbers_at")


@admin.register(models.Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "verb", "campaign", "detail")
    list_select_related = ("actor", "campaign")


@admin.register(models.Disagreement)
class DisagreementAdmin(ReadOnlyAdmin):
    list_display = ("found_at", "kind", "about", "sender", "campaign", "detail", "settled_at", "settled_by")
    list_select_related = ("campaign", "settled_by")


@admin.register(models.StoreBatch)
class StoreBatchAdmin(ReadOnlyAdmin):
    list_display = ("provider_id", "sender", "status", "size", "processed", "cost", "created_at", "seen_at")
    search_fields = ("provider_id__exact",)
    search_help_text = "The provider's whole id of a batch"


@admin.register(models.StoreMessage)
class StoreMessageAdmin(ReadOnlyAdmin):
    list_display = (
        *("provider_id", "inbound", "our_number", "their_number", "status", "error_code"),
        *("segments", "cost", "created_at", "modified_at"),
    )
    search_fields = ("provider_id__exact",)
    search_help_text = "The provider's whole id of a message"


@admin.register(models.StoreState)
class StoreStateAdmin(ReadOnlyAdmin):
    list_display = ("account", "read_at", "reaches_back_to", "opened_to", "reread_at", "refresh_asked_at")
    list_select_related = ("account",)


@admin.register(models.StoreWindow)
class StoreWindowAdmin(ReadOnlyAdmin):
    list_display = ("account", "start", "end", "again", "batches_read", "as_of")
    list_select_related = ("account",)


@admin.register(models.Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    exclude = ("secret", "token", "address")
    list_display = ("provider", "subscription_id", "expires_at", "checked_at", "trouble", "last_event_at")


@admin.register(models.WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ("id", "provider", "uuid", "received_at", "state", "tries", "note")
    search_fields = ("uuid__exact",)
    search_help_text = "The provider's whole id of an event"


@admin.register(models.CarrierConsent)
class CarrierConsentAdmin(ReadOnlyAdmin):
    list_display = ("phone", "sender", "opted_out", "changed_at")
    search_fields = ("phone__exact",)
    search_help_text = "A whole number, such as +15125550101"
