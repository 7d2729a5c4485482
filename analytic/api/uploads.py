# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Uploads that are never written to disk, and the file that a request carries.

Werkzeug moves a multipart file over 500 kB to a temporary file, and waitress a body over 512 KiB. Both are told not
to: here, and in `analytic.api.server`. tests/analytic/test_no_sound_on_disk.py watches them.
"""

from __future__ import annotations

import io
import re
from typing import IO, cast

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict

from analytic.errors import MissingAudio, UnsupportedMediaType

FIELDS = ("audio", "file")
MAX_PARTS = 16
_MEDIA_TYPES = re.compile(
    r"audio/(wav|wave|x-wav|x-pn-wav|vnd\.wave|flac|x-flac|ogg|opus|vorbis)|application/(ogg|octet-stream)|"
)


class InMemoryRequest(Request):
    """A request whose uploaded files stay in memory; the server bounds the body."""

    max_form_parts = MAX_PARTS

    def _get_file_stream(self, *_args: object, **_kwargs: object) -> IO[bytes]:
        return io.BytesIO()


def uploaded_recording(files: MultiDict[str, FileStorage]) -> tuple[str, bytes]:
    """Return the name and the bytes of the file in the field ``audio``, or ``file``, whatever it declares to be.

    Raises
    ------
    MissingAudio
        Neither field holds a file.
    """
    for field in FIELDS:
        file = files.get(field)
        if file is not None:
            return file.filename or "", cast(io.BytesIO, file.stream).getvalue()
    raise MissingAudio(list(files))


def uploaded_audio(files: MultiDict[str, FileStorage]) -> bytes:
    """Return the bytes of the file in the field ``audio``, or ``file``.

    What it declares to be must be a media type of sound, or none in particular; what it is, its content decides later.

    Raises
    ------
    MissingAudio
        Neither field holds a file.
    UnsupportedMediaType
        Another media type is declared.
    """
    for field in FIELDS:
        file = files.get(field)
        if file is not None:
            if not _MEDIA_TYPES.fullmatch(file.mimetype.lower()):
                raise UnsupportedMediaType(file.mimetype)
            return cast(io.BytesIO, file.stream).getvalue()
    raise MissingAudio(list(files))
