# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The service on real recordings: it answers what the tagger hears, and enough of it is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from analytic.app import Service
from analytic.settings import load
from benchmarks.pack import recordings
from model.labels import labels

EVERY = 12  # every twelfth labelled validation clip: about 80 of 974


@pytest.fixture
def real(models_dir: Path) -> Iterator[Service]:
    running = Service(load(http={"port": 0}, bus={"port": 0}, models={"dir": models_dir}))
    running.start()
    yield running
    running.stop()


def test_a_label_stands_in_the_top_five_of_most_answers(real: Service, audio_pack: Path) -> None:
    chosen = [one for one in recordings(audio_pack) if one.split == "val" and one.labels][::EVERY]
    right = 0
    with requests.Session() as session:
        for one in chosen:
            files = {"audio": (one.path.name, one.path.read_bytes(), "audio/ogg")}
            answer = session.post(f"{real.http_url}/model/predict", files=files, timeout=10).json()
            assert answer["status"] == "ok"
            found = {prediction["label_id"] for prediction in answer["predictions"]}
            right += any(labels()[index].mid in found for index in one.labels)
    assert right / len(chosen) >= 0.7
