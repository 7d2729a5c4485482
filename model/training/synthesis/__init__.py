# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Sounds that we make ourselves, each a function of a random generator.

May import: `model`, numpy; soundfile and soxr in `voices`. `music` and `voices` drive FluidSynth and eSpeak NG,
programs that must be on the PATH.
Every sound is float32, shape (n,), mono, 16 000 Hz, within -1..1.
"""
