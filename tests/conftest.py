"""What every test stands on: the product runs as the app role, the owner migrates and flushes."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import SimpleTestCase
from pytest_django import DjangoDbBlocker

from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto import keyring
from helpdesk.crypto.setup import setup_keys
from inbox.inboxes.services.roles import ship_roles

pytest_plugins = ["tests.fixtures_wire"]


def _seed() -> None:
    keyring.forget()
    setup_keys()
    ship_roles()


@pytest.fixture(scope="session")
def django_db_setup(django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Make the test database as the owner, then let `default` and `aside` lead there as the app role.

    Nobody drops it: it ends with the home that the services of the suite run in.
    """
    with django_db_blocker.unblock():
        owner = connections["owner"]
        name = owner.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        for alias in ("default", "aside"):
            connections[alias].settings_dict["NAME"] = name
            settings.DATABASES[alias]["NAME"] = name
        _let_the_owner_flush()
        _seed()
        owner.close()


def _let_the_owner_flush() -> None:
    # TransactionTestCase truncates over `default`; the app role may not, and must not.
    def flush(sql_list: Iterable[str]) -> None:
        connections["owner"].ops.execute_sql_flush(sql_list)
        connections["owner"].close()

    connections["default"].ops.execute_sql_flush = flush  # type: ignore[method-assign] # for the tests alone


def _keep_all_connections(cls: type[SimpleTestCase]) -> None:
    """Leave every alias usable: `aside` shares the connection of `default` in most tests."""


SimpleTestCase._add_databases_failures = classmethod(_keep_all_connections)  # type: ignore[attr-defined] # see above


def _is_transactional(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    names = set(request.fixturenames)
    return bool(names & {"transactional_db", "live_server"}) or bool(marker and marker.kwargs.get("transaction"))


@pytest.fixture(autouse=True)
def _connections(request: pytest.FixtureRequest) -> Iterator[None]:
    """Write `aside` over the connection of `default`, but in transactional tests, where it is a real second one."""
    if _is_transactional(request):
        yield
        return
    real: Any = connections["aside"]  # Any: django-stubs knows no alias swap
    connections["aside"] = connections["default"]
    yield
    connections["aside"] = real


@pytest.fixture
def _django_db_helper(_django_db_helper: None, request: pytest.FixtureRequest) -> None:
    """Seed keys and roles again after another test's flush."""
    keyring.forget()
    if _is_transactional(request):
        _seed()


@pytest.fixture(autouse=True)
def _clean_cache(request: pytest.FixtureRequest) -> None:
    """Start each test that uses the database with an empty cache: rate limits and list marks live there."""
    uses_database = {"db", "transactional_db", "live_server"} & set(request.fixturenames)
    if uses_database or request.node.get_closest_marker("django_db"):
        cache.clear()


@pytest.fixture
def opened() -> Iterator[None]:
    """Let a test read sealed fields."""
    with purpose(Purpose.SYSTEM):
        yield
