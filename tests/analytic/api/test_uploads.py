# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import io

import numpy as np
import pytest
from flask import Flask, Request, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse

from analytic.api.uploads import FIELDS, MAX_PARTS, InMemoryRequest, uploaded_audio
from analytic.errors import MissingAudio, UnsupportedMediaType

CONTENT = b"RIFF....WAVE"


def upload(content: bytes = CONTENT, media_type: str | None = "audio/wav") -> FileStorage:
    return FileStorage(io.BytesIO(content), filename="sound.wav", content_type=media_type)


@pytest.mark.parametrize("field", FIELDS)
def test_both_published_field_names_are_read(field: str) -> None:
    assert uploaded_audio(MultiDict({field: upload()})) == CONTENT


def test_audio_goes_before_file() -> None:
    assert uploaded_audio(MultiDict({"file": upload(b"second"), "audio": upload(b"first")})) == b"first"


@pytest.mark.parametrize(
    "media_type", ["text/plain", "audio/mpeg", "video/mp4", "application/json", "audio/wavex", "audio"]
)
def test_another_media_type_is_refused_in_the_contract_s_words(media_type: str) -> None:
    with pytest.raises(UnsupportedMediaType) as refusal:
        uploaded_audio(MultiDict({"audio": upload(media_type=media_type)}))
    assert str(refusal.value) == f"Invalid file type/extension: {media_type}"


@pytest.mark.parametrize(
    "media_type",
    [
        "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/flac", "audio/x-flac", "audio/ogg",
        "audio/opus", "application/ogg", "application/octet-stream", "AUDIO/WAV", "audio/wav; charset=binary", "", None,
    ],
)  # fmt: skip
def test_media_types_of_sound_and_none_in_particular_are_accepted(media_type: str | None) -> None:
    assert uploaded_audio(MultiDict({"audio": upload(media_type=media_type)})) == CONTENT


def test_a_media_type_of_kilobytes_does_not_fill_the_answer() -> None:
    with pytest.raises(UnsupportedMediaType) as refusal:
        uploaded_audio(MultiDict({"audio": upload(media_type="x/" + "y" * 10_000)}))
    assert len(str(refusal.value)) < 200


def test_no_file_is_refused_with_what_was_there() -> None:
    with pytest.raises(MissingAudio, match=r"found: none$"):
        uploaded_audio(MultiDict())
    with pytest.raises(
        MissingAudio, match=r"expected a file in the multipart field audio \(or file\), found: a, sound$"
    ):
        uploaded_audio(MultiDict({"sound": upload(), "a": upload()}))


def test_a_field_name_of_kilobytes_does_not_fill_the_answer() -> None:
    with pytest.raises(MissingAudio) as refusal:
        uploaded_audio(MultiDict({"x" * 10_000: upload()}))
    assert len(str(refusal.value)) < 400


def posted(app: Flask, content: bytes, fields: int = 0) -> TestResponse:
    """Post a file, as bytes already: the framework's test client would write a large one to a temporary file."""
    parts = [b'name="audio"; filename="f.wav"\r\nContent-Type: audio/wav\r\n\r\n' + content]
    parts += [b'name="p%d"\r\n\r\nx' % number for number in range(fields)]
    body = b"".join(b"--edge\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + b"--edge--\r\n"
    return app.test_client().post("/", data=body, content_type="multipart/form-data; boundary=edge")


@pytest.fixture
def app() -> Flask:
    """Answers with the type of the stream that holds the file."""
    made = Flask("uploads")
    made.request_class = InMemoryRequest

    @made.post("/")
    def answer() -> ResponseReturnValue:
        with request.files["audio"].stream as stream:
            return type(stream).__name__.encode() + b" " + stream.read()

    return made


@pytest.mark.parametrize("size", [10, 600_000, 3_000_000])
def test_a_file_of_any_size_stays_in_memory(app: Flask, size: int) -> None:
    content = np.random.default_rng(1).bytes(size)
    assert posted(app, content).data == b"BytesIO " + content


def test_the_framework_itself_would_have_moved_it_to_a_file(app: Flask) -> None:
    app.request_class = Request
    assert not posted(app, bytes(3_000_000)).data.startswith(b"BytesIO")


def test_more_parts_than_a_request_needs_are_refused(app: Flask) -> None:
    assert posted(app, CONTENT, fields=MAX_PARTS - 1).status_code == 200
    assert posted(app, CONTENT, fields=MAX_PARTS).status_code == 413
