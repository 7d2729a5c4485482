# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import json

import jsonschema
import pytest

from analytic import __version__
from analytic.api.describe import event_schema, label_list, metadata
from analytic.app import make_pipeline
from analytic.events.classes import ALERT_CLASSES
from analytic.pipeline import Pipeline
from analytic.settings import load
from anonymizers.registry import anonymizers
from model.fake import FakeTagger
from model.labels import labels


def test_the_metadata_has_the_predecessors_fields(pipeline: Pipeline) -> None:
    described = metadata(pipeline)
    assert {"id", "name", "description", "type", "license"} <= set(described)
    assert (described["id"], described["type"], described["license"]) == ("fake", "Audio Classification", "MIT")
    assert described["service"] == {"name": "hearken", "version": __version__}


def test_every_anonymiser_says_what_it_guarantees_hides_and_leaks(pipeline: Pipeline) -> None:
    described = {entry["method"]: entry for entry in metadata(pipeline)["anonymizers"]}
    assert list(described) == list(anonymizers())
    for entry in described.values():
        assert entry["guarantee"]["kind"] in {"none", "empirical", "formal"}
        assert entry["hides"]
        assert entry["leaks"]


def test_the_alert_classes_are_those_that_are_on(pipeline: Pipeline) -> None:
    described = metadata(pipeline)["alert_classes"]
    assert [alert["name"] for alert in described] == [alert.name for alert in ALERT_CLASSES if alert.enabled]
    known = {label.mid for label in labels()}
    assert all(set(alert["label_ids"]) <= known for alert in described)
    assert all(0 < alert["ends_below"] < alert["threshold"] <= 1 for alert in described)
    assert {alert["severity"] for alert in described} <= {"critical", "warning", "notice"}


def test_the_rule_and_the_mode_are_told(alarm_tagger: FakeTagger) -> None:
    away = {"enabled": ["smoke_alarm"], "thresholds": {"smoke_alarm": 0.25}}
    described = metadata(make_pipeline(load(alerts={"mode": "away", "modes": {"away": away}}), alarm_tagger))
    assert described["mode"] == "away"
    assert described["alert_classes"] == [
        {
            "name": "smoke_alarm",
            "severity": "critical",
            "threshold": 0.25,
            "threshold_for_uploads": 0.25,
            "ends_below": pytest.approx(0.109233, abs=1e-5),
            "confirmed_by": "2 of 3 windows of 2 s",
            "label_ids": ["/m/01y3hg", "/m/0c3f7m"],
        }
    ]


def test_the_labels_are_527_in_score_order() -> None:
    listed = label_list()
    assert listed["count"] == len(listed["labels"]) == 527
    assert listed["labels"][0] == {"index": 0, "label_id": "/m/09x0r", "label": "Speech"}
    assert [entry["index"] for entry in listed["labels"]] == list(range(527))


def test_the_schema_is_a_schema_and_closed() -> None:
    schema = event_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    kinds = [schema["$defs"][one["$ref"].rpartition("/")[2]] for one in schema["oneOf"]]
    assert [kind["title"] for kind in kinds] == ["Event", "Deletion", "Gap"]
    for kind in kinds:
        assert kind["additionalProperties"] is False
        assert set(kind["required"]) == set(kind["properties"])


def test_all_of_it_is_json(pipeline: Pipeline) -> None:
    for described in (metadata(pipeline), label_list(), event_schema()):
        assert json.loads(json.dumps(described, allow_nan=False)) == described
