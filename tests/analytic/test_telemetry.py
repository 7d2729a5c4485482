# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from analytic.events.types import AnonymizerName, Event, ModelName, Requestor, Source
from analytic.telemetry import Metrics, configure_logging

HOSTILE = 'x\n{"event": "forged"}\r\n\x1b[31m\u2028\u0085\x00'


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root, libraries = logging.getLogger(), [logging.getLogger(name) for name in ("websockets", "urllib3")]
    handlers, level, their_levels = root.handlers[:], root.level, [one.level for one in libraries]
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for one, its_level in zip(libraries, their_levels, strict=True):
        one.setLevel(its_level)


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The log so far: every line is one JSON object, or this fails."""
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "" or printed.err.endswith("\n")
    return [json.loads(line) for line in printed.err.splitlines()]


class TestLogs:
    def test_a_line_is_a_json_object_with_time_level_and_logger(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging("INFO")
        logging.getLogger("hearken.test").info("heard %s", "a bark", extra={"seconds": 1.5})
        (line,) = logged(capsys)
        assert line["event"] == "heard a bark"
        assert (line["level"], line["logger"], line["seconds"]) == ("info", "hearken.test", 1.5)
        assert line["timestamp"].endswith("Z")

    def test_foreign_text_adds_no_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging("INFO")
        log = logging.getLogger(HOSTILE)
        log.warning(HOSTILE)
        log.warning("id %s", HOSTILE, extra={"request_id": HOSTILE, "nested": {HOSTILE: [HOSTILE]}})
        lines = logged(capsys)
        assert [line["event"] for line in lines] == [HOSTILE, f"id {HOSTILE}"]
        assert lines[1]["request_id"] == HOSTILE

    @examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    @given(st.text(st.characters(exclude_categories=())))
    def test_no_text_adds_a_line(self, capsys: pytest.CaptureFixture[str], text: str) -> None:
        configure_logging("INFO")
        logging.getLogger("t").error("refused", extra={"found": text})
        (line,) = logged(capsys)
        assert line["found"] == text

    def test_a_stack_trace_stays_in_its_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging("INFO")
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logging.getLogger("t").exception("failed")
        (line,) = logged(capsys)
        assert "Traceback" in line["exception"]

    def test_less_severe_lines_are_left_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging("WARNING")
        logging.getLogger("t").info("unheard")
        logging.getLogger("t").warning("heard")
        assert [line["event"] for line in logged(capsys)] == ["heard"]

    def test_the_bus_library_does_not_chat(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging("DEBUG")
        logging.getLogger("websockets.server").info("connection open")
        logging.getLogger("websockets.server").warning("odd")
        assert [line["event"] for line in logged(capsys)] == ["odd"]

    def test_the_library_that_posts_tells_no_address(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging("DEBUG")
        logging.getLogger("urllib3.connectionpool").debug('"POST /token HTTP/1.1" 200')
        logging.getLogger("urllib3.connection").warning("Failed to parse headers (url=http://localhost/token)")
        assert logged(capsys) == []

    def test_configuring_twice_does_not_double_lines(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging("INFO")
        configure_logging("INFO")
        logging.getLogger("t").info("once")
        assert len(logged(capsys)) == 1


def event(phase: Any = "end", event_class: str = "fire") -> Event:
    return Event(
        *("0190a5c0-0000-7000-8000-000000000001", phase, event_class, "Fire", "/m/02_41", 0.5, 0.0, 1.0, None, None),
        *(None, Source("kitchen"), Requestor("ada"), ModelName("fake", "0"), AnonymizerName("none")),
    )


def exposed(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample: name and labels -> value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


class TestMetrics:
    def test_the_names_are_these(self) -> None:
        metrics = Metrics()
        families = text_string_to_metric_families(metrics.exposition().decode())
        assert {family.name for family in families if family.name.startswith("hearken_")} == {
            "hearken_requests",
            "hearken_stage_seconds",
            "hearken_sound_seconds",
            "hearken_events",
            "hearken_messages",
            "hearken_sink_failures",
            "hearken_bus_subscribers",
            "hearken_source_audio_age_seconds",
            "hearken_source_ok",
            "hearken_source_dropped_seconds",
            "hearken_model",
            "hearken_messages_not_durable",
            "hearken_outbox_messages",
            "hearken_outbox_age_seconds",
            "hearken_sink_delivered",
            "hearken_outbox_given_up",
            "hearken_sink_reachable",
        }
        assert "process_resident_memory_bytes" in metrics.exposition().decode()

    def test_everything_is_counted_under_its_labels(self) -> None:
        metrics = Metrics()
        metrics.request("model_predict", 200)
        metrics.request("model_predict", 200)
        metrics.stage("tag", 0.004)
        metrics.clip(2.5)
        metrics.clip(1.5)
        metrics.sink_failure("websocket")
        metrics.subscribers(3)
        metrics.subscribers(2)
        metrics.model("mn04_as", "0.0.1")
        metrics.accept({})
        metrics.source({"id": "hall", "status": "silent", "last_audio_age_s": 0.5, "dropped_s": 2.0})
        found = exposed(metrics)
        assert found["hearken_source_ok", (("source", "hall"),)] == 0
        assert found["hearken_source_audio_age_seconds", (("source", "hall"),)] == 0.5
        assert found["hearken_source_dropped_seconds", (("source", "hall"),)] == 2.0
        metrics.source_gone("hall")
        metrics.source_gone("never there")
        assert ("hearken_source_ok", (("source", "hall"),)) not in exposed(metrics)
        assert found["hearken_requests_total", (("endpoint", "model_predict"), ("status", "200"))] == 2
        assert found["hearken_stage_seconds_count", (("stage", "tag"),)] == 1
        assert found["hearken_stage_seconds_sum", (("stage", "tag"),)] == 0.004
        assert found["hearken_sound_seconds_total", ()] == 4
        assert found["hearken_sink_failures_total", (("sink", "websocket"),)] == 1
        assert found["hearken_bus_subscribers", ()] == 2
        assert found["hearken_model", (("name", "mn04_as"), ("version", "0.0.1"))] == 1
        assert found["hearken_messages_total", ()] == 1

    def test_delivery_is_counted_by_sink(self) -> None:
        metrics = Metrics()
        metrics.delivered("mqtt", 3)
        metrics.delivered("mqtt", 2)
        metrics.given_up("dht", 7)
        metrics.not_durable(4)
        metrics.reachable("mqtt", True)
        metrics.reachable("dht", True)
        metrics.reachable("dht", False)
        found = exposed(metrics)
        mqtt, dht = (("sink", "mqtt"),), (("sink", "dht"),)
        assert found["hearken_sink_delivered_total", mqtt] == 5
        assert found["hearken_outbox_given_up_total", dht] == 7
        assert found["hearken_messages_not_durable_total", ()] == 4
        assert (found["hearken_sink_reachable", mqtt], found["hearken_sink_reachable", dht]) == (1, 0)

    def test_what_waits_is_asked_for_when_it_is_shown(self) -> None:
        metrics, waiting = Metrics(), [3]
        metrics.outbox("webhook:phone", lambda: len(waiting), lambda: 1.5 * len(waiting))
        phone = (("sink", "webhook:phone"),)
        assert exposed(metrics)["hearken_outbox_messages", phone] == 1
        waiting.append(4)
        assert exposed(metrics)["hearken_outbox_messages", phone] == 2
        assert exposed(metrics)["hearken_outbox_age_seconds", phone] == 3.0

    def test_an_event_counts_once_however_many_phases_it_has(self) -> None:
        metrics = Metrics()
        metrics.events([event("start"), event("update"), event("end"), event("start", "scream")])
        found = exposed(metrics)
        assert found["hearken_events_total", (("event_class", "fire"),)] == 1
        assert found["hearken_events_total", (("event_class", "scream"),)] == 1

    def test_two_services_count_apart(self) -> None:
        one, other = Metrics(), Metrics()
        one.clip(1)
        assert exposed(other)["hearken_sound_seconds_total", ()] == 0

    def test_who_asked_is_in_no_label(self) -> None:
        metrics = Metrics()
        metrics.events([event("start")])
        assert "ada" not in metrics.exposition().decode()
