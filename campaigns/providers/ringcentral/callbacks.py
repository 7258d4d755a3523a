"""RingCentral's webhook subscriptions. See `base.Webhooks`.

A user may have 30 for one app. If the address fails for some minutes, the subscription is blacklisted for
good and its events are lost: polling has to be enough.
"""

import builtins
from collections.abc import Sequence
from typing import Final

from campaigns.providers.ringcentral import parse, words
from campaigns.providers.ringcentral.api import (
    A2P,
    MEDIUM,
    ApiClient,
    ApiRequest,
    records,
    segment,
)
from campaigns.providers.ringcentral.errors import code_word, senseless
from campaigns.providers.types import JSON, DisabledFilter, Subscription, SubscriptionStatus
from campaigns.providers.wording import gettext_noop as _

_PATH: Final = "/restapi/v1.0/subscription"

BATCHES: Final = f"{A2P}/batches"
OUTGOING: Final = f"{A2P}/messages?direction=Outbound"
INCOMING: Final = f"{A2P}/messages?direction=Inbound"
OPT_OUTS: Final = f"{A2P}/opt-outs"
CONSENTS: Final = "/restapi/v2/accounts/~/sms/consents"


class RingCentralWebhooks:
    needed: Final = (BATCHES, OUTGOING, INCOMING, OPT_OUTS, CONSENTS)

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def create(self, address: str, *, token: str, filters: Sequence[str], lifetime: int) -> Subscription:
        mode = {"transportType": "WebHook", "address": address, "verificationToken": token}
        content = {
            "eventFilters": [*filters],
            "deliveryMode": mode,
            "expiresIn": lifetime,
        }
        return self._one(
            ApiRequest(method="POST", path=_PATH, content=content, group=MEDIUM, idempotent=False)
        )

    def list(self) -> builtins.list[Subscription]:
        answer, data = self._api.get(_PATH)
        return [subscription(record) for record in records(answer, data)]

    def update(self, subscription_id: str, filters: Sequence[str], *, lifetime: int) -> Subscription:
        content = {"eventFilters": [*filters], "expiresIn": lifetime}
        return self._one(
            ApiRequest(method="PUT", path=self._path(subscription_id), content=content, group=MEDIUM)
        )

    def delete(self, subscription_id: str) -> None:
        self._api.send(
            ApiRequest(
                method="DELETE",
                path=self._path(subscription_id),
                group=MEDIUM,
                ok_statuses=frozenset({200, 204, 404}),
            )
        )

    def _one(self, request: ApiRequest) -> Subscription:
        answer, data = self._api.send_json(request)
        parsed = subscription(data)
        if not parsed.provider_id:
            raise senseless(answer, _("it holds no subscription"))
        return parsed

    def _path(self, subscription_id: str) -> str:
        return f"{_PATH}/{segment(subscription_id)}"


def subscription(data: JSON) -> Subscription:
    """`provider_id` is empty if the data is no subscription."""
    mode, blacklisted = (data.get(name) for name in ("deliveryMode", "blacklistedData"))
    filters = data.get("eventFilters")
    status_word = parse.text(data.get("status"))
    status = words.code(words.SUBSCRIPTION_STATUSES, status_word, SubscriptionStatus.UNKNOWN)
    reason = parse.text(blacklisted.get("reason")) if isinstance(blacklisted, dict) else ""
    return Subscription(
        provider_id=parse.identity(data.get("id")),
        address=parse.text(mode.get("address")) if isinstance(mode, dict) else "",
        filters=tuple(map(parse.text, filters)) if isinstance(filters, list) else (),
        disabled=tuple(
            DisabledFilter(filter=parse.text(item.get("filter")), code=code_word(item.get("reason")))
            for item in parse.objects(data.get("disabledFilters"))
        ),
        status=status,
        failure=reason or ("" if status is SubscriptionStatus.ACTIVE else status_word),
        expires_at=parse.deadline(data.get("expirationTime")),
    )
