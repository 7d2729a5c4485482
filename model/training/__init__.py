# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How the bundled tagger is trained: sounds, crops, teacher, student, weights.

May import: `model`, numpy, scipy, soundfile, soxr, tomllib; matplotlib where it draws; TensorFlow and Keras in
`student`, `loss`, `distill` and `export` only. Nothing that serves imports anything from here.

The order of work: `sounds` writes the training sounds into shards (the pack's train split and what we synthesise),
`distill` trains on crops of them with a published tagger as its teacher, `export` writes the LiteRT file, `card` its
model card.
"""
