"""The script that anybody would write first: read, check the numbers, post. It stores nothing.

`python -m tests.speed.naive FILE --server URL --from NUMBER`: what the bench compares Carillon with.
"""

import argparse
import csv
from collections.abc import Iterator

import phonenumbers
import requests

BATCH = 1000


def recipients(path: str) -> Iterator[tuple[str, str]]:
    """Number and first name of every usable row, each number once."""
    seen = set()
    with open(path, newline="", encoding="utf-8-sig") as file:  # noqa: PTH123 - as anybody would
        for row in csv.DictReader(file):
            try:
                number = phonenumbers.parse(row["Phone"], "US")
            except phonenumbers.NumberParseException:
                continue
            if not phonenumbers.is_valid_number(number):
                continue
            phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            if phone not in seen:
                seen.add(phone)
                yield phone, row["First name"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--server", required=True)
    parser.add_argument("--from", dest="sender", required=True)
    options = parser.parse_args()

    session = requests.Session()
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "simulator"}
    answer = session.post(
        f"{options.server}/restapi/oauth/token", data=grant, auth=("simulator", "simulator"), timeout=60
    )
    answer.raise_for_status()
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def post(messages: list[dict[str, object]]) -> None:
        body = {"from": options.sender, "messages": messages}
        url = f"{options.server}/restapi/v1.0/account/~/a2p-sms/batches"
        session.post(url, json=body, timeout=60).raise_for_status()

    messages: list[dict[str, object]] = []
    for phone, name in recipients(options.file):
        text = (
            f"Hi {name or 'there'}, your order is ready. Show this text at the till. Reply STOP to opt out."
        )
        messages.append({"to": [phone], "text": text})
        if len(messages) == BATCH:
            post(messages)
            messages = []
    if messages:
        post(messages)


if __name__ == "__main__":
    main()
