# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Sound made ready before it is tagged, for whoever asks: waveform -> waveform. Nothing here is on by default.

May import: numpy, scipy, pywt, `analytic.audio.clip`, `analytic.errors`. pywt is loaded when `wavelet` first runs. No
clock, no file, no chance: the same sound gets the same answer.

A method takes and gives float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1. Digital silence stays
silence, and what is handed in stays as it was. What each does to the answers is measured: docs/preprocessing.md.
"""
