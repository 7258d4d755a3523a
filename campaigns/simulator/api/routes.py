"""The endpoints of RingCentral's API."""

from campaigns.simulator.api import (
    account,
    attachments,
    batches,
    consents,
    message_changes,
    message_store,
    message_sync,
    messages,
    number_parser,
    oauth,
    opt_outs,
    reports,
    subscriptions,
    text_messages,
)
from campaigns.simulator.api.gateway import route

_ACCOUNT = "/restapi/v1.0/account/(?P<account>[^/]+)"
_EXTENSION = f"{_ACCOUNT}/extension/(?P<extension>[^/]+)"
_STORE = f"{_EXTENSION}/message-store"
_REPORTS = f"{_ACCOUNT}/message-store-report"
_A2P = f"{_ACCOUNT}/a2p-sms"
_SUBSCRIPTIONS = "/restapi/v1.0/subscription"
_SUBSCRIPTION = f"{_SUBSCRIPTIONS}/(?P<subscription>[^/]+)"
_CONSENTS = "/restapi/v2/accounts/(?P<account>[^/]+)/sms/consents"

ROUTES = (
    route("POST", "/restapi/oauth/token", oauth.issue_token, "auth", bearer=False),
    route("POST", "/restapi/oauth/revoke", oauth.revoke_token, "auth", bearer=False),
    route("GET", "/restapi", account.service, bearer=False),
    route("GET", "/restapi/v1.0", account.service, bearer=False),
    route("GET", _EXTENSION, account.extension, "light"),
    route("GET", f"{_EXTENSION}/phone-number", account.extension_numbers, "light"),
    route(
        "GET",
        f"{_EXTENSION}/phone-number/(?P<number>[^/]+)/sms-configuration",
        account.number_configuration,
        "light",
    ),
    route("GET", _ACCOUNT, account.account, "light"),
    route("GET", f"{_ACCOUNT}/phone-number", account.account_numbers, "heavy"),
    route("GET", f"{_ACCOUNT}/phone-number/(?P<number>[^/]+)", account.account_number, "light"),
    route("POST", f"{_A2P}/batches", batches.create_batch, "light"),
    # The path of 2020, which the platform still takes.
    route("POST", f"{_A2P}/batch", batches.create_batch, "light"),
    route("GET", f"{_A2P}/batches", batches.list_batches, "light"),
    route("GET", f"{_A2P}/batches/(?P<batch>[^/]+)", batches.get_batch, "light"),
    route("GET", f"{_A2P}/messages", messages.list_messages, "light"),
    route("GET", f"{_A2P}/messages/(?P<message>[^/]+)", messages.get_message, "light"),
    route("GET", f"{_A2P}/statuses", messages.count_statuses, "light"),
    route("GET", f"{_A2P}/opt-outs", opt_outs.list_opt_outs, "light"),
    route("POST", f"{_A2P}/opt-outs/bulk-assign", opt_outs.assign_opt_outs, "light"),
    route("POST", f"{_EXTENSION}/sms", text_messages.send_sms, "medium"),
    route("POST", f"{_EXTENSION}/mms", text_messages.send_mms, "medium"),
    route("GET", _STORE, message_store.list_mails, "light"),
    route("DELETE", _STORE, message_changes.delete_conversations, "medium"),
    route("GET", f"{_STORE}/(?P<message>[^/]+)", message_store.get_mails, "light"),
    route("PUT", f"{_STORE}/(?P<message>[^/]+)", message_changes.update_mails, "medium"),
    route("PATCH", f"{_STORE}/(?P<message>[^/]+)", message_changes.patch_mails, "medium"),
    route("DELETE", f"{_STORE}/(?P<message>[^/]+)", message_changes.delete_mails, "medium"),
    route(
        "GET",
        f"{_STORE}/(?P<message>[^/]+)/content/(?P<attachment>[^/]+)",
        attachments.get_content,
        "medium",
        token_in_query=True,
    ),
    route("GET", f"{_EXTENSION}/message-sync", message_sync.sync_mails, "light"),
    route("POST", _REPORTS, reports.create_report, "heavy"),
    route("GET", f"{_REPORTS}/(?P<task>[^/]+)", reports.get_report, "heavy"),
    route("GET", f"{_REPORTS}/(?P<task>[^/]+)/archive", reports.list_archives, "heavy"),
    route(
        "GET",
        f"{_REPORTS}/(?P<task>[^/]+)/archive/(?P<archive>[^/]+)",
        reports.get_archive,
        "medium",
        token_in_query=True,
    ),
    route("POST", "/restapi/v1.0/number-parser/parse", number_parser.parse_numbers_v1, "light"),
    route("POST", "/restapi/v2/number-parser/parse", number_parser.parse_numbers, "light"),
    route("GET", _SUBSCRIPTIONS, subscriptions.list_subscriptions, "light"),
    route("POST", _SUBSCRIPTIONS, subscriptions.create_subscription, "medium"),
    route("GET", _SUBSCRIPTION, subscriptions.get_subscription, "light"),
    route("PUT", _SUBSCRIPTION, subscriptions.update_subscription, "medium"),
    route("DELETE", _SUBSCRIPTION, subscriptions.delete_subscription, "medium"),
    route("POST", f"{_SUBSCRIPTION}/renew", subscriptions.renew_subscription, "light"),
    route("GET", _CONSENTS, consents.list_consents, "light"),
    route("PATCH", _CONSENTS, consents.change_consents, "light"),
    route("POST", f"{_CONSENTS}/search", consents.search_consents, "light"),
    route("GET", f"{_CONSENTS}/history", consents.show_history, "light"),
    route("GET", f"{_CONSENTS}/export", consents.export_consents, "light"),
)
