# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The card of the heads: what lies beside them as NAME.json, as tables for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCORERS = ("raw", "plain", "ours")

_HEAD = """# Alarm heads

For each kind of alarm a small linear head on what a tagger gives for a window: its embedding, and the highest logit of
the AudioSet classes that make the alarm. `model/heads` fits and applies them; `python -m model.heads.release` writes
this folder. Everything is measured on sound that neither the heads nor (but where said) the tagger were fitted on.

- *raw*: the tagger's own score of the alarm. *plain*: logistic regression on the embeddings of whole clips. *ours*: the
  heads in this folder, fitted anew without what they are measured on.
- AP: average precision, with its 95 % interval over resamples of the recordings. Recall is at 1 % and at 0.1 % false
  positives. Labels are weak, a missing one counts as absent, so precision is understated.
- *Collections*: each clip is scored by heads that heard nothing of the collection that it came from. What is lost
  against *folds* was learnt of the collection and not of the sound.
- *Scenes*: windows every 0.5 s of continuous sound, other clips over real backgrounds, the loudest 50 ms of each 0 to
  20 dB over the background's mean. A window counts as the alarm when it holds three tenths of its energy, or is filled
  with it for three tenths; many such are hardly audible.
- Probabilities assume that one window in twenty is an alarm. At home far fewer are: choose thresholds by false alarms.

Fitted on the train split of free recordings (game sounds among them), with labels from folders and file names that
nobody checked by ear. Few glass breaks, screams and shots are in it, most of them staged. Not a safety device.
"""


def card(folder: Path) -> str:
    """Write the card of all heads in `folder`."""
    figures = [path.with_suffix(".json") for path in sorted(folder.glob("*.npz"))]
    found = [json.loads(path.read_text(encoding="utf-8")) for path in figures if path.is_file()]
    return "\n".join([_HEAD, *(_tagger(one) for one in found)])


def _tagger(found: dict[str, Any]) -> str:
    text = [f"## {found['tagger']}\n", f"Fitted on {found['fitted_on']}.\n"]
    if found["tagger_heard_training_split"]:
        text.append("The tagger itself was trained on the training split, so only the validation split is measured.\n")
    text.append(f"With the calibrated group logit alone, for want of recordings: {', '.join(found['unscored'])}.\n")
    figures = found["figures"]
    for name in ("folds", "collections"):
        if name in figures:
            text += [f"### Clips, by {name}\n", _clips(figures[name])]
    for length, rows in figures.get("scenes", {}).items():
        text += [f"### Scenes of held-out folds, windows of {length}\n", _scenes(rows)]
    for what, rows in figures["validation"].items():
        title, table = ("clips", _clips(rows)) if what == "clips" else (f"scenes, windows of {what}", _scenes(rows))
        text += [f"### Validation split, {title}\n", table]
    return "\n".join(text)


def _clips(rows: dict[str, Any]) -> str:
    lines = []
    for name, row in rows.items():
        if not row:
            continue
        cells = [name, f"{row['clips']} / {row['recordings']}" if "clips" in row else f"{len(row['alarms'])} alarms"]
        for scorer in SCORERS:
            low, high = row[scorer]["ap_interval"]
            cells += [f"{row[scorer]['ap']:.2f} ({low:.2f} to {high:.2f})", _recall(row[scorer])]
        low, high = row["difference_interval"]
        lines.append([*cells, f"{row['difference']:+.2f} ({low:+.2f} to {high:+.2f})"])
    head = ["alarm", "clips / recordings"]
    for scorer in SCORERS:
        head += [f"AP {scorer}", "recall"]
    return _table([*head, "ours - plain"], lines)


def _scenes(rows: dict[str, Any]) -> str:
    lines = [
        [name, str(row["windows"]), *(cell for one in SCORERS for cell in (f"{row[one]['ap']:.2f}", _recall(row[one])))]
        for name, row in rows.items()
    ]
    return _table(["alarm", "windows", *(cell for one in SCORERS for cell in (f"AP {one}", "recall"))], lines)


def _recall(figures: dict[str, float]) -> str:
    return f"{figures['recall_at_0.01']:.2f} / {figures['recall_at_0.001']:.2f}" if "recall_at_0.01" in figures else ""


def _table(head: list[str], rows: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "".join("| " + " | ".join(row) + " |\n" for row in (head, rule, *rows))
