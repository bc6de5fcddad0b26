"""One desk and one browser for all browser tests, and silence on every console."""

from collections.abc import Iterator

import pytest

from tests.browser.house import House, running_house


@pytest.fixture(scope="session")
def running() -> Iterator[House]:
    """The desk, the browser and its people, started once."""
    with running_house() as house:
        yield house


@pytest.fixture
def house(running: House) -> Iterator[House]:
    """The same, for one test: its pages are closed behind it, and none may have complained."""
    running.complaints.clear()
    yield running
    for context in running.browser.contexts:
        context.close()
    assert running.complaints == []
