# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The serving backend: a LiteRT file behind the `Tagger` protocol."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from model.errors import BadTaggerFile, BadWaveform
from model.frontend import LOOKAHEAD_SAMPLES, MEL_BANDS, FrameRing, LogMel, LogMelStream, frame_count
from model.labels import CLASS_COUNT
from model.quiet import without_line
from model.stream import FRAME_SAMPLES, Due, Heard, Stride
from model.tagger import WINDOW_SAMPLES, Scores, Tagged, TaggerCard, Waveform, Window, check_waveform, plan_windows

MIN_SAMPLES = 8_000
MIN_FRAMES = 100
SHORT_REPEATS = 3
BATCH_SAMPLES = 160_000


class LiteRtTagger:
    """A tagger that runs a converted network; its lanes let several threads tag at once.

    Very short sound is treated as it was when the published taggers were measured: under 0.5 s it is padded with
    silence to 0.5 s, and a log-mel under 1 s is repeated three times. Anything longer keeps its true length.

    Parameters
    ----------
    flatbuffer
        The content of a LiteRT file with the signature of `convert.to_litert`.
    card
        Who speaks.
    lanes
        How many threads may tag at once, each with an interpreter of its own (about 20 MB); further ones wait.
    threads
        Threads inside one interpreter.

    Raises
    ------
    BadTaggerFile
        The bytes are no LiteRT model, or one of another signature.
    """

    def __init__(self, flatbuffer: bytes, card: TaggerCard, *, lanes: int = 2, threads: int = 1) -> None:
        self._card = card
        self._lanes: _Lanes = queue.LifoQueue()
        for _ in range(lanes):
            self._lanes.put(_Lane(flatbuffer, threads, card.name))
        self._make_lane = partial(_Lane, flatbuffer, threads, card.name)
        self._lane_count = lanes
        self._stream_lanes: dict[int, _Lanes] = {}
        self._opening = threading.Lock()

    @classmethod
    def open(cls, path: Path, card: TaggerCard, *, lanes: int = 2, threads: int = 1) -> LiteRtTagger:
        """Read `path` and make a tagger of it."""
        return cls(path.read_bytes(), card, lanes=lanes, threads=threads)

    @property
    def card(self) -> TaggerCard:
        """Who speaks."""
        return self._card

    def tag(self, waveform: Waveform, windows: Sequence[Window] | None = None) -> Tagged:
        """Score a waveform, as `Tagger.tag` says."""
        check_waveform(waveform)
        chosen = tuple(windows) if windows is not None else plan_windows(waveform.size)
        if not chosen:
            raise BadWaveform("a waveform is tagged in at least one window, found none")
        with self._lane() as lane:
            pieces = [lane.run(waveform, batch) for batch in _batches(chosen)]
        logits, embeddings = (np.concatenate(part) if len(part) > 1 else part[0] for part in zip(*pieces, strict=True))
        return Tagged(chosen, sigmoid(logits), embeddings)

    def logits(self, log_mel: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the network alone: float32 (b, frames, 128) -> logits (b, 527) and embeddings (b, e)."""
        with self._lane() as lane:
            lane.resize(log_mel.shape[0], log_mel.shape[1])
            lane.input()[:] = log_mel
            return lane.invoke()

    def stream(self, strides: Sequence[Stride]) -> LiteRtStream:
        """Open a stream; each length runs in lanes of its own, since changing a lane's shape costs a millisecond.

        Raises
        ------
        ValueError
            There is no stride, or one whose length and hop are no multiples of 160, or that is shorter than 0.5 s.
        """
        opened = LiteRtStream(self, tuple(strides))
        with self._opening:
            for frames in {stride.length // FRAME_SAMPLES for stride in strides} - set(self._stream_lanes):
                lanes: _Lanes = queue.LifoQueue()
                for _ in range(self._lane_count):
                    lanes.put(self._make_lane(frames))
                self._stream_lanes[frames] = lanes
        return opened

    def logits_of_window(self, log_mel: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the network on one window of a stream: float32 (frames, 128) -> logits (527,) and embedding (e,)."""
        with self._lane(self._stream_lanes.get(len(log_mel))) as lane:
            lane.resize(1, len(log_mel))
            lane.input()[0] = log_mel
            logits, embeddings = lane.invoke()
        return logits[0], embeddings[0]

    @contextmanager
    def _lane(self, lanes: _Lanes | None = None) -> Iterator[_Lane]:
        lanes = lanes or self._lanes
        lane = lanes.get()
        try:
            yield lane
        finally:
            lanes.put(lane)


class LiteRtStream:
    """A stream whose log-mel is computed once, window after window cut from it.

    A window's frames at its edges see what lies beyond; only the first and last frames of the whole sound are mirrored.
    Its end must have 40 samples (2.5 ms) after it, for the last frame.
    """

    def __init__(self, tagger: LiteRtTagger, strides: tuple[Stride, ...]) -> None:
        if not strides or min(stride.length for stride in strides) < MIN_SAMPLES:
            raise ValueError(f"a stream has strides, each of {MIN_SAMPLES} samples or more, found {strides}")
        self._tagger = tagger
        self._due = Due(strides, lookahead=LOOKAHEAD_SAMPLES)
        self._front_end = LogMelStream(LogMel())
        self._frames = FrameRing((max(stride.length for stride in strides) + BATCH_SAMPLES) // FRAME_SAMPLES)

    def push(self, samples: Waveform) -> list[Heard]:
        """Take what comes next, as `TaggerStream.push` says."""
        check_waveform(samples)
        heard = []
        for first in range(0, samples.size, BATCH_SAMPLES):
            piece = samples[first : first + BATCH_SAMPLES]
            self._frames.extend(self._front_end.push(piece))
            heard += [self._hear(*due) for due in self._due.take(piece.size)]
        return heard

    def finish(self) -> list[Heard]:
        """End the stream, as `TaggerStream.finish` says; under 0.5 s of sound is padded with silence."""
        missing = MIN_SAMPLES - self._due.taken
        if 0 < missing < MIN_SAMPLES:
            self._frames.extend(self._front_end.push(np.zeros(missing, np.float32)))
        self._frames.extend(self._front_end.finish())
        return [self._hear(*due) for due in self._due.last()]

    def _hear(self, window: Window, stride: Stride) -> Heard:
        stop = frame_count(max(window.stop, MIN_SAMPLES))
        log_mel = self._frames.between(max(0, stop - stride.length // FRAME_SAMPLES), stop)
        if len(log_mel) < MIN_FRAMES:
            log_mel = np.tile(log_mel, (SHORT_REPEATS, 1))
        logits, embedding = self._tagger.logits_of_window(log_mel)
        return Heard(window, stride, sigmoid(logits), embedding)


def sigmoid(logits: NDArray[np.float32]) -> Scores:
    """Turn logits into probabilities, float32, without overflow."""
    scores: Scores = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return scores


def _batches(windows: Sequence[Window]) -> Iterator[Sequence[Window]]:
    """Group neighbouring windows of one length, together at most `BATCH_SAMPLES` (or a single window).

    More at once is slower, not faster: the feature maps leave the cache (measured on six windows of 10 s: 37 ms one
    by one, 40 ms in fours).
    """
    first = 0
    for index in range(1, len(windows) + 1):
        length = _length(windows[first])
        full = (index - first + 1) * length > BATCH_SAMPLES
        if index == len(windows) or full or _length(windows[index]) != length:
            yield windows[first:index]
            first = index


def _length(window: Window) -> int:
    return window.stop - window.start


class _Lane:
    """One interpreter and one front end, used by one thread at a time."""

    def __init__(self, flatbuffer: bytes, threads: int, name: str, frames: int = frame_count(WINDOW_SAMPLES)) -> None:
        try:
            self._interpreter = Interpreter(model_content=flatbuffer, num_threads=threads)
            signature = self._interpreter.get_signature_list()["serving_default"]
            (entry,) = self._interpreter.get_input_details()
            outputs = self._interpreter.get_signature_runner("serving_default").get_output_details()
        except (ValueError, RuntimeError, KeyError) as error:
            raise BadTaggerFile(name, f"no LiteRT model with one input and a signature ({error})") from error
        if set(signature["outputs"]) != {"logits", "embedding"}:
            raise BadTaggerFile(name, f"expected the outputs logits and embedding, found {signature['outputs']}")
        if list(entry["shape_signature"][2:]) != [MEL_BANDS, 1] or outputs["logits"]["shape"][-1] != CLASS_COUNT:
            raise BadTaggerFile(name, f"expected a log-mel of {MEL_BANDS} bands in and {CLASS_COUNT} logits out")
        self._entry: int = entry["index"]
        self._logits: int = outputs["logits"]["index"]
        self._embedding: int = outputs["embedding"]["index"]
        self._shape = (0, 0)
        self._log_mel = LogMel()
        with without_line(b"INFO: Created TensorFlow Lite XNNPACK delegate"):
            self.resize(1, frames)
        self.invoke()  # packs the weights now, not at the first clip

    def run(self, waveform: Waveform, windows: Sequence[Window]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score windows of one length; the front end writes into the interpreter's own input."""
        samples = max(_length(windows[0]), MIN_SAMPLES)
        frames = frame_count(samples)
        repeats = SHORT_REPEATS if frames < MIN_FRAMES else 1
        self.resize(len(windows), frames * repeats)
        into = self.input()
        for row, window in zip(into, windows, strict=True):
            self._log_mel(_at_least(waveform[window.start : window.stop], samples), row[:frames])
            for again in range(1, repeats):
                row[again * frames : (again + 1) * frames] = row[:frames]
        del into, row  # the interpreter does not run while its memory is borrowed
        return self.invoke()

    def resize(self, batch: int, frames: int) -> None:
        """Make room for another input shape (about 0.3 ms, only where it differs from the last)."""
        if self._shape != (batch, frames):
            self._shape = (0, 0)  # until it is done: a failure must not leave the lane wrong
            self._interpreter.resize_tensor_input(self._entry, [batch, frames, MEL_BANDS, 1])
            self._interpreter.allocate_tensors()
            self._shape = (batch, frames)

    def input(self) -> NDArray[np.float32]:
        """Borrow the interpreter's input, float32 (batch, frames, 128)."""
        borrowed: NDArray[np.float32] = self._interpreter.tensor(self._entry)()
        return borrowed[..., 0]

    def invoke(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run, and copy out the logits (batch, 527) and the embeddings (batch, e)."""
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._logits), self._interpreter.get_tensor(self._embedding)


_Lanes = queue.LifoQueue[_Lane]


def _at_least(piece: Waveform, samples: int) -> Waveform:
    return piece if piece.size >= samples else np.pad(piece, (0, samples - piece.size))
