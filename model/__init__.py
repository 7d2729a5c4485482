# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What is in the sound: waveform -> scores of the 527 AudioSet classes.

May import: the standard library, numpy, scipy, soxr, LiteRT, requests (to fetch a checkpoint when asked).
May not import: `analytic`, `anonymizers`. TensorFlow and Keras only in mobilenet.py, convert.py and training/, and
nothing that serves imports those.

Arrays are bare: a waveform is "float32, shape (n,), mono, 16 000 Hz, within -1..1".
"""
