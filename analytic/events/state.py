# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Everything that a policy remembers of one source: an explicit value that can be stored, restored and replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from analytic.events.habituation import NEVER, Told


class Hit(NamedTuple):
    """A window that was looked at while no event was open: the onset if one began, its end, whether it counts."""

    onset_s: float
    stop_s: float
    counts: bool
    score: float
    label_index: int


class Rise(NamedTuple):
    """Windows in a row with a trace of the class: the onset if the first begins an event, the last one's end.

    `floor` is the lowest score since the event before, where there was one in the same row; 0 otherwise.
    """

    onset_s: float
    stop_s: float
    floor: float


@dataclass(frozen=True, slots=True)
class Open:
    """An event that has not ended.

    Attributes
    ----------
    number
        Its number among the events of its class and source; with the class it is the event's key.
    onset_s
        When it began, as estimated.
    first_stop_s, last_stop_s
        Ends of the first window that counted and of the last one that reached `off`.
    score, label_index
        The highest score so far, and the member that scored highest then.
    announced
        The score that it was last announced with; None while it is silent.
    """

    number: int
    onset_s: float
    first_stop_s: float
    last_stop_s: float
    score: float
    label_index: int
    announced: float | None = None


@dataclass(frozen=True, slots=True)
class ClassState:
    """One alert class at one source.

    Attributes
    ----------
    recent
        The last windows, as many as the rule looks at.
    rise
        The windows up to this one that hold a trace of it, if this one does.
    run
        The windows since when some have counted: onset and end of the first that did, score and member of the highest.
    open
        The event that is open, if any.
    events
        How many events there were.
    ended_s
        When the last announced event ended.
    cooling_until_s
        Until when new events stay silent.
    last_score
        The score of the last announced event.
    told
        How many were announced of late.
    """

    recent: tuple[Hit, ...] = ()
    rise: Rise | None = None
    run: Hit | None = None
    open: Open | None = None
    events: int = 0
    ended_s: float = float("-inf")
    cooling_until_s: float = float("-inf")
    last_score: float = 0.0
    told: Told = NEVER

    def earlier(self, by_s: float) -> ClassState:
        """Return the same, dated back by so many seconds, of a source whose sound has ended."""
        return replace(
            self,
            ended_s=self.ended_s - by_s,
            cooling_until_s=self.cooling_until_s - by_s,
            told=self.told._replace(at_s=self.told.at_s - by_s),
        )


@dataclass(frozen=True, slots=True)
class State:
    """All alert classes at one source; a class without an entry is new."""

    classes: Mapping[str, ClassState] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, name: str) -> ClassState:
        """Return the state of one class."""
        return self.classes.get(name, _NEW)

    def with_class(self, name: str, state: ClassState) -> State:
        """Return the same with another state of one class."""
        return State(MappingProxyType({**self.classes, name: state}))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {name: _plain(state) for name, state in self.classes.items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> State:
        """Return what `to_json` stored.

        Raises
        ------
        ValueError
            It is something else.
        """
        try:
            return cls(MappingProxyType({name: _class_state(fields) for name, fields in stored.items()}))
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"no stored policy state: {error}") from error


_NEW = ClassState()
_NEVER = float("-inf")
_TIMES = ("ended_s", "cooling_until_s")


def _plain(state: ClassState) -> dict[str, Any]:
    lists = {"recent": [list(hit) for hit in state.recent], "told": list(state.told)}
    fields = asdict(state) | lists | {"run": state.run and list(state.run), "rise": state.rise and list(state.rise)}
    return fields | {name: None for name in _TIMES if fields[name] == _NEVER}


def _class_state(fields: Mapping[str, Any]) -> ClassState:
    times = {name: _NEVER if fields[name] is None else float(fields[name]) for name in _TIMES}
    return ClassState(
        recent=tuple(Hit(*hit) for hit in fields["recent"]),
        rise=Rise(*fields["rise"]) if fields.get("rise") else None,  # states stored before it was there do without
        run=None if fields["run"] is None else Hit(*fields["run"]),
        open=None if fields["open"] is None else Open(**fields["open"]),
        events=int(fields["events"]),
        last_score=float(fields["last_score"]),
        told=Told(*map(float, fields["told"])),
        **times,
    )
