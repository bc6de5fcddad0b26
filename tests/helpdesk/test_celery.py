"""The queue knows each task it is told to run, and a cut connection costs no later task."""

import pytest
from celery.signals import task_prerun
from django.conf import settings
from django.db import OperationalError, connections

from helpdesk.celery import app
from helpdesk.embedded.desk import QUEUES


def test_each_task_of_the_beat_and_of_the_routes_exists() -> None:
    app.loader.import_default_modules()
    told = {str(entry["task"]) for entry in settings.CELERY_BEAT_SCHEDULE.values()} | set(settings.CELERY_TASK_ROUTES)

    assert sorted(told - set(app.tasks)) == []


def test_one_worker_serves_every_queue() -> None:
    used = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} | {settings.CELERY_TASK_DEFAULT_QUEUE}

    assert set(QUEUES.split(",")) == used


def _cut() -> None:
    """Have the server end the connection of `default`."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with connections["aside"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 1000)", [pid])


def _one() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
        (one,) = cursor.fetchone()
    return int(one)


@pytest.mark.django_db(transaction=True)
def test_a_task_after_a_cut_connection_works() -> None:
    _one()
    _cut()

    task_prerun.send(sender=None)

    assert _one() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_signal_it_would_not() -> None:
    _one()
    _cut()

    with pytest.raises(OperationalError):
        _one()
    connections["default"].close()
