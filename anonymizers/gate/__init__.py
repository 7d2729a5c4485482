# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Where somebody speaks, and what is put in the place of speech: waveform -> probability -> mask -> comfort noise.

May import: the standard library, numpy, scipy. What makes the detector (`train` and what it alone uses: `pack`,
`voices`, `acoustics`, `lessons`, `fit`, `trials`, `measure`, `release`, `card`) may also read sound files and use
Keras; nothing that serves imports it.

Frames are `HOP_SAMPLES` long at 16 000 Hz (16 ms) and tile the sound; the last one may reach beyond its end.
"""
