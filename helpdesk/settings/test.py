"""The settings of the test suite: a desk's own, with quick password hashes and plain static files."""

from helpdesk.settings import env
from helpdesk.settings.desk import *  # noqa: F403 - a desk's settings are the base

SECRET_KEY = "only-for-tests-" + "0123456789abcdef" * 4
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    **STORAGES,  # noqa: F405 - comes with the desk's settings
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Each worker of the suite has a Redis database of its own: emptying it disturbs nobody.
_WORKER = env.text("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
CACHES = {"default": {**CACHES["default"], "LOCATION": redis_database(8 + int(_WORKER) % 8)}}  # noqa: F405 - as above
