# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Bytes -> sound: decoding, and the `Clip`, the only place where seconds meet a sample rate.

May import: numpy, soundfile, soxr, `analytic.errors`. Nothing here writes a file.
"""
