# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Write the bundled tagger's model card from its JSON: ``python -m model.training.card``.

No figure of the card is typed: all come from hearken_small.json, and a test holds the card to it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from model.evaluation import report

WEIGHTS = Path(__file__).parents[1] / "weights"
FACTS = "hearken_small.json"
CARD = "MODEL_CARD.md"
# Set before training, in the order of the table: shares within 0..1.
GOALS = (0.83, 0.94, 0.85)


def write(folder: Path = WEIGHTS) -> Path:
    """Write the card beside the JSON that it is made from; return its path."""
    path = folder / CARD
    path.write_text(text(json.loads((folder / FACTS).read_text(encoding="utf-8"))), encoding="utf-8")
    return path


def text(facts: dict[str, Any]) -> str:
    """Write the card of `facts`, as `model.training.release` makes them."""
    ours, theirs = (tagger["name"] for tagger in facts["evaluation"]["taggers"])
    sections = [
        _head(facts),
        _use(facts),
        _method(facts, theirs),
        _data(facts["data"]),
        "## Figures\n",
        _goals(facts, ours, theirs),
        _compared(facts, ours, theirs),
        f"![Reliability diagram and average precision of the alarms]({facts['file'].removesuffix('.tflite')}.png)\n",
        "## Alarms\n",
        report.alarms(facts["evaluation"]),
        "## How it learned\n",
        _curve(facts),
        "## Every class of the validation split\n",
        "Average precision; a class with few recordings says little.\n",
        report.classes(facts["evaluation"]),
    ]
    return "\n".join(sections)


def _head(facts: dict[str, Any]) -> str:
    card = facts["card"]
    return f"""# Model card: {card["name"]}, version {card["version"]}

{card["description"]}.

Licence: {card["licence"]}. File: `{facts["file"]}`, {facts["bytes"]:,} bytes ({facts["weights"]} weights), sha256
`{facts["sha256"]}`.

Made from `{FACTS}` by `python -m model.training.card`; that file and the weights are made by
`python -m model.training.release`.
"""


def _use(facts: dict[str, Any]) -> str:
    rows = [row for row in facts["evaluation"]["classes"] if row["recordings"] >= 5]
    ours, theirs = (tagger["name"] for tagger in facts["evaluation"]["taggers"])
    gaps = sorted(rows, key=lambda row: row["average_precision"][ours] - row["average_precision"][theirs])
    worst = [f"{row['name']} ({_pair(row, ours, theirs)})" for row in gaps[:6]]
    best = [f"{row['name']} ({_pair(row, ours, theirs)})" for row in gaps[::-1][:6]]
    return f"""## What it is for

A first tagger for a machine that cannot or may not fetch a larger one. It gives a score to each of the 527 AudioSet
classes for 16 kHz sound, best in windows of 10 s; from 0.5 s on it answers at all. It is **not** a life-safety device:
it may miss a smoke alarm, and it may hear one where there is none. Prefer `mn04_as` wherever it can be installed.

Closest to its teacher or above it, among classes with at least five validation recordings (average precision, it
against its teacher): {"; ".join(best)}.

Furthest behind: {"; ".join(worst)}.

It knows only sounds of the kinds that it was trained on. The validation split comes from the same collections as the
training data, so on other recordings expect it further behind its teacher than here. Most AudioSet classes have no
recording in the data at all: what it says of those rests on how the teacher misheard other sounds.
"""


def _pair(row: dict[str, Any], ours: str, theirs: str) -> str:
    precision = row["average_precision"]
    return f"{precision[ours]:.2f} against {precision[theirs]:.2f}"


def _method(facts: dict[str, Any], teacher: str) -> str:
    training, config = facts["training"], facts["training"]["config"]
    shares = ", ".join(f"{name} {report.percent(share)}" for name, share in config["crops"]["shares"].items())
    return f"""## How it was made

Knowledge distillation (Hinton et al., 2015) of `{teacher}` into a network of the same architecture (MobileNetV3,
width {config["width"]:g}) that started from random weights: none of the teacher's parameters is in it. The teacher
labelled {training["crops"]:,} augmented crops of 1 to 10 s ({training["batches"]:,} batches, {training["minutes"]:.0f}
minutes on two shared cores), each as it was played: mixed, filtered, sped up, put into synthetic rooms. Where a label
is known it pulls the target {report.percent(config["label"])} of the way to 1, in the last part of the training
{report.percent(config["late_label"])}; a missing label counts as unknown. The loss is the divergence of the 527
sigmoids plus that of the softmax over the same logits; AdamW; exported are the averaged weights of the last step. Main
sounds of the crops: {shares}.

The number of batches, and the weaker pull and weaker changes of the last part, were settled while it trained, after a
look at the validation split; nothing else was chosen by it, and one training was run.

Commands, in their order: `python -m model.training.sounds`, `distill`, `release`; the whole configuration stands in
`{facts["file"].removesuffix(".tflite")}.toml` and in `{FACTS}`.
"""


