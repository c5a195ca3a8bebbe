"""Files that people send: held in memory for one request, never on a disk.

A circulation export says who borrowed what (C.G.S. 11-25(b)), so Django's temporary files would be a copy too
many. A page that reads a file says so with `reads_a_file`; to any other page a file is dropped unread.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeVar

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

View = TypeVar("View", bound=Callable[..., Any])


def reads_a_file(largest: int) -> Callable[[View], View]:
    """Let a page receive a file of at most so many bytes; a larger one arrives as `is_too_large`, empty."""

    def mark(view: View) -> View:
        view.largest_file = largest  # type: ignore[attr-defined]
        return view

    return mark


class MemoryUploadHandler(FileUploadHandler):
    """Keeps one file in memory, for a signed-in person, on a page that reads one."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self._received = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        match = getattr(self.request, "resolver_match", None)
        user = getattr(self.request, "user", None)
        self._largest = getattr(match.func, "largest_file", 0) if match else 0
        if not self._largest or user is None or not user.is_authenticated:
            raise SkipFile
        self._content: BytesIO | None = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received += len(raw_data)
        if self._received > self._largest:
            self._content = None  # read on, so that the page can answer, but keep nothing
        if self._content is not None:
            self._content.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        content = self._content or BytesIO()
        content.seek(0)
        file = InMemoryUploadedFile(
            content,
            self.field_name,
            self.file_name,
            self.content_type,
            content.getbuffer().nbytes,
            self.charset,
            self.content_type_extra,
        )
        file.is_too_large = self._content is None  # type: ignore[attr-defined]
        return file
