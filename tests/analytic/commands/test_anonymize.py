# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import requests
import soundfile
from typer.testing import Result

from analytic.app import Service
from anonymizers.band_energy import BandEnergies

Hearken = Callable[..., Result]
SECONDS = 2


@pytest.fixture
def noise(tmp_path: Path, encode: Callable[..., bytes]) -> Path:
    path = tmp_path / "kitchen.wav"
    path.write_bytes(encode(np.random.default_rng(3).normal(0, 0.1, SECONDS * 16_000).astype(np.float32)))
    return path


class TestAnonymize:
    @pytest.mark.parametrize("form", ["wav", "flac", "WAV"])
    def test_writes_sound_of_the_same_length_that_is_another(self, hearken: Hearken, noise: Path, form: str) -> None:
        target = noise.with_name(f"out.{form}")
        result = hearken("anonymize", str(noise), str(target), "--method", "granular_shuffle")
        assert (result.exit_code, result.stderr) == (0, "")
        before, _ = soundfile.read(noise)
        after, rate_hz = soundfile.read(target)
        assert (after.shape, rate_hz) == (before.shape, 16_000)
        assert abs(np.corrcoef(before, after)[0, 1]) < 0.9

    @pytest.mark.parametrize("form", ["hkbe", "json"])
    def test_writes_band_energies_alone(self, hearken: Hearken, noise: Path, form: str) -> None:
        target = noise.with_name(f"out.{form}")
        assert hearken("anonymize", str(noise), str(target), "--method", "band_energy").exit_code == 0
        content = target.read_bytes()
        found = BandEnergies.from_bytes(content) if form == "hkbe" else BandEnergies.from_json(content.decode())
        assert (found.samples, found.sample_rate_hz) == (SECONDS * 16_000, 16_000)

    @pytest.mark.parametrize(
        ("target", "method", "complaint"),
        [
            ("out.mp3", "none", "ends in .wav or .flac"),
            ("out.hkbe", "mcadams", "ends in .wav or .flac"),
            ("out", "band_energy", "ends in .wav or .flac"),
            ("out.wav", "magic", "Unknown method: 'magic'; known methods: none"),
        ],
    )
    def test_what_cannot_be_written_so_is_refused_and_nothing_is_written(
        self, hearken: Hearken, noise: Path, target: str, method: str, complaint: str
    ) -> None:
        result = hearken("anonymize", str(noise), str(noise.with_name(target)), "--method", method)
        assert result.exit_code == 2
        assert complaint in result.stderr
        assert not noise.with_name(target).exists()

    def test_what_is_no_sound_is_refused(self, hearken: Hearken, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        path.write_text("no sound")
        result = hearken("anonymize", str(path), str(tmp_path / "b.wav"), "--method", "none")
        assert (result.exit_code, "Unreadable audio" in result.stderr) == (2, True)


class TestSend:
    @pytest.mark.parametrize("method", ["granular_shuffle", "low_pass", "band_energy", "low_pass+mcadams"])
    def test_the_service_gets_what_is_left_and_says_who_hid_the_rest(
        self, hearken: Hearken, service: Service, noise: Path, method: str
    ) -> None:
        result = hearken("send", str(noise), "--method", method, "--url", service.http_url)
        assert (result.exit_code, result.stderr) == (0, "")
        answer = json.loads(result.stdout)
        assert (answer["method"], answer["anonymizer"]["method"], answer["anonymizer"]["mode"]) == (
            method,
            method,
            "client",
        )
        assert answer["duration_s"] == SECONDS
        kept = requests.get(f"{service.http_url}/events", timeout=5).json()["events"]
        assert [event["anonymizer"] for event in kept] == [{"method": method, "mode": "client"}]

    def test_without_a_method_nothing_is_said_to_be_hidden(
        self, hearken: Hearken, service: Service, noise: Path
    ) -> None:
        answer = json.loads(hearken("send", str(noise), "--method", "none", "--url", service.http_url).stdout)
        assert (answer["method"], answer["anonymizer"]["mode"]) == ("none", "server")

    def test_a_service_that_is_away_is_said_to_be_without_the_token(self, hearken: Hearken, noise: Path) -> None:
        result = hearken("send", str(noise), "--method", "none", "--url", "http://127.0.0.1:9", "--token", "s3cret")
        assert result.exit_code == 2
        assert re.fullmatch(r"hearken: http://127\.0\.0\.1:9: no answer: \w+\n", result.stderr)


class TestAnswers:
    def post(self, service: Service, noise: Path, where: str) -> requests.Response:
        with noise.open("rb") as stream:
            return requests.post(f"{service.http_url}{where}", files={"audio": stream}, timeout=10)

    def test_a_method_of_ours_beside_what_was_done_before_is_refused(self, service: Service, noise: Path) -> None:
        response = self.post(service, noise, "/model/predict/a/scrample/b/c/d?anonymized=mcadams")
        assert (response.status_code, "Invalid anonymized" in response.json()["message"]) == (400, True)

    def test_a_method_that_nobody_knows_cannot_have_been_used(self, service: Service, noise: Path) -> None:
        response = self.post(service, noise, "/model/predict?anonymized=magic")
        assert (response.status_code, "Unknown method: 'magic'" in response.json()["message"]) == (400, True)

    @pytest.mark.parametrize(
        "content",
        [b"", b"RIFF", b"HKBE\x01", b"{", b'{"version": 1}', b"\xff" * 100, b"HKBE\x01\x1d\x01\x7d" + b"\xff" * 8],
    )
    def test_features_that_are_none_are_refused_with_a_reason(self, service: Service, content: bytes) -> None:
        response = requests.post(f"{service.http_url}/model/predict/features", data=content, timeout=10)
        assert (response.status_code, "band levels" in response.json()["message"]) == (400, True)

    def test_features_of_more_sound_than_a_request_may_hold_are_refused(self, service: Service) -> None:
        length = 601 * 16_000
        frames = -(-length // 2000) + 1
        content = b"HKBE\x01\x1d\x01\x7d" + (16_000).to_bytes(4, "little") + length.to_bytes(4, "little")
        response = requests.post(
            f"{service.http_url}/model/predict/features", data=content + bytes([0xB0]) * 29 * frames, timeout=30
        )
        assert (response.status_code, "Audio too long" in response.json()["message"]) == (400, True)

    def test_the_same_clip_is_hidden_the_same_way_also_after_a_restart(self, service: Service, noise: Path) -> None:
        first = service._delivery.signer.secret("anonymizers")
        assert first == service._delivery.signer.secret("anonymizers") != service._delivery.signer.secret("else")
        assert len(first) == 32
