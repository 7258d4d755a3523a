"""The site's own settings, quicker where it cannot matter, and writing into a scratch folder."""

import atexit
import os
import shutil
import tempfile

from campaigns.providers.catalogue import PROVIDERS, setting_names

_var = tempfile.mkdtemp(prefix="carillon-tests-")
atexit.register(shutil.rmtree, _var, ignore_errors=True)
os.environ["VAR_DIR"] = _var
os.environ["ENV_FILE"] = "/dev/null"
for _provider in PROVIDERS:
    for _name in setting_names(_provider).values():
        os.environ.pop(_name, None)

from dashboard.settings import *  # noqa: E402, F403

UNDO_SECONDS = 0.0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
