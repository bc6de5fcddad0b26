"""A download is given in parts: each part is its bytes, and each giving is an entry that names it."""

import pytest
from django.test import Client

from audit.actions import Action
from tests.helpdesk.web.mail.test_content import content_of
from tests.inbox.tickets.plain import attach, details, entries, open_plain
from tests.make import make_agent, make_inbox
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

DATA = bytes(range(256)) * 1024
"""256 KiB: four sealed chunks."""


def make_download(data: bytes = DATA) -> tuple[Client, str, str]:
    """Return a browser, the address of a file, and the file's own key."""
    inbox = make_inbox()
    file = attach(open_plain(inbox), data)
    return client_of(make_agent(inbox=inbox)), f"/files/{file.pk}", str(file.pk)


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=65530-65540", 65_530, 65_541), ("bytes=-5", 262_139, 262_144)],
)
def test_a_part_of_a_download_is_given_and_named_in_its_entry(header: str, start: int, stop: int) -> None:
    client, address, key = make_download()

    response = client.get(address, headers={"Range": header})

    assert response.status_code == 206
    assert content_of(response) == DATA[start:stop]
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/262144"
    assert response.headers["Content-Length"] == str(stop - start)
    assert response.headers["Cache-Control"] == "no-store"
    (entry,) = entries(Action.ATTACHMENT_DOWNLOAD)
    assert details(entry) == {"attachment": key, "inline": False, "start": start, "stop": stop}


def test_a_download_that_broke_off_is_taken_up_where_it_ended() -> None:
    client, address, _key = make_download()
    whole = client.get(address)

    rest = client.get(address, headers={"Range": "bytes=100000-", "If-Range": whole.headers["ETag"]})
    other = client.get(address, headers={"Range": "bytes=100000-", "If-Range": '"another"'})

    assert (whole.headers["Accept-Ranges"], rest.status_code, other.status_code) == ("bytes", 206, 200)
    assert content_of(whole)[:100_000] + content_of(rest) == content_of(other) == DATA
    assert len(entries(Action.ATTACHMENT_DOWNLOAD)) == 3


def test_a_range_behind_the_end_opens_nothing() -> None:
    client, address, _key = make_download()

    response = client.get(address, headers={"Range": "bytes=262144-"})

    assert (response.status_code, response.headers["Content-Range"]) == (416, "bytes */262144")
    assert entries(Action.ATTACHMENT_DOWNLOAD) == []
    assert client.get(address, headers={"Range": "bytes=262143-"}).status_code == 206


def test_a_range_gets_nobody_past_the_door() -> None:
    _client, address, _key = make_download()
    stranger = client_of(make_agent(inbox=make_inbox("Billing", address="billing@desk.example.net")))

    asked = [stranger.get(address, headers={"Range": header}).status_code for header in ("bytes=0-9", "bytes=999999-")]

    assert asked == [404, 404]
