"""A bare client for the tests of the simulator: what goes over the wire, and nothing else."""

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
A2P = "/restapi/v1.0/account/~/a2p-sms"
CONSENTS = "/restapi/v2/accounts/~/sms/consents"
EXTENSION = "/restapi/v1.0/account/~/extension/~"
STORE = f"{EXTENSION}/message-store"
SUBSCRIPTIONS = "/restapi/v1.0/subscription"
LONG_CODE, TOLL_FREE, P2P_ONLY = "+16505550100", "+18885550100", "+16505550199"


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The numbered error code."""
        errors = self.json.get("errors")
        code: str = errors[0]["errorCode"] if errors else self.json["errorCode"]
        return code


def basic(name: str = "simulator", secret: str = "simulator") -> str:  # noqa: S107
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


class Client:
    """Signed in, unless `sign_in` is false. Every call is a connection of its own."""

    def __init__(self, url: str, *, sign_in: bool = True) -> None:
        self._netloc = urlsplit(url).netloc
        self.headers: dict[str, str] = {}
        if sign_in:
            self.token = self.sign_in().json["access_token"]
            self.headers = {"Authorization": f"Bearer {self.token}"}

    def sign_in(self, **form: str) -> Reply:
        fields = {"grant_type": JWT_GRANT, "assertion": "simulator"} | form
        return self.form("/restapi/oauth/token", fields)

    def form(self, path: str, fields: dict[str, str], authorization: str | None = None) -> Reply:
        headers = {
            "Authorization": authorization or basic(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self.send("POST", path, urlencode(fields).encode(), headers)

    def get(self, path: str, **query: Any) -> Reply:
        """A list as a value repeats its key."""
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        return self.send("GET", target, None, self.headers)

    def post(self, path: str, value: Any) -> Reply:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.send("POST", path, body, self.headers | {"Content-Type": "application/json"})

    def change(self, method: str, path: str, value: Any = None, **headers: str) -> Reply:
        """PUT, PATCH or DELETE, with JSON unless there is nothing to say."""
        body = None if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        json_type = {} if value is None else {"Content-Type": "application/json"}
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self.send(method, path, body, self.headers | json_type | named)

    def send_batch(
        self, *recipients: str, sender: str = LONG_CODE, text: str = "Hello", **more: Any
    ) -> dict[str, Any]:
        messages = [{"to": [number]} for number in recipients]
        reply = self.post(f"{A2P}/batches", {"from": sender, "text": text, "messages": messages} | more)
        assert reply.status == 201, reply.body
        batch: dict[str, Any] = reply.json
        return batch

    def send(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        connection = http.client.HTTPConnection(self._netloc, timeout=20)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, received, answer.read())
        finally:
            connection.close()
