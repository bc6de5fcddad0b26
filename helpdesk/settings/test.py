"""The settings of the test suite: a desk's own, with quick password hashes and plain static files."""

from helpdesk.settings import env
from helpdesk.settings.base import STORAGES as DESK_STORAGES
from helpdesk.settings.desk import *  # noqa: F403 - a desk's settings are the base

SECRET_KEY = "only-for-tests-" + "0123456789abcdef" * 4
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Each process of the suite has sealed files and a Redis database of its own: sweeping and emptying disturb nobody.
_WORKER = env.text("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
_BLOBS = DESK_STORAGES["blobs"]
STORAGES = {
    **DESK_STORAGES,
    "blobs": {**_BLOBS, "OPTIONS": {**_BLOBS["OPTIONS"], "location": f"{_BLOBS['OPTIONS']['location']}/{_WORKER}"}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CACHES = {"default": {**CACHES["default"], "LOCATION": REDIS.database(8 + int(_WORKER) % 8)}}  # noqa: F405 - from the star import
