# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The demo as a person runs it, with the tagger that comes with the package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from analytic.folders import take

ROOT = Path(__file__).parents[2]


def run(tmp_path: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the demo with an empty models folder and no weights."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEARKEN")}
    environment |= {"HEARKEN__MODELS__DIR": str(tmp_path / "models"), "COLUMNS": "120"} | more
    command = [sys.executable, "-m", "demo", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_its_own_sound_is_recognised_by_the_bundled_tagger_and_it_says_so(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "The tagger hearken_small listened to a smoke alarm" in done.stdout
    assert '"phase":"start","event_class":"smoke_alarm"' in done.stdout
    assert "Stopped cleanly" in done.stdout
    table = done.stdout.partition("none ")[2].partition("alarms arrived")[0]
    assert "Smoke detector" in table or "Fire alarm" in table


def test_beside_a_hub_it_neither_needs_nor_touches_what_is_the_hub_s(tmp_path: Path) -> None:
    state, config = tmp_path / "state", tmp_path / "hearken.toml"
    config.write_text('[http]\ntoken = "secret"\nhost = "0.0.0.0"\n', encoding="utf-8")
    delivery = state / "hearken" / "delivery"
    taken = take(delivery, "delivery.dir")  # as a hub that runs has
    try:
        done = run(tmp_path, XDG_STATE_HOME=str(state), HEARKEN_CONFIG=str(config), HEARKEN__HTTP__TOKEN="other")
    finally:
        os.close(taken)
    assert done.returncode == 0, done.stderr
    assert '"seq":1,' in done.stdout
    assert list(delivery.iterdir()) == []


def test_it_takes_any_file(tmp_path: Path) -> None:
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros(16_000), 16_000)
    done = run(tmp_path, str(path))
    assert done.returncode == 0, done.stderr
    assert "listened to quiet.wav (1.0 s)" in done.stdout


@pytest.mark.parametrize(("name", "said"), [("there-is-none.wav", "No such file"), ("__init__.py", "Unreadable audio")])
def test_a_file_that_is_no_sound_is_one_line_and_2(tmp_path: Path, name: str, said: str) -> None:
    done = run(tmp_path, str(ROOT / "demo" / name))
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
