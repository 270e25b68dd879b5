"""Reads a multipart form piece by piece: files go straight to scratch files, and caps hold at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.blobs import BlobStore, Receiving
from api.errors import ApiError, BadRequest, TooLarge, Unprocessable, Unsupported
from grader.intake.collect import megabytes

FILE = "file"
FIELDS = frozenset({"csrf_token"})  # of a page's form; whoever needs it checks it
_MOST_FIELD_BYTES = 4096
_MOST_FIELDS = 8
_MOST_BOUNDARY = 200


@dataclass(frozen=True)
class Caps:
    """What a form may bring."""

    bytes: int  # of all files together
    files: int

    def too_large(self) -> TooLarge:
        """The error for more bytes."""
        return TooLarge(
            f"Upload at most {megabytes(self.bytes)}. Leave out data sets, checkpoints and environments.",
            most=self.bytes,
            headers={"Connection": "close"},  # the rest is not waited for
        )


@dataclass
class File:
    """A file of the form. `name` is as sent: not to be trusted."""

    name: str
    content: Receiving


@dataclass
class _Part:
    headers: dict[str, bytes] = field(default_factory=dict)
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    field_name: str = ""
    text: bytearray | None = None
    file: File | None = None


class Form:
    """Feed it the body, then `finish`. `discard` removes the scratch files of what nobody kept."""

    def __init__(self, content_type: str, store: BlobStore, caps: Caps) -> None:
        self.files: list[File] = []
        self.fields: dict[str, str] = {}
        self._store = store
        self._caps = caps
        self._received = 0
        self._is_complete = False
        self._part = _Part()
        self._parser = MultipartParser(_boundary(content_type), self._callbacks())  # type: ignore[arg-type]  # a TypedDict

    def feed(self, data: bytes) -> None:
        """The next piece of the body.

        Raises:
            BadRequest, Unprocessable: it is no form, or has a field that is not known.
            TooLarge: beyond a cap.
        """
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise BadRequest(f"The body is no valid multipart form: {str(error)[:200]}") from error

    def finish(self) -> None:
        """The body has ended. Raises `BadRequest` if it was cut off."""
        if not self._is_complete:
            raise BadRequest("The upload was cut off. Send it again.", kind="incomplete")

    def discard(self) -> None:
        """Remove all scratch files."""
        for file in self.files:
            file.content.discard()

    def _callbacks(self) -> Mapping[str, object]:
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": lambda data, start, end: self._part.header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._part.value.extend(data[start:end]),
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }

    def _on_part_begin(self) -> None:
        self._part = _Part()

    def _on_header_end(self) -> None:
        part = self._part
        part.headers[part.header.decode("latin-1").lower()] = bytes(part.value)
        part.header.clear()
        part.value.clear()

    def _on_headers_finished(self) -> None:
        kind, options = parse_options_header(self._part.headers.get("content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise BadRequest("Every part of the form needs a Content-Disposition with a name.")
        name = _text(options[b"name"])
        self._part.field_name = name
        if name == FILE:
            self._begin_file(options.get(b"filename"))
        elif name in FIELDS and len(self.fields) < _MOST_FIELDS:
            self._part.text = bytearray()
        else:
            known = ", ".join(sorted({FILE, *FIELDS}))
            raise Unprocessable(
                f"The form has a field {name[:60]!r}. Known are: {known}.", kind="unknown-field"
            )

    def _begin_file(self, name: bytes | None) -> None:
        if name is None:
            raise Unprocessable(f"The part {FILE!r} is not a file: give it a filename.", kind="no-file")
        if len(self.files) >= self._caps.files:
            raise TooLarge(f"Upload at most {self._caps.files} files.", most=self._caps.files)
        self._part.file = File(_text(name), self._store.receive())
        self.files.append(self._part.file)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.file is not None:
            self._received += end - start
            if self._received > self._caps.bytes:
                raise self._caps.too_large()
            part.file.content.write(data[start:end])
        elif part.text is not None:
            part.text += data[start:end]
            if len(part.text) > _MOST_FIELD_BYTES:
                raise TooLarge(f"The field {part.field_name!r} is too long.", most=_MOST_FIELD_BYTES)

    def _on_part_end(self) -> None:
        part = self._part
        if part.text is not None:
            self.fields[part.field_name] = _text(bytes(part.text))
        if part.file is not None:
            part.file.content.close()
            if not part.file.name and not part.file.content.size:  # a browser's file field left empty
                self.files.remove(part.file)
                part.file.content.discard()

    def _on_end(self) -> None:
        self._is_complete = True


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
    if kind != b"multipart/form-data":
        raise Unsupported(f"Send the file as multipart/form-data, in a part called {FILE!r}.")
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= _MOST_BOUNDARY:
        raise _no_boundary()
    return boundary


def _no_boundary() -> ApiError:
    return BadRequest("The Content-Type has no usable boundary.")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
