# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What must not be heard: waveform -> a waveform that tells less.

May import: the standard library, numpy, scipy. May not import: `analytic`, `model`; what an anonymiser needs from a
tagger is handed in as a callable. Randomness comes from the operating system, and tests hand in their own.

Arrays are bare: a waveform is "float32, shape (n,), mono, within -1..1", its sample rate an argument in Hz.
"""
