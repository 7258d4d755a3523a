"""Responses in CSV."""

import csv
import io

from campaigns.simulator.http_types import Response


def csv_response(head: list[str], rows: list[list[str]]) -> Response:
    text = io.StringIO()
    csv.writer(text).writerows([head, *rows])
    return Response(200, text.getvalue().encode(), "text/csv;charset=utf-8")
