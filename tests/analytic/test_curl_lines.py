# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The predecessors' published command lines, against the running service; port and file alone are ours."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytic.app import Service

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")

Encode = Callable[..., bytes]
Curl = Callable[[str], dict[str, Any]]

WHO, WHICH = "33466553786f48cb72faad7b2fb9d0952c97", "2023061906001633466553786f48cb72faad7b2fb9d0952c97"
IDS = f"{WHO}/NSSD/{WHICH}"


@pytest.fixture(scope="module")
def files(encode: Encode, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 12 s of a tone as F.wav, F.flac and F.ogg."""
    folder = tmp_path_factory.mktemp("sound")
    waveform = 0.3 * np.sin(2 * np.pi * 3_000 * np.arange(12 * 44_100) / 44_100)
    for name, form in (("F.wav", "WAV"), ("F.flac", "FLAC"), ("F.ogg", "OGG")):
        (folder / name).write_bytes(encode(waveform, 44_100, form))
    return folder


@pytest.fixture
def curl(service: Service, files: Path) -> Curl:
    def run(line: str) -> dict[str, Any]:
        port = service.http_url.rsplit(":", 1)[1]
        words = shlex.split(line.replace("localhost:5000", f"localhost:{port}"))
        assert words.pop(0) == "curl"
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", *words]
        done = subprocess.run(command, cwd=files, capture_output=True, check=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return run


def is_answer(answer: dict[str, Any], method: str = "none") -> bool:
    return (
        answer["status"] == "ok"
        and answer["method"] == method
        and [found["label"] for found in answer["predictions"]][:3]
        == ["Smoke detector, smoke alarm", "Beep, bleep", "Speech"]
        and len(answer["predictions"]) == 5
        and set(answer["predictions"][0]) == {"label_id", "label", "probability"}
    )


@pytest.mark.parametrize("method", ["scrample", "dp_noise"])
def test_the_published_lines_with_a_path(curl: Curl, method: str) -> None:
    line = (
        'curl -F "audio=@F.wav;type=audio/wav" -XPOST '
        f"http://localhost:5000/model/predict/anonymized_audio/{method}/{IDS}"
    )
    answer = curl(line)
    assert is_answer(answer, method)
    assert answer["audio_file"] == "anonymized_audio"
    assert (answer["requestor_id"], answer["requestor_type"], answer["request_id"]) == (WHO, "NSSD", WHICH)
    assert answer["analyzer_id"]
    assert answer["analysis_id"]
    assert answer["duration_s"] == 12.0


@pytest.mark.parametrize(
    "field",
    ["file=@F.wav;type=audio/wav", "audio=@F.wav", "file=@F.wav", "audio=@F.flac;type=audio/flac", "audio=@F.ogg"],
)
def test_the_other_ways_to_send_the_file(curl: Curl, field: str) -> None:
    line = f'curl -F "{field}" -XPOST http://localhost:5000/model/predict/anonymized_audio/scrample/{IDS}'
    assert is_answer(curl(line), "scrample")


def test_the_line_without_a_path(curl: Curl) -> None:
    answer = curl('curl -F "audio=@F.wav;type=audio/wav" -XPOST http://localhost:5000/model/predict')
    assert is_answer(answer)
    assert answer["requestor_id"] is None


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("start_time=1&filter=Speech", ["Speech"]),
        ("start_time=1&filter=Speech,Dog", ["Speech", "Dog"]),
        ("start_time=1&filter=Speech,%22Beep,%20bleep%22", ["Beep, bleep", "Speech"]),
        ("start_time=1&filter=Speech,/m/02fs_r", ["Beep, bleep", "Speech"]),
        ("start_time=1&filter=%2Fm%2F09x0r,,", ["Speech"]),
    ],
)
def test_start_time_and_filter(curl: Curl, query: str, labels: list[str]) -> None:
    answer = curl(f'curl -F "audio=@F.wav;type=audio/wav" -XPOST "http://localhost:5000/model/predict?{query}"')
    assert [found["label"] for found in answer["predictions"]] == labels
    assert answer["duration_s"] == 11.0


def test_a_name_with_a_comma_and_no_quotes_is_refused_with_the_way_out(curl: Curl) -> None:
    line = (
        'curl -F "audio=@F.wav;type=audio/wav" -XPOST "http://localhost:5000/model/predict?filter=Speech,Beep,%20bleep"'
    )
    answer = curl(line)
    assert answer["status"] == "error"
    assert "'Beep', 'bleep'" in answer["message"]
    assert "double quotes" in answer["message"]


def test_the_wrong_type_is_refused_in_the_published_words(curl: Curl) -> None:
    answer = curl('curl -F "audio=@F.wav;type=text/plain" -XPOST http://localhost:5000/model/predict')
    assert answer == {"status": "error", "message": "Invalid file type/extension: text/plain"}


def test_a_start_after_the_end_is_refused_in_the_published_words(curl: Curl) -> None:
    line = 'curl -F "audio=@F.wav;type=audio/wav" -XPOST "http://localhost:5000/model/predict?start_time=12"'
    assert curl(line) == {"status": "error", "message": "Invalid start time: value outside audio clip"}


def test_metadata_labels_and_description(curl: Curl) -> None:
    assert {"id", "name", "description", "type", "license"} <= set(curl("curl http://localhost:5000/model/metadata"))
    assert curl("curl http://localhost:5000/model/labels")["count"] == 527
    assert curl("curl http://localhost:5000/swagger.json")["swagger"] == "2.0"


def test_what_was_told_can_be_asked_for_as_the_page_shows(curl: Curl) -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^curl .*/events.*$", page, flags=re.MULTILINE)
    for _ in range(3):
        curl('curl -F "audio=@F.wav;type=audio/wav" -XPOST http://localhost:5000/model/predict')
    answer = curl(line)
    assert [event["event_class"] for event in answer["events"]] == ["smoke_alarm"] * 2
    next_page = curl(line.replace("limit=2", f"limit=2&cursor={answer['next_cursor']}"))
    assert len(next_page["events"]) == 1
    assert next_page["next_cursor"] is None
    (event,) = next_page["events"]
    address = f"http://localhost:5000/events/{event['id']}"
    assert curl(f"curl -XPOST {address}/acknowledge")["acknowledged"]
    assert curl(f"curl -XDELETE {address}")["deleted"] == event["id"]
    assert curl(f"curl {address}")["status"] == "error"
    assert set(curl("curl http://localhost:5000/device")) == {"device", "algorithm", "public_key"}
