# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Turn a finished training into the bundled tagger: ``python -m model.training.release --help``.

Writes NAME.tflite, NAME.toml (the configuration that it was trained with), NAME.json (who it is, its sha256, how it
was trained, every figure of the card), NAME.png (the evaluation), NAME-curve.png (the training) and MODEL_CARD.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from model.evaluate import evaluate, hear
from model.evaluation import metrics, picture, report
from model.labels import CLASS_COUNT
from model.litert import LiteRtTagger
from model.recordings import read_manifest
from model.registry import DEFAULT, published
from model.tagger import TaggerCard
from model.training import card as model_card
from model.training import config as configuration
from model.training import export, measure, plot

FILE = "hearken_small"  # the name that the store looks for
_SPDX = "# SPDX-FileCopyrightText: 2026 The Hearken authors\n# SPDX-License-Identifier: MIT\n"
CARD = TaggerCard(
    name="hearken_small",
    version="1",
    description="MobileNetV3, width 0.4, 527 AudioSet classes, distilled from mn04_as on free recordings and "
    "synthesised sound; bundled with Hearken",
    licence="MIT",
    source="model/training in this repository",
)


def training_facts(folder: Path) -> dict[str, Any]:
    """Say how a training went: its configuration, crops, minutes, and the learning curve on held-out crops."""
    losses, seen = plot.read(folder / "progress.jsonl")
    keys = ("batch", "crops", "top1_in_teachers_five", "label_hits_ratio")
    return {
        "config": dataclasses.asdict(configuration.load(folder / "config.toml")),
        "batches": losses[-1]["batch"],
        "crops": losses[-1]["crops"],
        "minutes": plot.minutes(folder / "progress.jsonl"),
        "curve": [{key: line[key] for key in keys} for line in seen],
    }


def weights_compared(network: keras.Model, teacher: LiteRtTagger, pack: Path) -> dict[str, dict[str, float]]:
    """Export the student in every kind of weights and measure what each loses on the validation split."""
    recordings = [one for one in read_manifest(pack) if one.split == "val"]
    known = np.zeros((len(recordings), CLASS_COUNT), np.bool_)
    for row, recording in zip(known, recordings, strict=True):
        row[list(recording.classes)] = True
    files = {kind: export.to_litert(network, kind) for kind in ("float32", "float16", "int8")}
    taggers = [LiteRtTagger(file, dataclasses.replace(CARD, name=kind), lanes=1) for kind, file in files.items()]
    scores = hear([*taggers, teacher], recordings)
    reference = scores.pop(teacher.card.name)
    labelled = known.any(axis=1)
    return {
        kind: {
            "bytes": len(files[kind]),
            "top_1_in_reference_top_5": metrics.agreement(heard, reference)["top_1_in_reference_top_5"],
            "label_in_top_5": float(metrics.label_hits(heard, known)[labelled].mean()),
        }
        for kind, heard in scores.items()
    }


def figures(student: LiteRtTagger, teacher: LiteRtTagger, pack: Path) -> dict[str, Any]:
    """Measure everything that the card says of student and teacher."""
    return {
        "evaluation": evaluate(student, pack, teacher),
        "esc10_fold_5": {one.card.name: measure.esc10_fold_5(one, pack) for one in (student, teacher)},
        "network_ms_for_10_s": measure.speeds([student, teacher]),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m model.training.release", description=__doc__)
    parser.add_argument("training", type=Path, help="a folder of model.training.distill")
    parser.add_argument("--pack", type=Path, required=True, help="the labelled recordings")
    parser.add_argument("--teacher", type=Path, required=True, help="the teacher's LiteRT file")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "weights", help="default: model/weights"
    )
    parser.add_argument("--weights", choices=["float16", "int8"], default="float16")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    network = export.load(options.training)
    flatbuffer = export.to_litert(network, options.weights)
    (options.out / f"{FILE}.tflite").write_bytes(flatbuffer)
    config = configuration.to_toml(configuration.load(options.training / "config.toml"))
    (options.out / f"{FILE}.toml").write_text(f"{_SPDX}\n{config}", encoding="utf-8")
    student = LiteRtTagger(flatbuffer, CARD, lanes=1)
    teacher = LiteRtTagger.open(options.teacher, published(DEFAULT).card, lanes=1)
    found = figures(student, teacher, options.pack)
    facts = {
        "card": dataclasses.asdict(CARD),
        "file": f"{FILE}.tflite",
        "sha256": hashlib.sha256(flatbuffer).hexdigest(),
        "bytes": len(flatbuffer),
        "weights": options.weights,
        "training": training_facts(options.training),
        "data": measure.licences(options.pack),
        **found,
        "weights_compared": weights_compared(network, teacher, options.pack),
    }
    text = json.dumps(report.rounded(facts), indent=1) + "\n"
    (options.out / f"{FILE}.json").write_text(text, encoding="utf-8")
    picture.draw(found["evaluation"], options.out / f"{FILE}.png")
    plot.draw(options.training / "progress.jsonl", options.out / f"{FILE}-curve.png")
    model_card.write(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
