# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which alarms go on, and what a message makes others see: sensors, the event entity, Frigate's topics. No I/O here."""

from __future__ import annotations

from collections.abc import Sequence

from analytic.delivery.mqtt import frigate
from analytic.delivery.mqtt.topics import Letter, Topics, attributes
from analytic.events.types import Message, is_event


class States:
    """The states of one hub's alarms.

    Parameters
    ----------
    topics
        Where they go.
    has_entities
        Whether Home Assistant's entities are told.
    frigate_prefix
        What Frigate's topics begin with; None for none.
    """

    def __init__(self, topics: Topics, has_entities: bool, frigate_prefix: str | None) -> None:
        self._topics = topics
        self._has_entities = has_entities
        self._frigate_prefix = frigate_prefix
        self._on: dict[str, Message] = {}  # alarms that go on, by event
        self._shown: dict[str, str] = {}  # by class, the event that its attributes are of
        self._places: dict[tuple[str, str], None] = {}  # where Frigate's topics were ever on

    @property
    def going_on(self) -> set[str]:
        """The classes that are ON."""
        return {message["event_class"] for message in self._on.values()}

    def begin(self, messages: Sequence[Message]) -> list[Letter]:
        """Begin anew with the alarms that go on; return Frigate's states: nobody knows what was told of them last."""
        self._on = {message["id"]: message for message in messages}
        return self._frigate(*self._places)

    def take(self, message: Message, *, is_fresh: bool, is_again: bool) -> list[Letter]:
        """Return what a message changes.

        Parameters
        ----------
        message
            The message.
        is_fresh
            Whether it is of now: what waited out an outage turns nothing on.
        is_again
            Whether it was sent before: then it is no new alarm.
        """
        event_id = message.get("id", "")
        before = self._on.pop(event_id, None)
        if not is_event(message):
            return self._forget(event_id, before)
        if message["phase"] != "end" and (is_fresh or before is not None):
            self._on[event_id] = message
        letters, name = list[Letter](), message["event_class"]
        if self._has_entities:
            if message["phase"] == "start" and is_fresh and not is_again:
                letters.append(Letter(self._topics.alert, {"event_type": name, **attributes(message)}))
            self._shown[name] = event_id
            letters += [Letter(self._topics.attributes(name), attributes(message)), self.of_class(name)]
        # What was heard best may be another AudioSet class by now, and then Frigate's word for it is another too.
        return letters + self._frigate(*_places(before), *_places(message))

    def of_class(self, name: str) -> Letter:
        """Return a sensor's state: retained, so that whoever comes later knows it. What was heard never is."""
        return Letter(self._topics.state(name), "ON" if name in self.going_on else "OFF", retain=True)

    def _forget(self, event_id: str, before: Message | None) -> list[Letter]:
        """Return what makes others forget an event that is deleted, and was on before or not."""
        letters = list[Letter]()
        if self._has_entities:
            shown = [name for name, event in self._shown.items() if event == event_id]
            letters += [Letter(self._topics.attributes(name), {}) for name in shown]
            letters += [] if before is None else [self.of_class(before["event_class"])]
        return letters + self._frigate(*_places(before))

    def _frigate(self, *places: tuple[str, str]) -> list[Letter]:
        """Return the states, as they are now, of some of Frigate's topics."""
        if self._frigate_prefix is None:
            return []
        on = {place for message in self._on.values() for place in _places(message)}
        self._places |= dict.fromkeys(on)
        return [
            Letter(f"{self._frigate_prefix}/{source}/audio/{label}", "ON" if (source, label) in on else "OFF")
            for source, label in dict.fromkeys(places)
        ]


def _places(message: Message | None) -> list[tuple[str, str]]:
    """Return where Frigate would tell of an event: its source, and a label."""
    return [] if message is None else [(message["source"]["id"], label) for label in frigate.labels(message)]
