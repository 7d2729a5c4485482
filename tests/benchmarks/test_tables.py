# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from benchmarks import report
from benchmarks.tables import PAGES, ROOT, TABLES, filled


@pytest.mark.parametrize("name", PAGES)
def test_a_page_quotes_the_committed_results(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    assert filled(page) == page, "run: python -m benchmarks.tables"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_a_block_to_fill(name: str) -> None:
    assert "<!-- figures: " in (ROOT / name).read_text(encoding="utf-8")


def test_a_changed_figure_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = report.read("pooling")
    changed["3_sounds"]["poolings"]["mean"]["sounds_with_a_label_in_top_five"] = 0.123
    page = (ROOT / "docs/decisions/0003-clip-scores.md").read_text(encoding="utf-8")
    monkeypatch.setattr(report, "read", lambda _name: changed)
    assert filled(page) != page


def test_every_table_stands_on_some_page() -> None:
    pages = "".join((ROOT / name).read_text(encoding="utf-8") for name in PAGES)
    assert [name for name in TABLES if f"<!-- figures: {name} -->" not in pages] == []


def test_the_goals_on_real_recordings_are_met() -> None:
    result = report.read("accuracy")
    assert result["label_in_top_five"]["share"] >= 0.755
    assert result["esc10"]["accuracy"] >= 0.97


def test_the_goals_of_speed_and_size_are_met() -> None:
    result = report.read("speed")
    path, service = result["path"]["tf_as_it_comes"], result["service"]
    assert path["ms"]["waveform_to_scores"]["median"] <= 5
    assert path["ratio_waveform_to_scores_over_tf_function"] <= 0.4
    assert path["taggers_in_turn_ms"]["hearken_small"]["median"] <= 4.5
    assert path["ratio_bundled_over_mn04_as"] <= 1.03, "no slower, within what two equal paths differ by"
    assert path["ratio_with_timeline_over_scores_alone"] <= 4
    assert service["post_adds_ms"] < 3
    assert service["resident_peak_mib"] < 250
    assert service["ready_after_s"]["longest"] < 2
