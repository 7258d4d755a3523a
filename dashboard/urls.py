"""Every address of the site."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from dashboard.decorators import post_action
from dashboard.views import (
    account,
    batch,
    batches,
    campaign,
    campaign_cancel,
    campaign_delete,
    campaign_edit,
    campaign_new,
    campaign_people,
    campaign_review,
    campaigns,
    healthz,
    import_detail,
    list_delete,
    list_detail,
    list_new,
    list_phone_column,
    lists,
    message,
    messages,
    numbers,
    opt_outs,
    overview,
    report,
    reports,
    review,
    sign_in,
    webhook,
    why,
)

# The doors: the only addresses for those who are not signed in.
door_urls = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", post_action("overview")(LogoutView.as_view()), name="sign_out"),
    path("admin/login/", sign_in.admin_sign_in),
    path("healthz/", healthz.healthz, name="healthz"),
]

# / and /account/
overview_urls = [
    path("", overview.overview, name="overview"),
    path("moving/", overview.overview_moving, name="overview_moving"),
    path("account/", account.account, name="account"),
    path("admin/password_change/", account.admin_password),
]

# /lists/, /imports/ and /opt-outs/
people_urls = [
    path("lists/", lists.lists, name="lists"),
    path("lists/new/", list_new.list_new, name="list_new"),
    path("lists/<int:list_id>/", list_detail.list_detail, name="list_detail"),
    path("lists/<int:list_id>/rename/", list_detail.list_rename, name="list_rename"),
    path("lists/<int:list_id>/phone-column/", list_phone_column.list_phone_column, name="list_phone_column"),
    path("lists/<int:list_id>/delete/", list_delete.list_delete, name="list_delete"),
    path("imports/<int:import_id>/", import_detail.import_detail, name="import_detail"),
    path("imports/<int:import_id>/progress/", import_detail.import_progress, name="import_progress"),
    path("imports/<int:import_id>/not-used.csv", import_detail.import_bad_rows, name="import_bad_rows"),
    path("opt-outs/", opt_outs.opt_outs, name="opt_outs"),
    path("opt-outs/add/", opt_outs.opt_out_add, name="opt_out_add"),
    path("opt-outs/<int:opt_out_id>/end/", opt_outs.opt_out_end, name="opt_out_end"),
    path("opt-outs/<int:opt_out_id>/decide/", opt_outs.opt_out_decide, name="opt_out_decide"),
]

# /campaigns/, /reports/ and /review/
campaign_urls = [
    path("campaigns/", campaigns.campaigns, name="campaigns"),
    path("campaigns/new/", campaign_new.campaign_new, name="campaign_new"),
    path("campaigns/<int:campaign_id>/edit/", campaign_edit.campaign_edit, name="campaign_edit"),
    path("campaigns/<int:campaign_id>/preview/", campaign_edit.campaign_preview, name="campaign_preview"),
    path("campaigns/<int:campaign_id>/review/", campaign_review.campaign_review, name="campaign_review"),
    path("campaigns/<int:campaign_id>/delete/", campaign_delete.campaign_delete, name="campaign_delete"),
    path("campaigns/<int:campaign_id>/", campaign.campaign, name="campaign"),
    path("campaigns/<int:campaign_id>/batches/", campaign.campaign_batches, name="campaign_batches"),
    path("campaigns/<int:campaign_id>/try-again/", campaign.campaign_try_again, name="campaign_try_again"),
    path("campaigns/<int:campaign_id>/pause/", campaign.campaign_pause, name="campaign_pause"),
    path("campaigns/<int:campaign_id>/undo/", campaign.campaign_undo, name="campaign_undo"),
    path("campaigns/<int:campaign_id>/cancel/", campaign_cancel.campaign_cancel, name="campaign_cancel"),
    path("campaigns/<int:campaign_id>/people/", campaign_people.campaign_people, name="campaign_people"),
    path(
        "campaigns/<int:campaign_id>/people.csv",
        campaign_people.campaign_people_csv,
        name="campaign_people_csv",
    ),
    path("campaigns/<int:campaign_id>/report/", report.report, name="report"),
    path("campaigns/<int:campaign_id>/report.csv", report.report_csv, name="report_csv"),
    path("campaigns/<int:campaign_id>/again/", report.report_again, name="report_again"),
    path("reports/", reports.reports, name="reports"),
    path("review/", review.review, name="review"),
    path("review/known/<int:discrepancy_id>/", review.review_known, name="review_known"),
    path("review/known/<int:discrepancy_id>/all/", review.review_known_all, name="review_known_all"),
    path("review/<int:attempt_id>/<str:decision>/", review.review_decide, name="review_decide"),
]

# /batches/, /messages/ and /numbers/: what the provider has of the account; /why/: all about one number
store_urls = [
    path("batches/", batches.batches, name="batches"),
    path("batches/<str:provider_id>/", batch.batch, name="batch"),
    path("messages/", messages.messages, name="messages"),
    path("messages/refresh/", messages.messages_refresh, name="messages_refresh"),
    path("messages/<int:message_id>/", message.message, name="message"),
    path("numbers/", numbers.numbers, name="numbers"),
    path("why/", why.why, name="why"),
    path("why.csv", why.why_csv, name="why_csv"),
]

# /webhooks/: for programs of providers, which know the secret.
webhook_urls = [path("<str:provider>/<str:secret>/", webhook.webhook, name="webhook")]

urlpatterns = [
    *door_urls,
    *overview_urls,
    *people_urls,
    *campaign_urls,
    *store_urls,
    path("webhooks/", include(webhook_urls)),
    path("admin/", admin.site.urls),
]
