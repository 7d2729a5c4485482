# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What the service says of itself: metadata, labels, the event schema."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from typing import Any

from analytic import __version__
from analytic.pipeline import Pipeline
from model.labels import labels


def metadata(pipeline: Pipeline) -> dict[str, Any]:
    """Describe the tagger that speaks, the anonymisers, and the alert classes that are on."""
    card = pipeline.tagger.card
    uploads = {rule.name: rule.on for rule in pipeline.uploads.now().rules}
    return {
        "id": card.name,
        "name": f"{card.name} (AudioSet, 527 classes)",
        "description": card.description,
        "type": "Audio Classification",
        "license": card.licence,
        "source": card.source,
        "version": card.version,
        "service": {"name": "hearken", "version": __version__},
        "anonymizers": [
            {
                "method": name,
                "guarantee": asdict(anonymizer.guarantee),
                "hides": anonymizer.hides,
                "leaks": anonymizer.leaks,
            }
            for name, anonymizer in pipeline.anonymizers.items()
        ],
        "mode": pipeline.hearing.policies.mode,
        "alert_classes": [
            {
                "name": rule.name,
                "severity": rule.severity,
                "threshold": round(rule.on, 6),
                "threshold_for_uploads": round(uploads[rule.name], 6),
                "ends_below": round(rule.off, 6),
                "confirmed_by": f"{rule.confirm} of {rule.among} windows of {rule.window_s:g} s",
                "label_ids": [labels()[index].mid for index in rule.members],
            }
            for rule in pipeline.hearing.policies.now().rules
        ],
    }


def label_list() -> dict[str, Any]:
    """List the 527 classes in score order."""
    listed = [{"index": label.index, "label_id": label.mid, "label": label.name} for label in labels()]
    return {"count": len(listed), "labels": listed}


def event_schema() -> dict[str, Any]:
    """Return the published JSON Schema of event messages."""
    text = resources.files("analytic.events").joinpath("event.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
