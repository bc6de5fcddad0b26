"""Uploads: in memory, bounded, never on the disk."""

from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django.fixtures import Settings

from helpdesk.web.base import errors
from tests.signed_in import client_of, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.helpdesk.web.base.test_uploads")]


def _take(request: HttpRequest) -> HttpResponse:
    files = request.FILES.getlist("file")
    assert all(isinstance(file, InMemoryUploadedFile) for file in files)
    return HttpResponse("|".join(f"{file.name} {file.size} {len(file.read())}" for file in files))


urlpatterns = [path("take", _take), path("", include("helpdesk.urls"))]
handler500 = errors.server_error


def _file(name: str, size: int) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"x" * size)


def _client() -> Client:
    client = client_of(make_person())
    client.raise_request_exception = False
    return client


def test_files_lie_in_memory_even_large_ones() -> None:
    with patch("tempfile.NamedTemporaryFile", side_effect=AssertionError("a temporary file was made")):
        answer = _client().post("/take", {"file": [_file("a.txt", 5), _file("b.bin", 6 * 1024 * 1024)]})

    assert answer.content == b"a.txt 5 5|b.bin 6291456 6291456"


def test_files_that_are_too_large_together_are_refused(settings: Settings) -> None:
    settings.POSTERN_UPLOAD_BYTES = 1000
    client = _client()

    assert client.post("/take", {"file": [_file("a", 400), _file("b", 600)]}).status_code == 200
    assert client.post("/take", {"file": [_file("a", 400), _file("b", 601)]}).status_code == 413


def test_a_form_that_says_it_is_too_large_is_not_read(settings: Settings) -> None:
    settings.POSTERN_UPLOAD_BYTES = 1000
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    with patch("helpdesk.web.base.uploads.MemoryOnlyUploadHandler.new_file", side_effect=AssertionError("it was read")):
        answer = _client().post("/take", {"file": _file("a", 100_000)})

    assert answer.status_code == 413
