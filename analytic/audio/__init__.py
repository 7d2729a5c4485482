# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Bytes -> sound: decoding, and the `Clip`, the only place where seconds meet a sample rate.

`decode` takes a clip whole, `streams` a recording of any length, `fetch` gets one from an address, `sandbox` has both
decoded in processes of their own, `bytes_at` is a recording as libraries read it, `preprocessing` makes sound clearer.
May import: numpy, soundfile, soxr, PyAV (the extra `video`), requests in `fetch`, SciPy and PyWavelets in
`preprocessing`; `analytic.errors`. Nothing here writes a file.
"""
