"""Settings, read from the environment.

Nothing of the law stands here: legal values are rulebook entries in each app's `rules/`.
Outside production a missing secret is made at random; production refuses to start without its own.
"""

import os
import sys
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from connecticard.catalogues import compiled_catalogue

BASE_DIR = Path(__file__).resolve().parent.parent
PRODUCTION = os.environ.get("CONNECTICARD_PRODUCTION") == "1"
DEBUG = False


def _required(name: str, otherwise: str | None) -> str:
    """Return a variable of the environment; the fallback is for development and tests only."""
    if value := os.environ.get(name):
        return value
    if otherwise is None or PRODUCTION:
        raise ImproperlyConfigured(f"Set {name}; see docs/operations.md.")
    return otherwise


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://; no other database will do.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
    }


SECRET_KEY = _required("SECRET_KEY", get_random_secret_key())
SECRET_KEY_FALLBACKS = os.environ.get("SECRET_KEY_FALLBACKS", "").split()  # former keys
ALLOWED_HOSTS = _required("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver").split(",")
DATABASES = {"default": _database(_required("DATABASE_URL", None))}
REDIS_URL = _required("REDIS_URL", "redis://127.0.0.1:6379/0")
REDIS_PREFIX = os.environ.get("REDIS_PREFIX", "")  # where several installations share one server
VAR_DIR = Path(os.environ.get("CONNECTICARD_VAR") or BASE_DIR / "var")

DEMO_TODAY = date.fromisoformat(os.environ["DEMO_TODAY"]) if os.environ.get("DEMO_TODAY") else None
if PRODUCTION and DEMO_TODAY:
    raise ImproperlyConfigured("Unset DEMO_TODAY: production does not pretend what day it is.")

CODE_VERSION = os.environ.get("CODE_VERSION", "")
PROGRAM_NAME = os.environ.get("PROGRAM_NAME", "borrowIT CT (Connecticard)")
SITE_URL = _required("SITE_URL", "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "connecticard",
    "libraries",
    "transactions",
    "payments",
    "reports",
    "connecticard.apps.ReferenceAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "import_export",
    "pgtrigger",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "connecticard.middleware.RequestIdMiddleware",
    "connecticard.middleware.LanguageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "connecticard.middleware.RolesOnceMiddleware",
    "connecticard.middleware.PrivatePagesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "connecticard.middleware.SecondFactorMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
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
                "connecticard.context_processors.site",
            ],
        },
    }
]

FORM_RENDERER = "connecticard.form_rendering.SiteRenderer"

ROOT_URLCONF = "connecticard.urls"
WSGI_APPLICATION = "connecticard.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]  # the second below /es/; see languages.py
LOCALE_PATHS = [compiled_catalogue(BASE_DIR, VAR_DIR / "locale")]
FORMAT_MODULE_PATH = "connecticard.formats"
TIME_ZONE = "America/New_York"
USE_TZ = True

# People
AUTH_USER_MODEL = "connecticard.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "payments:my_libraries"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_RATE_LIMITS = {  # beside what allauth limits of itself
    "second_factor": "5/5m/key",
    "pdf_made_for_anybody": "20/m/ip",
}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Production stands behind one proxy that ends TLS and appends the client to X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TRUSTED_PROXIES", "1" if PRODUCTION else "0"))
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 1  # hours
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # the audit trail says who signed in; nobody's network address is kept
AXES_USERNAME_CALLABLE = "connecticard.sign_in.typed_address"
AXES_CLIENT_IP_CALLABLE = "connecticard.sign_in.client_address"
AXES_LOCKOUT_CALLABLE = "connecticard.sign_in.locked_out"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
ACCOUNT_ADAPTER = "connecticard.sign_in.AccountAdapter"
MFA_ADAPTER = "connecticard.sign_in.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = PROGRAM_NAME
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an invitation reached the address
MFA_RECOVERY_CODES_SHOW_ONCE = True
ACCOUNT_FORMS = {
    "login": "connecticard.forms.SignInForm",
    "reset_password": "connecticard.forms.AskForPasswordLinkForm",
    "reset_password_from_key": "connecticard.forms.NewPasswordForm",
    "change_password": "connecticard.forms.ChangePasswordForm",
}
MFA_FORMS = {
    "activate_totp": "connecticard.forms.SetUpAppForm",
    "authenticate": "connecticard.forms.SignInCodeForm",
    "reauthenticate": "connecticard.forms.ConfirmCodeForm",
}

# Sessions and browsers
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SECURE = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # the grid of a filing: 192 home libraries by twelve months, and room
FILE_UPLOAD_HANDLERS = ["connecticard.uploads.MemoryUploadHandler"]  # no file lies on a disk
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    CSRF_TRUSTED_ORIGINS = [SITE_URL]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "object-src": [NONE],
    }
}

# Files
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static" if PRODUCTION else None  # elsewhere they are served from where they lie
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "documents"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

# Exchange of reference data
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True  # a name that begins with "=" is no formula

# Cache, worker, mail
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
        # Seconds: a page is made without the cache rather than late
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }
}
CELERY_BROKER_URL = REDIS_URL
# A killed worker's task is given to another after this many seconds: longer than any task may take
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 20 * 60,
    "queue_order_strategy": "sorted",  # queues by name: what somebody waits for before what takes long
    **({"global_keyprefix": REDIS_PREFIX} if REDIS_PREFIX else {}),
}
CELERY_TASK_TIME_LIMIT = 15 * 60
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
EMAIL_HOST = _required("EMAIL_HOST", "")  # invitations go by mail
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = True
EMAIL_TIMEOUT = 10  # seconds; an invitation is sent while somebody waits for a page
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "borrowit@localhost")

# Requests to addresses that others gave: networks that are asked though they are private, as 10.1.0.0/16
OUTBOUND_ALLOWED_NETWORKS = os.environ.get("OUTBOUND_ALLOWED_NETWORKS", "").split()

# REST
API_REQUESTS_A_MINUTE = {"anonymous": 120, "library": 600, "state": 1200}
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "connecticard.api_authentication.ApiTokenAuthentication",
        "connecticard.api_authentication.SessionAuthentication",
    ],
    "DEFAULT_RENDERER_CLASSES": ["connecticard.api_rendering.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],  # api_bodies reads bodies, more strictly and line by line
    "DEFAULT_SCHEMA_CLASS": "connecticard.api_schema.ApiSchema",
    "DEFAULT_FILTER_BACKENDS": [],  # api_filters reads parameters, more strictly than django-filter's backend
    "DEFAULT_THROTTLE_CLASSES": ["connecticard.api_throttling.RoleThrottle"],
    "DEFAULT_VERSIONING_CLASS": None,
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "connecticard.api_problems.handle",
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": PROGRAM_NAME,
    "DESCRIPTION": "Connecticut's statewide borrowing program: who takes part, what libraries report, "
    "what the State pays. Money is dollars with two decimals in strings, counts are whole numbers, "
    "days and times are ISO 8601. Read what is published without a token; everything else takes one.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": SITE_URL}],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "connecticard.logs.formatter", "as_json": PRODUCTION}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "lines"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"connecticard": {"level": "INFO"}, "celery": {"level": "INFO"}},
}
