"""The queue: Celery's application and the modules that hold its tasks."""

import os
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings.desk")

# On one machine the desk may run as root: its data folder is private to that account.
warnings.filterwarnings("ignore", "You're running the worker with superuser privileges", SecurityWarning)

TASK_MODULES = ("inbox.mail.tasks", "accounts.tasks", "helpdesk.crypto.tasks")

app = Celery("postern", include=TASK_MODULES)
app.config_from_object("django.conf:settings", namespace="CELERY")


@task_prerun.connect
def _drop_cut_connection(**_: object) -> None:
    """Without this a worker whose connection was cut fails every later task."""
    close_old_connections()
