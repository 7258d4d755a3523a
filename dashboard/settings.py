"""All settings. Every one that may differ between machines comes from the environment or from `.env`."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

from campaigns import logs
from dashboard.conf import first_start, private_files, provider_settings
from dashboard.conf.env import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
env.read_env(Path(os.environ.get("ENV_FILE", BASE_DIR / ".env")))

VAR_DIR = private_files.prepare_var_dir(
    Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve(), BASE_DIR
)
"""What this machine writes: database, first password, secret key. Never in git."""

# --- Django -----------------------------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", default="") or first_start.secret_key(VAR_DIR)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver"}

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",  # so that the templates of widgets are found among ours
    "django.contrib.humanize",
    "django_htmx",
    "template_partials",
    "csp",
    "django_tasks",
    "django_tasks_db",
    "axes",
    "campaigns",
    "dashboard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "dashboard.middleware.ReadableMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "dashboard.middleware.UploadLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.middleware.FragmentSignInMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context_processors.standing",
            ],
        },
    }
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.zone("TIME_ZONE", default="America/Chicago")
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "dashboard" / "locale"]
"""Where `manage.py makemessages` puts a catalogue. There is none yet: the site speaks English only."""

# --- Database ---------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'carillon.sqlite3'}")}
_database = DATABASES["default"]
_database["CONN_MAX_AGE"] = 600
_database["CONN_HEALTH_CHECKS"] = True
# A socket's folder stands in a URL as %2Fvar%2Frun%2Fpostgresql.
_database["HOST"] = unquote(_database.get("HOST") or "")
DATABASE_FILE: Path | None = None
"""That of SQLite."""
if _database["ENGINE"].endswith("sqlite3"):
    if _database["NAME"] != ":memory:":
        DATABASE_FILE = (BASE_DIR / _database["NAME"]).resolve()
        _database["NAME"] = str(DATABASE_FILE)
    # IMMEDIATE: two writers queue up instead of failing half way. FULL: a mark that says "about to send" is
    # on the disk before the first byte leaves, so that a power cut cannot take it back.
    _database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456;"
            "PRAGMA temp_store=MEMORY;"
        ),
    }

# --- Background work --------------------------------------------------------------------------------------

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}

# --- Providers --------------------------------------------------------------------------------------------

_providers = provider_settings.read(env, simulator_url=first_start.simulator_url(VAR_DIR))
# Such as RINGCENTRAL_JWT: the names are in the `settings.py` of each provider's folder.
globals().update(_providers.values)
REHEARSAL = _providers.rehearsal
"""No real account is opened: the site talks to the simulated carrier, and says so on every page."""
STARTS_SIMULATOR = _providers.starts_simulator

BATCH_SIZE = env.int("BATCH_SIZE", default=1000)
"""Texts in one request: how many a lost answer can put in doubt at once."""
HANDOVER_MINUTES = env.float("HANDOVER_MINUTES", default=15)
"""How many minutes of sending may lie at the provider, beyond recall. 0: no bound."""
UNDO_SECONDS = env.float("UNDO_SECONDS", default=60)
"""After the press on Send, how long nothing is handed over, so that it can be taken back. 0: no such time."""
SETTLE_SECONDS = env.float("SETTLE_SECONDS", default=600)
"""After a lost answer, how long a request may still turn up in the provider's records before it counts as
absent."""
LOOK_GAP_SECONDS = env.float("LOOK_GAP_SECONDS", default=60)
"""Between two looks at the provider's records for one lost answer."""
PUBLIC_URL = env.str("PUBLIC_URL", default="").rstrip("/")
"""Where the provider reaches the site, to tell what happened as it happens. Empty: it is asked instead."""
DEFAULT_REGION = env.str("DEFAULT_REGION", default="US")
"""The country in which phone numbers without a country code are read (ISO 3166 alpha-2)."""

# --- Files ------------------------------------------------------------------------------------------------

MAX_UPLOAD_BYTES = 50 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
UPLOAD_DIR = VAR_DIR / "uploads"
JOURNAL_DIR = VAR_DIR / "journal"
"""What was handed over, a second time: it must not be restored together with the database."""
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
OWN_FOLDERS = (UPLOAD_DIR, JOURNAL_DIR, VAR_DIR / "log")
private_files.close(private_files.Paths(VAR_DIR, OWN_FOLDERS, DATABASE_FILE, BASE_DIR))

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# --- Signing in -------------------------------------------------------------------------------------------

LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "sign_in"
AUTHENTICATION_BACKENDS = ["dashboard.sign_in_locks.Backend"]
SIGN_IN_LOCK_MINUTES = env.int("SIGN_IN_LOCK_MINUTES", default=15)
"""After too many wrong passwords: how long nobody can sign in under the name, or from the address."""
AXES_HANDLER = "dashboard.sign_in_locks.Handler"
AXES_COOLOFF_TIME = "dashboard.sign_in_locks.cool_off"
AXES_FAILURE_LIMIT = 10
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username", "ip_address"]
AXES_CLIENT_IP_CALLABLE = "dashboard.client_address.place"
AXES_USERNAME_CALLABLE = "dashboard.sign_in_locks.name_of"
AXES_LOCKOUT_CALLABLE = "dashboard.sign_in_locks.answer"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False  # ours says what a row means, and has Unlock
AXES_VERBOSE = False
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True

# --- HTTPS: on as soon as the site has a name that others can reach ----------------------------------------

HTTPS = env.bool("HTTPS", default=not set(ALLOWED_HOSTS) <= LOOPBACK_HOSTS)
if HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    CSRF_TRUSTED_ORIGINS = [f"https://{host.lstrip('.')}" for host in ALLOWED_HOSTS if host != "*"]
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
"""A proxy of ours is in front, and what it says of a request is true."""
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- Logs -------------------------------------------------------------------------------------------------

LOGGING = logs.config(env.level("LOG_LEVEL", default="INFO"), as_json=env.bool("LOG_JSON", default=not DEBUG))
