# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The README's picture: the demo's sound as each anonymiser leaves it, and what the tagger hears in it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from anonymizers.registry import anonymizers
from benchmarks.pack import CHECKPOINT, weights_folder
from demo.sound import DURATION_S, RATE_HZ, smoke_alarm_in_a_room
from model.frontend import MEL_BANDS, LogMel
from model.labels import labels
from model.store import TaggerStore
from model.tagger import Tagger, pool, top

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "anonymisers.png"
METHODS = ("none", "scrample", "dp_noise")
HEARD_BANDS = 105
BAR = "#0072b2"  # blue of the Okabe-Ito palette, told apart with any kind of colour vision


def main() -> None:
    """Draw the picture, if the published tagger is there."""
    weights = weights_folder()
    if weights is None:
        print("picture: left out, it needs HEARKEN_WEIGHTS")
        return
    mpl.use("agg")
    with tempfile.TemporaryDirectory(prefix="hearken-picture-") as folder:
        store = TaggerStore(Path(folder))
        store.install(weights / CHECKPOINT)
        figure = draw(store.open("mn04_as", lanes=1))
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)
    print(f"wrote {PICTURE.name}")


def draw(tagger: Tagger) -> Figure:
    """Draw a column a method: log-mel above, top five below."""
    sound = smoke_alarm_in_a_room().astype(np.float32)
    methods = anonymizers()
    figure = Figure(figsize=(12, 5.4), layout="constrained")
    axes = figure.subplots(2, len(METHODS), height_ratios=(3, 2))
    picture = None
    for column, method in enumerate(METHODS):
        changed = methods[method].anonymize(sound, RATE_HZ).waveform
        picture = _log_mel(axes[0, column], changed, method, first=column == 0)
        _top_five(axes[1, column], tagger, changed)
    assert picture is not None
    figure.colorbar(picture, ax=axes[0, :], label="normalised log-mel", shrink=0.9)
    figure.suptitle("A smoke alarm in a room with people talking: what each method leaves, and what is still heard")
    return figure


def _log_mel(axes: Axes, waveform: NDArray[np.float32], method: str, *, first: bool) -> mpl.image.AxesImage:
    log_mel = LogMel()(waveform)[:, :HEARD_BANDS]
    picture = axes.imshow(
        log_mel.T,
        origin="lower",
        aspect="auto",
        cmap="cividis",
        vmin=-1.4,
        vmax=1.6,
        extent=(0, DURATION_S, 0, HEARD_BANDS),
    )
    axes.set_title(method, family="monospace")
    axes.set_xlabel("time (s)")
    ticks_hz = (250, 500, 1000, 2000, 4000, 8000)
    axes.set_yticks([_band_of(hertz) for hertz in ticks_hz], [f"{hertz}" for hertz in ticks_hz])
    if first:
        axes.set_ylabel("frequency (Hz)")
    return picture


def _band_of(hertz: float) -> float:
    highest = np.log1p(15_000 / 700)
    return float(np.log1p(hertz / 700) / highest * (MEL_BANDS + 1) - 0.5)


def _top_five(axes: Axes, tagger: Tagger, waveform: NDArray[np.float32]) -> None:
    scores = pool(tagger.tag(waveform).scores)
    found = top(scores)
    names = [labels()[index].name.split(",")[0] for index in found]
    axes.barh(range(len(found)), scores[found], color=BAR)
    axes.set_yticks(range(len(found)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability")
    for spine in ("top", "right"):
        axes.spines[spine].set_visible(False)


if __name__ == "__main__":
    main()
