# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What long recordings cost, as docs/recordings.md quotes it."""

from __future__ import annotations

from typing import Any

from benchmarks import report


def table() -> str:
    """Return two hours of video by both taggers, an hour of WAV, a kill in the middle, and the sandbox's price."""
    found = report.read("recordings")
    video, wav, killed, sandbox = (found[name] for name in ("video", "wav", "killed", "sandbox"))
    taggers = {name: one for name, one in video.items() if isinstance(one, dict) and "wall_s" in one}
    head = ["two hours of video by address", *(f"`{_name(name)}`" for name in taggers)]
    rows = [
        [
            "heard in",
            *(f"{one['wall_s']:.0f} s: {one['times_real_time']:.0f} times real time" for one in taggers.values()),
        ],
        ["memory of the service before; highest meanwhile", *(_memory(one) for one in taggers.values())],
        ["sounds planted at 12 dB and more that were told as alarms", *(_share(one) for one in taggers.values())],
        ["their onset is off by, median", *(_onset(one) for one in taggers.values())],
        [
            "its report with all pictures, as a page",
            *(f"{one['render_ms']['html']:.0f} ms" for one in taggers.values()),
        ],
    ]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    price = sandbox["difference_ms"]
    load = sandbox["load_average"]["before"][0]
    rest = (
        f"An hour of 48 kHz stereo WAV ({wav['megabytes']} MB): {wav['all_by_share_mb']['most']} MB for the service "
        f"and all that it starts. Killed in the middle of the video and started again: the job ended, "
        f"{killed['events_told']} alarms, {killed['told_twice']} of them told twice. A `POST` of a clip of 10 s takes "
        f"{price['median']:.1f} ms longer with the sandbox than without (median of {sandbox['rounds']} each, "
        f"interleaved, load average {load:.1f} on two cores)."
    )
    return "\n".join([*lines, "", rest])


def _name(name: str) -> str:
    return "hearken_small" if name == "bundled" else name


def _memory(one: dict[str, Any]) -> str:
    return f"{one['service_mb']['begin']} MB; {one['service_mb']['most']} MB"


def _share(one: dict[str, Any]) -> str:
    return str(one["of_those_at_12_db_or_more"])


def _onset(one: dict[str, Any]) -> str:
    error = one["onset_error_s"]["at_12_db_or_more"]
    return f"{error['median']:.2f} s; by at most 0.5 s for {error['within_half_a_second']:.0%}"
