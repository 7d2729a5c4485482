# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What the tests share: folders that may be missing, a converted tagger, sound made on the spot, a running service.

A test that leaves a thread behind fails (`no_threads_left`); warnings are errors (pyproject.toml), so unclosed files
and sockets fail too.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import model.store
from analytic.app import Service
from analytic.settings import Settings, load
from model.fake import FakeTagger
from model.store import Installed, TaggerStore

RATE_HZ = 16_000


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads this machine's settings, or touches its installed taggers."""
    for name in [name for name in os.environ if name.startswith("HEARKEN__") or name == "HEARKEN_CONFIG"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(autouse=True)
def nothing_bundled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Tests see no tagger that comes with the package, unless they ask for it by this real path."""
    real = model.store.BUNDLED
    monkeypatch.setattr(model.store, "BUNDLED", tmp_path / "nothing-bundled")
    return real


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in set(threading.enumerate()) - before if thread.is_alive()]
    for thread in left:
        thread.join(timeout=5)
    assert not [thread.name for thread in left if thread.is_alive()]


@pytest.fixture(scope="session")
def weights() -> Path:
    """The folder with published weights; tests that need it are skipped where there is none."""
    return _folder("HEARKEN_WEIGHTS", "mn04_as_mAP_432.pt", "published weights")


@pytest.fixture(scope="session")
def audio_pack() -> Path:
    """The folder with labelled audio; tests that need it are skipped where there is none."""
    return _folder("HEARKEN_AUDIO_PACK", "manifest.csv", "labelled audio")


def _folder(variable: str, holds: str, what: str) -> Path:
    named = os.environ.get(variable)
    if not named:
        pytest.skip(f"needs {what}: {variable} is not set")
    if not (Path(named) / holds).is_file():
        pytest.skip(f"needs {what}: {variable} names a folder without {holds}")
    return Path(named)


@pytest.fixture(scope="session")
def models_dir(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with the published tagger mn04_as, converted once a session (some seconds)."""
    pytest.importorskip("tensorflow", reason="turning a checkpoint into LiteRT needs the tensorflow extra")
    folder = tmp_path_factory.mktemp("models")
    TaggerStore(folder).install(weights / "mn04_as_mAP_432.pt")
    return folder


@pytest.fixture(scope="session")
def mn04(models_dir: Path) -> Installed:
    return TaggerStore(models_dir).find("mn04_as")


@pytest.fixture(scope="session")
def noise() -> NDArray[np.float32]:
    """10 s of quiet noise: float32, shape (160000,), standard deviation 0.05."""
    return np.random.default_rng(7).normal(0, 0.05, 10 * RATE_HZ).astype(np.float32)


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """Write a waveform, shape (n,) or (n, channels), as a file in memory."""

    def write(
        waveform: NDArray[np.floating], rate_hz: int = RATE_HZ, form: str = "WAV", subtype: str | None = None
    ) -> bytes:
        file = io.BytesIO()
        soundfile.write(file, waveform, rate_hz, format=form, subtype=subtype)
        return file.getvalue()

    return write


@pytest.fixture
def alarm_tagger() -> FakeTagger:
    """Hears a smoke alarm in everything."""
    return FakeTagger.always({"Smoke detector, smoke alarm": 0.9, "Beep, bleep": 0.5, "Speech": 0.25})


@pytest.fixture
def settings() -> Settings:
    """Defaults, on free ports."""
    return load(http={"port": 0}, bus={"port": 0})


@pytest.fixture
def service(settings: Settings, alarm_tagger: FakeTagger) -> Iterator[Service]:
    """A running service on free ports with a tagger that always hears a smoke alarm."""
    running = Service(settings, alarm_tagger)
    running.start()
    yield running
    running.stop()
