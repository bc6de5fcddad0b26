"""What the desk is made of: apps, middleware, database, templates, language, files."""

from typing import Any

from helpdesk.settings import env

BASE_DIR = env.ROOT
POSTERN_HOME = env.folder("POSTERN_HOME", env.ROOT / "var")
POSTERN_BIND = env.text("POSTERN_BIND", "127.0.0.1")
POSTERN_PORT = env.integer("POSTERN_PORT", 8000, low=1, high=65535)
POSTERN_URL = env.text("POSTERN_URL", f"http://localhost:{POSTERN_PORT}").rstrip("/")
POSTERN_KIND = env.text("POSTERN_KIND", "desk")
"""`desk`, `demo` or `bench`: `fill` refuses on a desk."""

DEBUG = False
ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "helpdesk.web.apps.DeskAdminConfig",
    "helpdesk.apps.HelpdeskConfig",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "guardian",
    "django_otp",
    "auditlog",
    "helpdesk.crypto.apps.CryptoConfig",
    "audit.apps.AuditConfig",
    "accounts.apps.AccountsConfig",
    "inbox.inboxes.apps.InboxesConfig",
    "inbox.contacts.apps.ContactsConfig",
    "inbox.tickets.apps.TicketsConfig",
    "inbox.mail.apps.MailConfig",
    "helpdesk.web.apps.WebConfig",
]

MIDDLEWARE = [
    "helpdesk.web.base.middleware.RequestContextMiddleware",
    "helpdesk.web.base.middleware.SecurityHeadersMiddleware",
    "helpdesk.web.base.middleware.MethodMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "helpdesk.web.door.middleware.FactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "helpdesk.web.door.middleware.DoorMiddleware",
    "helpdesk.web.base.middleware.ActorMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [env.ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "helpdesk.web.base.context.desk",
            ],
        },
    }
]

# Both roles lead to one database: `default` is the app role, which owns nothing; `owner` migrates.
# A kept connection a thread with a health check, and no pool: a pool costs a worker five times the CPU.
# Statements are prepared on their second use: the database then plans them once a connection, not once a request.
_KEPT = {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "DISABLE_SERVER_SIDE_CURSORS": False}
_APP = env.database("DATABASE_URL", "postgresql:///postern")
_OWNER = env.database("DATABASE_OWNER_URL") or _APP
_OPTIONS = {**_APP.get("OPTIONS", {}), "server_side_binding": True, "prepare_threshold": 1}
DATABASES = {
    "default": {**_APP, **_KEPT, "OPTIONS": _OPTIONS},
    "owner": {**_OWNER, "CONN_MAX_AGE": 0},
    "aside": {**_APP, **_KEPT, "OPTIONS": _OPTIONS},
}
"""`aside` is a second connection of the app role, for entries that must outlive a rollback."""
DATABASE_ROUTERS = ["helpdesk.core.router.OneDatabase"]
POSTERN_APP_ROLE = str(_APP.get("USER", ""))

MIGRATION_MODULES = {"auditlog": None}
AUDITLOG_LOGENTRY_MODEL = "audit.Entry"
AUDITLOG_DISABLE_REMOTE_ADDR = True
AUDITLOG_MASK_CALLABLE = "audit.payload.redact"
AUDITLOG_STORE_JSON_CHANGES = True
ANONYMOUS_USER_NAME = None
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [env.ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("POSTERN_STATIC", POSTERN_HOME / "static")
STATICFILES_DIRS = [env.ROOT / "static"]
STORAGES: dict[str, dict[str, Any]] = {  # Any: Django's own shape
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "blobs": {
        "BACKEND": "helpdesk.crypto.files.BlobFolder",
        "OPTIONS": {
            "location": str(env.folder("POSTERN_BLOBS", POSTERN_HOME / "blobs")),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "helpdesk.web.base.storage.StaticStorage"},
}

# An upload never touches the disk before it is sealed: memory only, and the size is refused before it is read.
FILE_UPLOAD_HANDLERS = ["helpdesk.web.base.uploads.MemoryOnlyUploadHandler"]
POSTERN_UPLOAD_BYTES = env.integer("POSTERN_UPLOAD_BYTES", 25 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

KEY_PROVIDER = env.text("POSTERN_KEY_PROVIDER", "file")
"""`file` reads ROOT_KEY_FILE; `environment` reads POSTERN_ROOT_KEY."""
ROOT_KEY_FILE = env.folder("POSTERN_ROOT_KEY_FILE", POSTERN_HOME / "keys" / "root.key")
