# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A real broker and a real Home Assistant; tests that need one are skipped where there is none.

`mosquitto` and `home_assistant` are shared by the tests of one file, which therefore use topics of their own.
`start_mosquitto` and `start_home_assistant` give a test one for itself: to stop, to kill, to start again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.homeassistant.home_assistant import HomeAssistant
from tests.homeassistant.mosquitto import Mosquitto, find

VARIABLE = "HEARKEN_HOMEASSISTANT"

StartMosquitto = Callable[..., Mosquitto]
StartHomeAssistant = Callable[..., HomeAssistant]


@pytest.fixture(scope="session")
def home_assistant_venv() -> Path:
    """A virtual environment with Home Assistant, for the full test run: `make homeassistant` makes one."""
    what = "a virtual environment with Home Assistant"
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"needs {what}: {VARIABLE} is not set")
    if not (Path(named) / "bin" / "python").exists():
        pytest.skip(f"needs {what}: {VARIABLE} names a folder without bin/python")
    return Path(named).absolute()


@pytest.fixture(scope="session")
def mosquitto_binary() -> str:
    """Where Mosquitto is."""
    binary = find()
    if binary is None:
        pytest.skip("needs an MQTT broker: there is no mosquitto here (Debian and Ubuntu: apt-get install mosquitto)")
    return binary


@pytest.fixture(scope="module")
def mosquitto(mosquitto_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A running broker that forgets everything when it stops."""
    one = Mosquitto(mosquitto_binary, tmp_path_factory.mktemp("mosquitto"))
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def home_assistant(
    home_assistant_venv: Path, mosquitto: Mosquitto, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HomeAssistant]:
    """A running Home Assistant at the broker `mosquitto`."""
    one = HomeAssistant(home_assistant_venv, tmp_path_factory.mktemp("homeassistant"), mosquitto.port)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def start_mosquitto(mosquitto_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartMosquitto]:
    """Start a broker; `persistence=True` makes it keep what it holds, also through `kill` and `start`.

    `settings` are more lines of its settings.
    """
    started: list[Mosquitto] = []

    def start(*, persistence: bool = False, settings: Sequence[str] = ()) -> Mosquitto:
        kept = tmp_path_factory.mktemp("kept") if persistence else None
        one = Mosquitto(mosquitto_binary, tmp_path_factory.mktemp("mosquitto"), persistence=kept, settings=settings)
        started.append(one)
        one.start()
        return one

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def start_home_assistant(
    home_assistant_venv: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartHomeAssistant]:
    """Start a Home Assistant at a broker."""
    started: list[HomeAssistant] = []

    def start(at: Mosquitto) -> HomeAssistant:
        one = HomeAssistant(home_assistant_venv, tmp_path_factory.mktemp("homeassistant"), at.port)
        started.append(one)
        one.start()
        return one

    yield start
    for one in started:
        one.stop()
