# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A device with its outbox, a broker to speak to, and somebody who hears what is said there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.analytic.delivery.mqtt.device import Device
from tests.analytic.delivery.mqtt.ear import Ear
from tests.homeassistant.conftest import (  # fixtures of a real broker: skipped where there is no Mosquitto
    StartMosquitto,
    mosquitto,
    mosquitto_binary,
    start_mosquitto,
)
from tests.homeassistant.mosquitto import Mosquitto

__all__ = ["StartMosquitto", "mosquitto", "mosquitto_binary", "start_mosquitto"]

MakeDevice = Callable[..., Device]


@pytest.fixture
def device(tmp_path: Path) -> Iterator[MakeDevice]:
    """Make a device at a broker; one that was stopped goes on when it is made again."""
    made: list[Device] = []

    def make(at: Mosquitto, **more: Any) -> Device:
        made.append(Device(tmp_path / "delivery", at.port, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def ear() -> Iterator[Callable[..., Ear]]:
    """Make somebody who hears everything, or `topics`."""
    made: list[Ear] = []

    def make(at: Mosquitto, *topics: str, **more: Any) -> Ear:
        made.append(Ear(at.port, topics or ("#",), **more))
        return made[-1]

    yield make
    for one in made:
        one.leave()
