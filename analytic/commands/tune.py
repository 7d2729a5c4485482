# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken tune``: what the alert classes score on one's own sounds, at which sensitivity they alert, and why not."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import requests
from rich.console import Console
from rich.table import Table

from analytic.errors import HearkenError, SourceFailed
from analytic.settings import Settings
from analytic.settings.alerts import Sensitivity

WORDS: tuple[Sensitivity, ...] = get_args(Sensitivity)
ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".opus")
HOME = "home"
_TOP = 3
_TIMEOUT_S = 5.0


def tune(settings: Settings, paths: Iterable[str], chosen: Sequence[str], as_json: bool) -> bool:
    """Show what the alert classes make of sound files, or of all in a folder.

    Parameters
    ----------
    paths
        Files and folders.
    chosen
        Alert classes to show; empty for those that reach their most sensitive threshold.
    as_json
        Whether to print a JSON object a file.

    Returns
    -------
    bool
        Whether every file was analysed.

    Raises
    ------
    BadSettings, ModelError
        No file can be analysed so.
    """
    from analytic.app import forbid_core_dumps, make_limits
    from analytic.audio.decode import decode

    forbid_core_dumps()
    bench = _Bench(settings, chosen)
    limits = make_limits(settings.audio)
    console = Console(highlight=False, emoji=False)
    complete = True
    alerted: Counter[tuple[str, str]] = Counter()
    files = 0
    for path in _files(paths):
        if path.is_dir():
            complete = False
            print(f"{path}: holds no {', '.join(ENDINGS)}", file=sys.stderr, flush=True)
            continue
        try:
            rows = bench.judge(decode(path.read_bytes(), limits).clip)
        except (HearkenError, OSError) as error:
            complete = False
            print(f"{path}: {getattr(error, 'strerror', None) or error}", file=sys.stderr, flush=True)
            continue
        files += 1
        alerted.update((row["event_class"], word) for row in rows["classes"] for word in row["alerts_at"])
        if as_json:
            print(json.dumps({"file": str(path), **rows}, ensure_ascii=False), flush=True)
        else:
            _show(console, str(path), rows)
    if not as_json and files > 1:
        _summary(console, alerted, files)
    return complete


class _Bench:
    """One tagger, and the policy of every sensitivity."""

    def __init__(self, settings: Settings, chosen: Sequence[str]) -> None:
        from analytic.app import make_heads, make_pipeline, make_policies, make_tagger
        from analytic.events.classes import ALERT_CLASSES

        tagger = make_tagger(settings.models)
        heads = make_heads(tagger.card.name)
        everything = [*(alert.name for alert in ALERT_CLASSES), *settings.alerts.classes]
        word: Sensitivity = settings.alerts.sensitivity or "medium"
        plain = {"modes": {}, "schedule": (), "mode": HOME}  # whatever the hour, so that two runs say the same
        alerts = settings.alerts.model_copy(
            update={"enabled": tuple(chosen) or tuple(everything), "upload_sensitivity": word, **plain}
        )
        self._chosen = chosen
        self._pipeline = make_pipeline(settings.model_copy(update={"alerts": alerts}), tagger)
        self._policies = {
            word: make_policies(
                alerts.model_copy(update={"sensitivity": word, "sensitivities": {}, "thresholds": {}}),
                tagger.card.name,
                heads.points if heads else None,
            ).now()
            for word in WORDS
        }

    def judge(self, clip: Any) -> dict[str, Any]:
        """Return the top classes, and for each alert class its score, thresholds, and what would alert."""
        analysis = self._pipeline.analyse(clip)
        explained = {verdict.event_class: verdict for verdict in analysis.explanations()}
        reached = {word: self._alerts(word, analysis) for word in WORDS}
        thresholds = {word: {rule.name: rule.on for rule in policy.rules} for word, policy in self._policies.items()}
        rows = [
            {
                "event_class": name,
                "score": round(verdict.score, 6),
                "thresholds": {word: round(thresholds[word][name], 6) for word in WORDS},
                "alerts_at": [word for word in WORDS if name in reached[word]],
                "sentence": verdict.sentence(),
            }
            for name, verdict in explained.items()
            if self._chosen or verdict.score >= thresholds["very_high"][name]
        ]
        return {
            "duration_s": round(analysis.duration_s, 3),
            "predictions": [
                {"label": one.label.name, "probability": round(one.probability, 6)} for one in analysis.top(_TOP)
            ],
            "classes": sorted(rows, key=lambda row: -float(str(row["score"]))),
        }

    def _alerts(self, word: Sensitivity, analysis: Any) -> set[str]:
        counts: Mapping[float, int] = {2.0: len(analysis.windows)}
        policy = self._policies[word].for_windows(counts)
        looks = self._pipeline.hearing.looks(policy, analysis.windows, analysis.start_s)
        step = policy.run(looks, analysis.start_s + analysis.duration_s)
        return {one.rule.name for one in step.transitions}


