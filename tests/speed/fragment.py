"""Times the polled part of the live page for the newest campaign of VAR_DIR; prints one JSON object.

`python -m tests.speed.fragment`, in an environment that `tests.speed.bench` makes.
"""

import json
import os
import statistics
import sys
import time

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    django.setup()
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from campaigns.models import Campaign, Message

    browser = Client(headers={"HX-Request": "true", "Host": "localhost"})
    browser.force_login(User.objects.create_superuser("bench"))
    newest = Campaign.objects.latest("id")
    url = reverse("campaign_batches", args=[newest.pk])
    took = []
    for _ in range(int(sys.argv[1])):
        began = time.perf_counter()
        answer = browser.get(url)
        took.append((time.perf_counter() - began) * 1000)
        if answer.status_code not in (200, 286):
            sys.exit(f"{url} answered {answer.status_code}")
    with CaptureQueriesContext(connection) as queries:
        browser.get(url)
    found = {
        "messages": Message.objects.filter(campaign=newest).count(),
        "p50": statistics.median(took),
        "p95": statistics.quantiles(took, n=20)[-1],
        "queries": len(queries),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
