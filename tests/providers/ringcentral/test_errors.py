import json
from typing import Any

import pytest

from campaigns.providers.base import Outcome
from campaigns.providers.http import Answer, Cause, NoAnswerError
from campaigns.providers.ringcentral.errors import Problem, parse_problem, refusal, unanswered, with_doubt

V1 = {
    "errorCode": "InsufficientPermissions",
    "message": "In order to call this API endpoint, application needs to have [ReadAccounts] permission",
    "errors": [{"errorCode": "CMN-401", "message": "…", "permissionName": "ReadAccounts"}],
    "permissionName": "ReadAccounts",
}
V2 = {"errors": [{"errorCode": "CMN-101", "message": "…", "parameterName": "from"}]}
OAUTH = {
    "error": "unauthorized_client",
    "error_description": "Unauthorized for this grant type",
    "errors": [{"errorCode": "OAU-251", "message": "Unauthorized for this grant type"}],
}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (V1, Problem(code="CMN-401", permission="ReadAccounts")),
        (V2, Problem(code="CMN-101", parameter="from")),
        (OAUTH, Problem(code="OAU-251")),
        ({"error": "invalid_grant"}, Problem(code="invalid_grant")),
        (
            {"errorCode": "CMN-102", "message": "…", "parameterName": "messageId"},
            Problem(code="CMN-102", parameter="messageId"),
        ),
        ({"errorCode": "AGW-404", "message": "Resource not found", "errors": []}, Problem(code="AGW-404")),
        ({"errorCode": "TokenInvalid", "errors": [{}]}, Problem(code="TokenInvalid")),
        ({"errorCode": "TokenInvalid", "errors": ["?"]}, Problem(code="TokenInvalid")),
        ({"errorCode": "TokenInvalid", "errors": {"errorCode": "X-1"}}, Problem(code="TokenInvalid")),
        ({"errorCode": 17}, Problem()),
        ({"errorCode": "+14155550100"}, Problem()),  # no number may slip into a sentence this way
        ({"errors": [{"errorCode": "CMN-101", "parameterName": "+14155550100"}]}, Problem(code="CMN-101")),
        ([], Problem()),
        (b"", Problem()),
        (b"<html><body>502 Bad Gateway</body></html>", Problem()),
        (b'{"errorCode": "CMN-1', Problem()),
        (b"\xff\xfe", Problem()),
    ],
)
def test_the_envelopes(body: Any, problem: Problem) -> None:
    assert parse_problem(body if isinstance(body, bytes) else json.dumps(body).encode()) == problem


def answer(status: int, code: str = "", **headers: str) -> Answer:
    body = json.dumps({"errorCode": code, "message": "for +14155550100"}).encode() if code else b""
    return Answer(status=status, headers=headers, body=body)


@pytest.mark.parametrize(
    ("status", "code", "kind", "permanent"),
    [
        (400, "CMN-101", "request", True),
        (400, "", "request", True),
        (400, "XYZ-999", "request", True),
        (401, "OAU-213", "credentials", False),
        (401, "", "credentials", False),
        (401, "CMN-405", "credentials", False),
        (401, "OAU-146", "credentials", True),
        (402, "", "other", True),
        (403, "CMN-401", "permission", True),
        (403, "InsufficientPermissions", "permission", True),
        (403, "CMN-408", "permission", True),
        (403, "", "permission", True),
        (404, "CMN-102", "not_found", True),
        (404, "AGW-404", "not_found", True),
        (408, "", "server", False),
        (413, "CMN-101", "too_large", True),
        (429, "CMN-301", "rate", False),
        (429, "", "rate", False),
        (429, "CMN-304", "rate", False),
        (302, "", "answer", False),
        (500, "CMN-203", "server", False),
        (502, "", "server", False),
        (503, "CMN-101", "server", False),
    ],
)
def test_the_kind_of_a_refusal(status: int, code: str, kind: str, permanent: bool) -> None:
    error = refusal(answer(status, code, rcrequestid="r-1"))
    assert (error.kind, error.permanent) == (kind, permanent)
    assert (error.http_status, error.code, error.request_id) == (status, code, "r-1")
    assert error.sentence.endswith((".", ")"))
    assert "4155550100" not in f"{error!r} {error.sentence}"
    assert str(error) == error.sentence


def test_the_sentence_names_what_helps() -> None:
    error = refusal(Answer(status=403, headers={}, body=json.dumps(V1).encode()))
    assert "lacks a permission" in error.sentence
    assert error.sentence.endswith("(permission: ReadAccounts, code: CMN-401)")


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("written", [True, False])
def test_without_an_answer_the_fate_is_what_was_written(cause: Cause, written: bool) -> None:
    error = unanswered(NoAnswerError(cause, written=written))
    assert error.outcome is (Outcome.UNKNOWN if written else Outcome.NOT_SENT)
    assert error.kind == ("stopped" if cause is Cause.STALE else "unreachable")
    assert not error.permanent


def test_only_a_doubt_is_called_one() -> None:
    doubt = with_doubt(unanswered(NoAnswerError(Cause.TIMEOUT, written=True)))
    assert "not known whether RingCentral took these texts" in str(doubt)
    proof = with_doubt(unanswered(NoAnswerError(Cause.REFUSED, written=False)))
    assert "not known" not in str(proof)
