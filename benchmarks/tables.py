# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Write the committed results into the pages that quote them: ``python -m benchmarks.tables``.

A page holds ``<!-- figures: NAME -->`` and ``<!-- end of figures -->``; what stands between is made here, and
tests/benchmarks/test_tables.py fails where a page and a result differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from benchmarks import delivery_tables, event_tables, preprocessing_table, recordings_table, report
from benchmarks.privacy import controls as privacy_controls
from benchmarks.privacy import table as privacy_table
from benchmarks.privacy import veto_table

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "PRIVACY.md",
    "docs/alerts.md",
    "docs/delivery.md",
    "docs/live.md",
    "docs/preprocessing.md",
    "docs/recordings.md",
    "docs/unusual.md",
    "docs/decisions/0003-clip-scores.md",
    "docs/decisions/0007-events-from-windows.md",
)
_OTHERS = {"tensorflow": "the network served by TensorFlow", "vggish": "a network of VGGish's size (the predecessor's)"}
_BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def main() -> None:
    """Rewrite the blocks of every page."""
    for name in PAGES:
        page = ROOT / name
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


def filled(page: str) -> str:
    """Return a page with every block made anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}{TABLES[block[2]]()}\n{block[3]}", page)


def speed() -> str:
    """What a clip costs."""
    result = report.read("speed")
    plain, single = result["path"]["tf_as_it_comes"], result["path"]["tf_on_one_thread"]
    service = result["service"]
    ms = plain["ms"]
    rates, others = service["clips_per_second_by_clients"], result["other_backends"]
    rows = [
        ("front end, 10 s of sound, one thread", f"{ms['front_end']['median']:.1f} ms"),
        ("network `mn04_as` in LiteRT, one thread", f"{ms['network']['median']:.1f} ms"),
        (
            "waveform to 527 scores, one thread, `hearken_small`",
            f"{plain['taggers_in_turn_ms']['hearken_small']['median']:.1f} ms",
        ),
        ("waveform to 527 scores, one thread, `mn04_as`", f"{ms['waveform_to_scores']['median']:.1f} ms"),
        (
            "the network alone as a plain `tf.function`",
            f"{ms['tf_function_network_alone']['median']:.1f} ms; ratio {_ratio(plain)}",
        ),
        (
            "the same with TensorFlow held to one thread",
            f"{single['ms']['tf_function_network_alone']['median']:.1f} ms; ratio {_ratio(single)}",
        ),
        (
            "waveform to scores, timeline and alarms (windows of 2 s too), as every `POST` is heard",
            (
                f"{plain['timeline_in_turn_ms']['scores_and_timeline']['median']:.1f} ms; ratio "
                f"{plain['ratio_with_timeline_over_scores_alone']:.2f}"
            ),
        ),
        ("`POST` of the clip over that", f"{service['post_adds_ms']:.1f} ms more"),
        ("`POST` to a bare handler that only decodes", f"{service['ms']['post_to_bare_handler']['median']:.1f} ms"),
        ("clips a second with 1, 4, 16 clients", ", ".join(f"{rate:.0f}" for rate in rates.values())),
        ("resident memory, highest in this run", f"{service['resident_peak_mib']:.0f} MiB"),
        ("ready after", f"{service['ready_after_s']['median']:.1f} s"),
        *((f"for comparison: {what}", _backend(others[name])) for name, what in _OTHERS.items()),
    ]
    return "\n".join(["| what | median |", "| --- | --- |", *(f"| {what} | {figure} |" for what, figure in rows)])


def _backend(figures: dict[str, float]) -> str:
    memory, first = f"{figures['resident_mib']:.0f} MiB", f"first answer after {figures['first_answer_after_s']:.1f} s"
    return f"{figures['ms']:.0f} ms a clip, {memory}, {first}"


def _ratio(path: dict[str, float]) -> str:
    return f"{path['ratio_waveform_to_scores_over_tf_function']:.2f}"


def accuracy() -> str:
    """How right the answers are, in two sentences."""
    result = report.read("accuracy")
    five, esc = result["label_in_top_five"], result["esc10"]
    low, high = five["interval_95"]
    return (
        f"On {five['clips']} labelled real recordings that nothing here was chosen on, a label stands in the top five "
        f"for **{five['share']:.1%}** (95 % interval {low:.1%} to {high:.1%}; the network's authors' own code: "
        f"{five['authors_own_code']:.1%}; the labels are weak). A logistic regression on the embeddings gets "
        f"**{esc['accuracy']:.1%}** of ESC-10 right over its official folds."
    )


def alerts() -> str:
    """What each alert class catches with `mn04_as`."""
    return _alert_table("accuracy")


def alerts_bundled() -> str:
    """What each alert class catches with the bundled tagger."""
    return _alert_table("accuracy_bundled")


def _alert_table(result: str) -> str:
    classes = report.read(result)["alert_classes"]
    lines = [
        "| class | on | threshold | clips | caught | 95 % interval | false alarms | caught at 1 % false alarms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in classes.items():
        on = "yes" if found["on_by_default"] else "no"
        start = f"| {name} | {on} | {found['threshold']:g} | {found['clips_with']} |"
        if found["recall"] is None:
            lines.append(f"{start} none to measure on | | {found['false_positives']:.1%} | |")
            continue
        low, high = found["recall_interval_95"]
        lines.append(
            f"{start} {found['recall']:.0%} | {low:.0%} to {high:.0%} | {found['false_positives']:.1%} | "
            f"{found['recall_at_1_percent_false_positives']:.0%} |"
        )
    return "\n".join(lines)


def pooling() -> str:
    """How the ways to pool compare."""
    result = report.read("pooling")
    short, long = result["3_sounds"]["poolings"], result["12_sounds"]["poolings"]
    lines = ["| pooling | 3 sounds, 30 s | 12 sounds, 120 s | alarms, 30 s | alarms, 120 s |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for name in short:
        figures = [
            poolings[name][key]
            for key in ("sounds_with_a_label_in_top_five", "alarms_found_at_1_percent_false")
            for poolings in (short, long)
        ]
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")
    return "\n".join(lines)


def privacy() -> str:
    """What an attacker undoes."""
    result = report.read("privacy_baseline")
    shuffle, snr = result["scrample"], result["dp_noise"]["snr_db"]
    speech = f"{result['speech']['dbfs']:.0f} dBFS"
    rows = [
        (
            "`scrample`: fit the edges of the segments to each other",
            (
                f"the whole order found for {shuffle['order_recovered']:.1%} of the clips (guessing: "
                f"{shuffle['by_guessing']:.1%}), {shuffle['borders_recovered']:.0%} of the borders"
            ),
        ),
        (f"`dp_noise`, speech at {speech}: as sent", f"signal-to-noise ratio {snr['as_sent']:.1f} dB"),
        ("the same, denoised", f"{snr['denoised']:.1f} dB"),
        (f"the same, {result['dp_noise']['repeats']} requests averaged", f"{snr['averaged']:.1f} dB"),
        ("the same, averaged and denoised", f"{snr['averaged_and_denoised']:.1f} dB"),
    ]
    return "\n".join(["| attack | result |", "| --- | --- |", *(f"| {attack} | {found} |" for attack, found in rows)])


TABLES: dict[str, Callable[[], str]] = {
    "speed": speed,
    "accuracy": accuracy,
    "alerts": alerts,
    "alerts_bundled": alerts_bundled,
    "pooling": pooling,
    "privacy": privacy,
    "privacy_table": privacy_table.table,
    "privacy_line": privacy_table.line,
    "privacy_controls": privacy_controls.table,
    "privacy_veto": veto_table.table,
    "delivery": delivery_tables.delivery,
    "delivery_line": delivery_tables.delivery_line,
    "events_published": lambda: event_tables.of_column("mn04_as"),
    "events_bundled": lambda: event_tables.of_column("hearken_small"),
    "events_published_validation": lambda: event_tables.of_column("mn04_as_validation"),
    "events_baseline": event_tables.baseline,
    "live": event_tables.live,
    "carried": event_tables.carried,
    "unusual": event_tables.unusual,
    "onsets": event_tables.onsets,
    "window_lengths": event_tables.window_lengths,
    "preprocessing": preprocessing_table.table,
    "recordings": recordings_table.table,
}

if __name__ == "__main__":
    main()
