"""Redis, the queue and the beat's table."""

from helpdesk.settings import env

REDIS = env.redis_place("REDIS_URL", "redis://127.0.0.1:6379")

REDIS_LIVE_URL = REDIS.database(0)
"""Live signals and presence: ids only."""
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS.database(1),
        "OPTIONS": {
            "socket_connect_timeout": 0.2,
            "socket_timeout": 1.0,
            "serializer": "helpdesk.core.plain_cache.JsonSerializer",
        },
    }
}
CELERY_BROKER_URL = REDIS.database(2, broker=True)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The doorbell may fail, and quickly: the row is the work item and its sweep finds it.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 0.2, "socket_timeout": 5, "visibility_timeout": 3600}
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_DB_REUSE_MAX = 100_000
CELERY_TASK_DEFAULT_QUEUE = "process"
CELERY_TASK_ROUTES = {
    "mail.poll_mailboxes": {"queue": "fetch"},
    "mail.poll_mailbox": {"queue": "fetch"},
    "mail.process_mail": {"queue": "process"},
    "mail.deliver_mail": {"queue": "send"},
    "mail.sweep": {"queue": "send"},
    "mail.save_copy": {"queue": "slow"},
    "mail.sweep_slow": {"queue": "slow"},
    "mail.sweep_blobs": {"queue": "slow"},
    "mail.watch": {"queue": "slow"},
    "accounts.clear_sessions": {"queue": "slow"},
    "crypto.rewrap": {"queue": "slow"},
}
CELERY_BEAT_SCHEDULE = {
    "poll mailboxes": {"task": "mail.poll_mailboxes", "schedule": 10.0, "options": {"expires": 30}},
    "sweep the outbox": {"task": "mail.sweep", "schedule": 2.0, "options": {"expires": 10}},
    "sweep the rest": {"task": "mail.sweep_slow", "schedule": 60.0, "options": {"expires": 300}},
    "watch mailboxes": {"task": "mail.watch", "schedule": 60.0, "options": {"expires": 60}},
    "sweep blobs": {"task": "mail.sweep_blobs", "schedule": 86400.0, "options": {"expires": 3600}},
    "wrap keys anew": {"task": "crypto.rewrap", "schedule": 600.0, "options": {"expires": 600}},
    "clear sessions": {"task": "accounts.clear_sessions", "schedule": 3600.0, "options": {"expires": 3600}},
}
