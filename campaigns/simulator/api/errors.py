"""RingCentral's error responses."""

import orjson

from campaigns.simulator.carrier.faults import Fault
from campaigns.simulator.http_types import Response, json_response

_USUAL_ERRORS = {
    401: ("OAU-213", "Token not found"),
    403: ("CMN-401", "In order to call this API endpoint, application needs to have [A2PSMS] permission"),
    404: ("CMN-102", "Resource for parameter [id] is not found."),
    429: ("CMN-301", "Request rate exceeded"),
    500: ("CMN-203", "Internal Server Error"),
    503: ("CMN-201", "Service temporarily unavailable"),
}
"""For a `status` fault without a body of its own."""
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class ApiError(Exception):
    """Ends the handling of a request with an error response."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def api_error(status: int, code: str, message: str, *, symbol: str = "", parameter: str = "") -> ApiError:
    """The envelope of v1.0. It repeats the first error at the top, under its symbolic name if any."""
    extra = {"parameterName": parameter} if parameter else {}
    first = {"errorCode": code, "message": message, **extra}
    return ApiError(
        json_response({"errorCode": symbol or code, "message": message, "errors": [first], **extra}, status)
    )


def oauth_error(status: int, error: str, code: str, message: str) -> ApiError:
    return ApiError(
        json_response(
            {
                "error": error,
                "error_description": message,
                "errors": [{"errorCode": code, "message": message}],
            },
            status,
        )
    )


def invalid_parameter(name: str) -> ApiError:
    return api_error(400, "CMN-101", f"Parameter [{name}] value is invalid.", parameter=name)


def unknown_resource(name: str) -> ApiError:
    return api_error(404, "CMN-102", f"Resource for parameter [{name}] is not found.", parameter=name)


def unknown_path() -> ApiError:
    return ApiError(
        json_response({"errorCode": "AGW-404", "message": "Resource not found", "errors": []}, status=404)
    )


def v2_envelope(response: Response) -> Response:
    """The same error in the envelope of v2: the list of errors and nothing beside it."""
    value = orjson.loads(response.body)
    errors = value.get("errors") or [{"errorCode": value["errorCode"], "message": value["message"]}]
    return Response(response.status, orjson.dumps({"errors": errors}), headers=response.headers)


def fault_response(fault: Fault) -> Response:
    """The response of a `status` or `html` fault."""
    # Spelled like the server's own headers, so that the fault's replace them.
    headers = {name.title(): value for name, value in fault.headers.items()}
    if fault.fault == "html":
        return Response(fault.status or 502, (fault.body or _HTML).encode(), "text/html", headers)
    status = fault.status or 503
    if not fault.body and status in _USUAL_ERRORS:
        response = api_error(status, *_USUAL_ERRORS[status]).response
    else:
        response = Response(status, fault.body.encode())
    response.headers = headers
    return response