def _data(data: dict[str, Any]) -> str:
    licences = [[name, str(count)] for name, count in data["licences"].items()]
    sources = [
        [f"<https://github.com/{one['repository']}>", str(one["clips"]), ", ".join(one["licences"])]
        for one in data["sources"]
    ]
    return f"""## Data

**Recordings:** {data["clips"]:,} clips ({data["hours"]:.1f} h) from {len(data["sources"])} public repositories, the
train split of the pack that the project develops with. Labels come from folders and file names and were not checked by
ear. **ESC-10's folds 1 to 4 are in it; fold 5 is not**, and belongs to the validation split. Pieces of one recording
never straddle the split; speakers of two of the speech collections (FSDD, Precise) do. No recording of a smoke detector
is in it.

**Synthesised:** smoke and CO alarms, sirens, doorbells, telephones, beeps, noises, hums, engines, knocks, babble
(`model/training/synthesis`); speech by eSpeak NG in all its languages; notes and phrases on the General MIDI
instruments and drum kits by FluidSynth with the Fluid (R3) soundfont (MIT).

{report.table(["licence", "clips"], licences)}
{report.table(["source", "clips", "licences"], sources)}"""


def _goals(facts: dict[str, Any], ours: str, theirs: str) -> str:
    found = facts["evaluation"]
    overall, mean = found["overall"], found["alarms"]["mean"]
    ratio = overall[ours]["label_in_top_5"] / overall[theirs]["label_in_top_5"]
    low, high = mean["ratio_interval"]
    alarms = f"mean average precision of the alarms, over the teacher's (95 %: {100 * low:.0f} to {100 * high:.0f} %)"
    figures = {
        "top class in the teacher's top five": found["agreement"]["top_1_in_reference_top_5"],
        "label in top five, over the teacher's": ratio,
        alarms: mean["ratio"],
    }
    rows = [
        [name, report.percent(value), report.percent(goal), "yes" if value >= goal else "no"]
        for (name, value), goal in zip(figures.items(), GOALS, strict=True)
    ]
    data = found["data"]
    return (
        f"Validation split: {data['clips']} clips of {data['recordings']} recordings, {data['labelled_clips']} of them "
        f"labelled; first 10 s of each, shorter ones at their true length.\n\n"
        + report.table(["figure", "found", "goal", "reached"], rows)
        + "\nWhere it passes its teacher it does not hear better: labels of the same collections, of other recordings, "
        "were in\nits training and not in its teacher's.\n"
    )


def _compared(facts: dict[str, Any], ours: str, theirs: str) -> str:
    esc, speed = facts["esc10_fold_5"], facts["network_ms_for_10_s"]
    rows = report.overall(facts["evaluation"])
    rows += f"| ESC-10 fold 5, classifier on embeddings | {report.percent(esc[ours]['accuracy'])} "
    rows += f"| {report.percent(esc[theirs]['accuracy'])} |\n"
    rows += f"| network alone, ms for 10 s, one thread | {speed[ours]:.2f} | {speed[theirs]:.2f} |\n"
    sizes = [
        [
            kind,
            f"{one['bytes']:,}",
            report.percent(one["top_1_in_reference_top_5"]),
            report.percent(one["label_in_top_5"]),
        ]
        for kind, one in facts["weights_compared"].items()
    ]
    head = ["weights", "bytes", "top class in the teacher's top five", "label in top five"]
    return "\n".join([rows, report.agreement(facts["evaluation"]), report.table(head, sizes)])


def _curve(facts: dict[str, Any]) -> str:
    rows = [
        [f"{line['crops']:,}", report.percent(line["top1_in_teachers_five"]), report.percent(line["label_hits_ratio"])]
        for line in facts["training"]["curve"]
    ]
    head = ["crops seen", "top class in the teacher's top five", "label in top five, over the teacher's"]
    name = facts["file"].removesuffix(".tflite")
    return (
        "On the first 3 s of each validation clip, repeated where it is shorter:\n\n"
        f"{report.table(head, rows)}\n![Learning curve]({name}-curve.png)\n"
    )


if __name__ == "__main__":
    sys.stdout.write(f"{write()}\n")
