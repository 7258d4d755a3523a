"""Whether the site can work, for whoever watches it. It says nothing else."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from campaigns.sending import restore_guard

log = logging.getLogger(__name__)


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        log.exception("the database does not answer")
        return JsonResponse({"ok": False}, status=503)
    # The site works, so that whoever is to unlock it can sign in.
    return JsonResponse({"ok": True, **({"sending": "locked"} if restore_guard.sending_lock() else {})})