def watch(url: str, source: str, token: str | None, chosen: Sequence[str]) -> int:
    """Show, a line a second, what a live source of a running service hears, and why there is an alarm or none.

    Returns
    -------
    int
        The exit code: 0 when told to stop.

    Raises
    ------
    SourceFailed
        The service cannot be reached, or has no such source.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        while True:
            found = _asked(f"{url.rstrip('/')}/sources/{quote(source, safe='')}", headers)
            heard = ", ".join(f"{one['label']} {one['probability']:.2f}" for one in found["predictions"][:_TOP])
            level = found["level_dbfs"]
            line = f"{found['status']:8} {'' if level is None else f'{level:6.1f} dBFS'}  {heard}"
            print(line.rstrip(), flush=True)
            rows = [one for one in found["explanations"] if not chosen or one["event_class"] in chosen]
            for one in sorted(rows, key=lambda row: -row["score"])[: len(chosen) or _TOP]:
                print(f"    {one['sentence']}", flush=True)
            time.sleep(1.0)
    except KeyboardInterrupt:
        return 0


def _asked(address: str, headers: Mapping[str, str]) -> dict[str, Any]:
    try:
        answer = requests.get(address, headers=dict(headers), timeout=_TIMEOUT_S)
        body = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise SourceFailed(address, f"no answer ({type(error).__name__})") from error
    if not isinstance(body, dict) or (answer.ok and "explanations" not in body):
        raise SourceFailed(address, "this is no answer of Hearken's; is --url right?")
    if not answer.ok:
        raise SourceFailed(address, str(body.get("message", answer.reason)))
    return body


def _files(paths: Iterable[str]) -> Iterator[Path]:
    """Yield files, and those that look like sound in folders; a folder without any comes itself."""
    for path in map(Path, paths):
        found = sorted(one for one in path.rglob("*") if one.suffix.lower() in ENDINGS and one.is_file())
        yield from found or [path]


def _show(console: Console, file: str, rows: Mapping[str, Any]) -> None:
    heard = ", ".join(f"{one['label']} {one['probability']:.2f}" for one in rows["predictions"])
    console.print(f"{file}  {rows['duration_s']:.1f} s  {heard}", style="bold", markup=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for heading in ("  class", "score", *WORDS):
        table.add_column(heading, justify="left" if heading == "  class" else "right")
    for row in rows["classes"]:
        marks = [f"{row['thresholds'][word]:.3f}{'*' if word in row['alerts_at'] else ' '}" for word in WORDS]
        table.add_row(f"  {row['event_class']}", f"{row['score']:.3f}", *marks)
    if rows["classes"]:
        console.print(table)
    for row in rows["classes"]:
        console.print(f"  {row['sentence']}", style="dim", markup=False, soft_wrap=True)


def _summary(console: Console, alerted: Mapping[tuple[str, str], int], files: int) -> None:
    console.print(f"\nFiles with an alert, of {files}; * above: it would alert at that sensitivity", markup=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("  class", *WORDS):
        table.add_column(heading, justify="left" if heading == "  class" else "right")
    for name in dict.fromkeys(name for name, _ in alerted):
        table.add_row(f"  {name}", *(str(alerted.get((name, word), 0)) for word in WORDS))
    console.print(table)
