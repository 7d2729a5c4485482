# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
# mypy: disable-error-code="import-not-found,untyped-decorator"
"""A real Home Assistant with nothing but its MQTT integration, which tells what it sees on standard output.

Runs in a virtual environment of its own (requirements.txt beside this file), not in the one of the tests:

    python -I hub.py CONFIG_FOLDER --broker 127.0.0.1 --port 1883

Home Assistant's own start would set up its web page and thirty other integrations. Here its core, registries and MQTT
integration are set up one by one, as its start does it, and the broker is entered through the integration's own
configuration dialogue. What CONFIG_FOLDER keeps (entities, devices, the broker) is there again at the next start.

It prints one JSON object a line, told apart by `kind`:

- `ready`: `version`. The broker is connected and the birth message `online` is out.
- `state`: `entity_id`, `state`, `attributes`, `last_changed`, `unique_id`, `category`, `device` (`name`, `identifiers`,
  `manufacturer`, `model`, `sw_version`, or null). Once for each new state.
- `removed`: `entity_id`.
- `event`: `entity_id`, `event_type`, `attributes`. An event entity fired.
- `log`: `level`, `logger`, `message`. Whatever Home Assistant warns of.

A line `quit` on standard input, or its end, stops it. It reaches nothing but loopback addresses and starts no pip: an
attempt is refused and shows as a `log` line.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import logging
import socket
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from homeassistant import bootstrap, loader
from homeassistant.components import mqtt
from homeassistant.config import async_process_ha_core_config
from homeassistant.config_entries import SOURCE_USER, ConfigEntries
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN, __version__
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.setup import async_setup_component
from homeassistant.util import dt

MQTT_CONNECT_S = 30
HOME = {"name": "Home", "latitude": 45.0, "longitude": 7.0, "elevation": 0, "unit_system": "metric", "time_zone": "UTC"}


def say(kind: str, **facts: Any) -> None:
    # In one piece: warnings come from several threads.
    sys.stdout.write(json.dumps({"kind": kind, **facts}, default=str) + "\n")
    sys.stdout.flush()


class Complaints(logging.Handler):
    """Home Assistant's warnings and errors, as lines."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        say("log", level=record.levelname, logger=record.name, message=message)


def stay_at_home(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to leave this machine, and to install packages (an audit hook)."""
    if event in ("socket.connect", "socket.sendto"):
        opened, address = arguments
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            # A datagram socket that connects sends nothing: so programs ask for this machine's own address.
            asks_only = event == "socket.connect" and opened.type == socket.SOCK_DGRAM
            _refuse(f"{event} {address[0]}", tell=not asks_only)
    elif event == "socket.getaddrinfo" and not _is_loopback(arguments[0]):
        _refuse(f"{event} {arguments[0]}")
    elif event == "subprocess.Popen" and "pip" in map(str, arguments[1]):
        _refuse("pip")


def _refuse(what: str, *, tell: bool = True) -> None:
    if tell:
        say("log", level="ERROR", logger="hub", message=f"refused: {what}")
    raise PermissionError(f"{what}: this Home Assistant stays on this machine, as it is")


def _is_loopback(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class Reporter:
    """Tells each new state, and which of them are firings of an event entity."""

    def __init__(self, home: HomeAssistant) -> None:
        self._entities = entity_registry.async_get(home)
        self._devices = device_registry.async_get(home)
        self._started: datetime = dt.utcnow()
        self._fired: dict[str, str] = {}
        home.bus.async_listen(EVENT_STATE_CHANGED, self._changed)

    @callback
    def _changed(self, event: Any) -> None:
        entity_id, state = event.data["entity_id"], event.data["new_state"]
        if state is None:
            say("removed", entity_id=entity_id)
            return
        entry = self._entities.async_get(entity_id)
        say(
            "state",
            entity_id=entity_id,
            state=state.state,
            attributes=dict(state.attributes),
            last_changed=state.last_changed.isoformat(),
            unique_id=entry.unique_id if entry else None,
            category=entry.entity_category if entry else None,
            device=self._device(entry.device_id if entry else None),
        )
        if entity_id.startswith("event.") and self._is_new_firing(entity_id, state.state):
            attributes = dict(state.attributes)
            say("event", entity_id=entity_id, event_type=attributes.pop("event_type"), attributes=attributes)

    def _is_new_firing(self, entity_id: str, state: str) -> bool:
        """Whether the state of an event entity, the time of its last event to the millisecond, is a new one.

        A new start, and a time of being unavailable, bring the last state back.
        """
        if state in (STATE_UNAVAILABLE, STATE_UNKNOWN) or self._fired.get(entity_id) == state:
            return False
        self._fired[entity_id] = state
        return datetime.fromisoformat(state) >= self._started

    def _device(self, device_id: str | None) -> dict[str, Any] | None:
        device = self._devices.async_get(device_id) if device_id else None
        if device is None:
            return None
        return {
            "name": device.name,
            "identifiers": sorted(identifier for _, identifier in device.identifiers),
            "manufacturer": device.manufacturer,
            "model": device.model,
            "sw_version": device.sw_version,
        }


async def run(folder: Path, broker: str, port: int) -> None:
    logging.basicConfig(level=logging.WARNING, handlers=[Complaints()])
    (folder / "configuration.yaml").touch()  # MQTT looks into it for entities written by hand
    home = HomeAssistant(str(folder))
    home.config.skip_pip = True
    http = {"http": {"server_host": ["127.0.0.1"], "server_port": _free_port()}}
    loader.async_setup(home)
    home.config_entries = ConfigEntries(home, http)
    await bootstrap.async_load_base_functionality(home)
    await async_process_ha_core_config(home, HOME)
    Reporter(home)
    # MQTT needs `http`, and would set it up with its defaults: port 8123 on all addresses.
    for part in ("homeassistant", "http"):
        if not await async_setup_component(home, part, http):
            raise SystemExit(f"Home Assistant could not set up {part}")
    await _connect(home, broker, port)
    online = asyncio.Event()  # Home Assistant's own birth message: from here on it takes discoveries at once
    await mqtt.async_subscribe(home, "homeassistant/status", callback(lambda _: online.set()))
    await home.async_start()
    async with asyncio.timeout(MQTT_CONNECT_S):
        await online.wait()
    say("ready", version=__version__)
    await home.loop.run_in_executor(None, _until_told_to_quit)
    await home.async_stop()


async def _connect(home: HomeAssistant, broker: str, port: int) -> None:
    """Enter the broker through the configuration dialogue, or find it there from an earlier start."""
    mqtt.PLATFORMS.remove("camera")  # the one kind of entity that needs more packages: NumPy, FFmpeg
    if entered := home.config_entries.async_entries("mqtt"):
        home.config_entries.async_update_entry(entered[0], data={**entered[0].data, "broker": broker, "port": port})
        if not await async_setup_component(home, "mqtt", {}):
            raise SystemExit("Home Assistant could not set up MQTT")
        return
    dialogue = await home.config_entries.flow.async_init("mqtt", context={"source": SOURCE_USER})
    result = await home.config_entries.flow.async_configure(dialogue["flow_id"], {"broker": broker, "port": port})
    if result["type"] != "create_entry":
        raise SystemExit(f"Home Assistant did not take the broker: {result.get('errors')}")


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def _until_told_to_quit() -> None:
    for line in sys.stdin:
        if line.strip() == "quit":
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--broker", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    arguments = parser.parse_args()
    sys.addaudithook(stay_at_home)
    asyncio.run(run(arguments.folder.absolute(), arguments.broker, arguments.port))


if __name__ == "__main__":
    main()
