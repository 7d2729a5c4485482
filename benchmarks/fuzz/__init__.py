# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What decoding does with files that nobody meant: ``make fuzz``, into benchmarks/results/fuzz.json.

`seeds` makes small valid files of every container, `judge` decodes one file both ways and says what came of it,
`files` does so with 20,000 that hypothesis makes, `atheris_decode` with as many as an hour allows, guided by which of
our lines they reach (the libraries behind are not instrumented). Neither looks at answers alone: sound must keep its
promise, refusals must be ours, memory and time are bounded.
"""
