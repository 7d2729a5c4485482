# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How the bundled tagger is trained: sounds, crops, teacher, student, weights.

May import: `model`, numpy, scipy; matplotlib in `plot`, scikit-learn in `measure`, TensorFlow and Keras in `student`,
`loss`, `export` and `release`. Nothing that serves imports anything from here.

The order of work: `model.convert` makes the teacher's LiteRT file; `sounds` writes the training sounds into shards (the
pack's train split and what we synthesise); `distill` trains on crops of them; `release` exports the result, measures
it, and writes its card. docs/training.md has the commands.
"""
