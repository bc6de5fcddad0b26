"""Sign-in, sessions, cookies and headers."""

from helpdesk.settings import env
from helpdesk.settings.base import POSTERN_HOME, POSTERN_URL

_SECRET_KEY_PATH = POSTERN_HOME / "keys" / "secret.key"
SECRET_KEY = env.text("SECRET_KEY", _SECRET_KEY_PATH.read_text().strip() if _SECRET_KEY_PATH.is_file() else "")

_HTTPS = POSTERN_URL.startswith("https://")
_HOST = POSTERN_URL.split("://", 1)[1].split("/", 1)[0]
ALLOWED_HOSTS = [_HOST.split(":", 1)[0], "127.0.0.1", *env.words("POSTERN_HOSTS")]
CSRF_TRUSTED_ORIGINS = [POSTERN_URL]
POSTERN_TRUSTED_PROXIES = env.integer("POSTERN_TRUSTED_PROXIES", 0, high=10)
"""How many proxies of ours stand in front; only that many entries of X-Forwarded-For are believed."""
POSTERN_BODY_S = env.integer("POSTERN_BODY_S", 60, low=1, high=3600)
"""How long a client may take to send its request."""
POSTERN_SEND_S = env.integer("POSTERN_SEND_S", 10, low=1, high=3600)
"""How long a client may take to accept one part of an answer."""

AUTHENTICATION_BACKENDS = [
    "accounts.backend.DoorBackend",
    "inbox.inboxes.backend.InboxBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.StrengthValidator"},
]

SESSION_ENGINE = "helpdesk.web.base.sessions"
SESSION_COOKIE_NAME = "__Host-sid" if _HTTPS else "postern_sid"
SESSION_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_IDLE_S = env.integer("POSTERN_SESSION_IDLE_S", 3600, low=60)
SESSION_ABSOLUTE_S = env.integer("POSTERN_SESSION_ABSOLUTE_S", 12 * 3600, low=300)
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_S
CSRF_COOKIE_NAME = "__Host-csrf" if _HTTPS else "postern_csrf"
CSRF_COOKIE_SECURE = _HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "helpdesk.web.base.errors.csrf_failure"

SECURE_SSL_REDIRECT = _HTTPS and env.boolean("POSTERN_SSL_REDIRECT", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if POSTERN_TRUSTED_PROXIES else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 63_072_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
SECURE_HSTS_PRELOAD = _HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
ACCOUNT_ADAPTER = "accounts.door.Door"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/login/"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGIN_TIMEOUT = 600
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/300s/key", "code": "20/m/ip"}
ALLAUTH_TRUSTED_PROXY_COUNT = POSTERN_TRUSTED_PROXIES
USERSESSIONS_TRACK_ACTIVITY = False
OTP_TOTP_ISSUER = "Postern"
OTP_LOGIN_URL = LOGIN_URL
