"""Uploads: held in memory until they are sealed, never in a temporary file."""

from io import BytesIO
from typing import Final

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from helpdesk.core.errors import TooMuch

_FORM_BYTES: Final = 64 * 1024
"""What the boundaries and headers of a form may add to its files and fields."""


class UploadTooLarge(TooMuch):
    """A form brings more than POSTERN_UPLOAD_BYTES."""

    code = "upload_too_large"


class MemoryOnlyUploadHandler(FileUploadHandler):
    """Keeps each file in memory; the bound holds for all files of one form together."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._taken = 0
        self._file = BytesIO()

    def handle_raw_input(self, *given: object, **_more: object) -> None:
        """Refuse a form that says it is too large, before a byte of it is read. The third of `given` is its length."""
        most = settings.POSTERN_UPLOAD_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE + _FORM_BYTES
        length = given[2]
        if isinstance(length, int) and length > most:
            raise UploadTooLarge

    def new_file(self, *described: object, **more: object) -> None:
        """Begin the next file."""
        super().new_file(*described, **more)  # type: ignore[arg-type] # Django's own arguments, handed on
        self._file = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002 - Django's signature
        """Keep a chunk, and hand it to no handler after this one."""
        self._taken += len(raw_data)
        if self._taken > settings.POSTERN_UPLOAD_BYTES:
            raise UploadTooLarge
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Return the file as it lies in memory."""
        self._file.seek(0)
        return InMemoryUploadedFile(
            self._file,
            self.field_name,
            self.file_name,
            self.content_type,
            file_size,
            self.charset,
            self.content_type_extra,
        )
