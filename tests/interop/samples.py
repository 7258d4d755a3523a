"""RingCentral's documented samples, step by step, with its own Python client. Run by tests/interop/run.py.

Sees only the standard library and the client. Settings come from RC_SERVER_URL, RC_CLIENT_ID,
RC_CLIENT_SECRET and RC_JWT, as in the documents.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Any

from ringcentral import SDK

A2P = "/restapi/v1.0/account/~/a2p-sms"
EXTENSION = "/restapi/v1.0/account/~/extension/~"
ALICE, BOB, CAROL = "+14155550100", "+12125550100", "+16505550123"
PATIENCE = 60.0  # seconds

sdk = SDK(os.environ["RC_CLIENT_ID"], os.environ["RC_CLIENT_SECRET"], os.environ["RC_SERVER_URL"])
platform = sdk.platform()
known: dict[str, Any] = {}
"""What a step learned for the next ones: `from`, `batches` (ids in order), `message`, `letter`."""


def must(true: object, otherwise: object) -> None:
    if not true:
        raise AssertionError(otherwise)


def today() -> dict[str, str]:
    now = datetime.now(timezone.utc)  # noqa: UP017 - as long as the client runs on older Pythons
    form = "%Y-%m-%dT%H:%M:%S.000Z"
    return {
        "dateFrom": (now - timedelta(hours=2)).strftime(form),
        "dateTo": (now + timedelta(hours=2)).strftime(form),
    }


def sign_in() -> str:
    platform.login(jwt=os.environ["RC_JWT"])
    must(platform.logged_in(), "not signed in")
    return "with a JWT"


def find_number() -> str:
    for record in platform.get(f"{EXTENSION}/phone-number").json().records:
        for feature in record.features:
            if feature == "A2PSmsSender":
                known["from"] = record.phoneNumber
                return str(record.phoneNumber)
    raise AssertionError("no number has the feature A2PSmsSender")


def post(path: str, body: dict[str, Any]) -> str:
    answer = platform.post(path, body)
    batch = answer.json()
    must(answer.response().status_code == 201, answer.response().status_code)
    must(batch.batchSize == len(body["messages"]) and batch.rejected == [], answer.text())
    known.setdefault("batches", []).append(batch.id)
    return f"{batch.batchSize} accepted as {batch.id}"


def broadcast() -> str:
    messages = [{"to": [ALICE]}, {"to": [BOB]}]
    return post(f"{A2P}/batches", {"from": known["from"], "text": "Hello Team", "messages": messages})


def broadcast_older_path() -> str:
    messages = [{"to": [ALICE]}, {"to": [BOB]}]
    return post(f"{A2P}/batch", {"from": known["from"], "text": "Hello Team", "messages": messages})


def personalised() -> str:
    messages = [{"to": [ALICE], "text": "Hello Alice"}, {"to": [BOB], "text": "Hello Bob"}]
    return post(f"{A2P}/batches", {"from": known["from"], "messages": messages})


def mixed() -> str:
    messages = [
        {"to": [ALICE], "text": "Hello Alice"},
        {"to": [BOB], "text": "Hello Bob"},
        {"to": [CAROL]},
    ]
    return post(f"{A2P}/batches", {"from": known["from"], "text": "Hello Friend", "messages": messages})


def rejected() -> str:
    messages = [{"to": [ALICE]}, {"to": ["+4088070206"]}]
    body = {"from": known["from"], "text": "Hello Team", "messages": messages}
    batch = platform.post(f"{A2P}/batches", body).json_dict()
    (refused,) = batch["rejected"]
    must((refused["index"], refused["to"]) == (2, ["+4088070206"]), refused)
    again = platform.get(f"{A2P}/batches/{batch['id']}").json_dict()
    must(not again.get("rejected"), "the list is told once")
    known["batches"].append(batch["id"])
    return f"recipient 2, {refused['errorCode']}"


def poll() -> str:
    end = time.monotonic() + PATIENCE
    batch_id = known["batches"][-2]
    while True:
        batch = platform.get(f"{A2P}/batches/{batch_id}").json_dict()
        if batch["status"] == "Completed":
            must(batch["processedCount"] == batch["batchSize"] == 3, batch)
            must(batch["cost"] > 0, batch)
            return f"{batch['processedCount']} of {batch['batchSize']}, cost {batch['cost']}"
        must(time.monotonic() < end, f"still {batch['status']}")
        time.sleep(1)


def list_batches() -> str:
    listed = platform.get(f"{A2P}/batches", today()).json().records
    must({batch.id for batch in listed} == set(known["batches"]), [batch.id for batch in listed])
    return f"{len(listed)} today"


def list_completed() -> str:
    listed = platform.get(f"{A2P}/batches", {**today(), "status": "Completed"}).json_dict()["records"]
    must(listed and all(batch["status"] == "Completed" for batch in listed), listed)
    return f"{len(listed)} of status Completed"


def messages() -> str:
    params = {"view": "Simple", **today(), "phoneNumber": [known["from"]]}
    found = platform.get(f"{A2P}/messages", params).json_dict()["records"]
    must(len(found) == 10, f"{len(found)} messages")
    must(all(one["from"] == known["from"] and "text" not in one for one in found), found)
    return f"{len(found)} from the number"


def messages_inbound() -> str:
    found = platform.get(f"{A2P}/messages", {**today(), "direction": ["Inbound"]}).json_dict()["records"]
    must(found == [], found)
    return "none came in"


def messages_of_batch() -> str:
    params = {"batchId": known["batches"][-2], "view": "Detailed", **today()}
    found = platform.get(f"{A2P}/messages", params).json_dict()["records"]
    texts = {one["to"][0]: one["text"] for one in found}
    must(texts == {ALICE: "Hello Alice", BOB: "Hello Bob", CAROL: "Hello Friend"}, texts)
    known["message"] = str(found[0]["id"])
    return "each with its own text"


def messages_by_page() -> str:
    params: dict[str, Any] = {**today(), "perPage": 4}
    seen: list[str] = []
    pages = 0
    while True:
        page = platform.get(f"{A2P}/messages", params).json_dict()
        pages += 1
        seen += [str(one["id"]) for one in page["records"]]
        token = page["paging"].get("nextPageToken")
        if not token:
            break
        params["pageToken"] = token
    must(len(seen) == len(set(seen)) == 10, seen)
    return f"{len(seen)} on {pages} pages"


def statuses() -> str:
    totals = platform.get(f"{A2P}/statuses", {"batchId": known["batches"][-2]}).json()
    parts = (totals.queued, totals.sent, totals.delivered, totals.sendingFailed, totals.deliveryFailed)
    must(sum(part.count for part in parts) == 3, [part.count for part in parts])
    return f"{totals.delivered.count} delivered, {totals.sent.count} sent"


def statuses_of_numbers() -> str:
    params = {**today(), "phoneNumber": [ALICE.lstrip("+"), BOB.lstrip("+")], "direction": ["Outbound"]}
    totals = platform.get(f"{A2P}/statuses", params).json_dict()
    must(sum(part["count"] for part in totals.values()) == 9, totals)
    return "9 to two people"


def one_message() -> str:
    found = platform.get(f"{A2P}/messages/{known['message']}").json_dict()
    must(str(found["id"]) == known["message"] and found["text"].startswith("Hello"), found)
    return str(found["messageStatus"])


def message_store() -> str:
    long_ago = {"dateFrom": "2020-01-01T00:00:00.000Z"}
    page = platform.get(f"{EXTENSION}/message-store", {**long_ago, "messageType": ["SMS"]}).json()
    must(page.records and all(record.type == "SMS" for record in page.records), "no texts in it")
    must(page.paging.totalElements == len(page.records), page.paging.totalElements)
    known["letter"] = page.records[0].id
    return f"{len(page.records)} texts"


def message_store_read() -> str:
    path = f"{EXTENSION}/message-store/{known['letter']}"
    for status in ("Unread", "Read"):
        platform.put(path, {"readStatus": status})
        must(platform.get(path).json().readStatus == status, f"not {status}")
    return "unread, then read"


def message_store_delete() -> str:
    path = f"{EXTENSION}/message-store/{known['letter']}"
    answer = platform.delete(path)
    must(answer.response().status_code == 204, answer.response().status_code)
    must(platform.get(path).json().availability == "Deleted", "it is still there")
    return "one text"


def sign_out() -> str:
    platform.logout()
    must(not platform.auth().access_token(), "the token is still there")
    return "the session is over"


STEPS = (
    sign_in, find_number, broadcast, broadcast_older_path, personalised, mixed, rejected, poll, list_batches,
    list_completed, messages, messages_inbound, messages_of_batch, messages_by_page, statuses,
    statuses_of_numbers, one_message, message_store, message_store_read, message_store_delete, sign_out,
)  # fmt: skip

for number, step in enumerate(STEPS, start=1):
    name = step.__name__.replace("_", " ")
    try:
        print(f"  {number:2}/{len(STEPS)} {name}: {step()}", flush=True)
    except Exception as problem:
        # The client's own exceptions carry the request with its token: only the first line is shown.
        print(f"  {number:2}/{len(STEPS)} {name} FAILED: {str(problem).splitlines()[0]}", flush=True)
        sys.exit(1)
