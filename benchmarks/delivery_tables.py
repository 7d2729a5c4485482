# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The figures of delivery, as the pages quote them."""

from __future__ import annotations

from typing import Any

from benchmarks import report

_WAYS = {
    "broker_killed": "broker killed, back after 2 s",
    "broker_paused": "broker stopped (SIGSTOP) for 12 s",
    "unreachable": "broker, node and webhook refuse connections for 8 s",
    "swallowed": "they take connections and answer nothing for 12 s",
    "slow": "they crawl, 10 kB a second, for 8 s",
    "reset": "they reset every connection after 0.3 s, for 8 s",
    "disk_full": "disk full for 5 s",
}


def delivery_line() -> str:
    """What was lost, in a sentence."""
    result = report.read("delivery")
    kills, faults = result["kills"], result["faults"]
    lost = sum(kills["lost"].values()) + sum(faults["reckoning"]["lost"].values())
    return (
        f"Killed {kills['sigkills']} times under load, with {kills['messages']:,} messages told, and with its sinks "
        f"failing in {len(_WAYS) + 1} ways: **{lost} lost** at websocket, MQTT, DHT and webhook "
        "(`make bench-delivery`)."
    )


def delivery() -> str:
    """What was lost by each fault, and how long the backlog took."""
    result = report.read("delivery")
    kills, faults, clients = result["kills"], result["faults"], result["clients"]
    rows = [
        (
            f"service killed (SIGKILL) {kills['sigkills']} times at random moments",
            kills["messages"],
            _lost(kills["lost"]),
            f"{kills['drained_after_the_last_kill_s']} s",
        )
    ]
    for name, what in _WAYS.items():
        found = faults[name]
        rows.append((f"{what}, {found['rounds']} times", found["messages"], _lost(found["lost"]), _most(found)))
    clock = faults["clock"]
    if clock:
        what = f"clock set an hour on or back, and a kill, {clock['rounds']} times"
        rows.append((what, clock["messages"], _lost(clock["lost"]), _most(clock)))
    table = "\n".join(f"| {what} | {count:,} | {lost} | {drained} |" for what, count, lost, drained in rows)
    return (
        "| fault | messages | lost, at any sink | all had all, after it, at most |\n| --- | --- | --- | --- |\n"
        f"{table}\n\n{_sentences(kills, faults, clients)}"
    )


def _sentences(kills: dict[str, Any], faults: dict[str, Any], clients: dict[str, Any]) -> str:
    again = kills["came_again"]
    forgot = faults["reckoning"]["sent_again_because_the_broker_forgot"]
    not_durable = int(sum(one["not_durable"] for one in faults["left_while_the_disk_was_full"]))
    delay, memory = clients["commit_to_receipt_ms"], clients["memory_mib"]
    return (
        "No message came in two versions, and every one was signed. In the run with the kills, "
        f"{again['mqtt']:,} messages came again by MQTT and {again['webhook']:,} by webhook, under the `message_id` "
        f"they had. The broker forgot {forgot:,} messages that it had acknowledged, and got them again. While the disk "
        f"was full, {not_durable:,} messages left without being on it. With {clients['subscribers']} websocket "
        f"subscribers, of which {clients['never_reading']} never read, the others had a message {delay['p50']:g} ms "
        f"after it was on disk (median; 99 of 100 within {delay['p99']:g} ms), and the bus's memory went from "
        f"{memory['first_tenth']:g} to {memory['last_tenth']:g} MiB over {clients['messages']:,} messages."
    )


def _lost(lost: dict[str, int]) -> int:
    return max(lost.values())


def _most(found: dict[str, Any]) -> str:
    return f"{found['drained_s']['most']:g} s"
