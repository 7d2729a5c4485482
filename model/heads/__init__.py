# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Alarm heads: a tagger's scores and embedding -> how likely each kind of alarm is, window by window.

May import: `model`, numpy; scipy in `fit` and `scenes`, soundfile and soxr by `model.recordings`, scikit-learn in
`evaluate`. `alarm` is all that serves, with numpy alone; everything else here fits and measures it, and nothing that
serves imports that.

The order of work: `clips` reads the labelled recordings and says what each means to each kind of alarm; `scenes` lays
them over real backgrounds; `windows` runs the tagger over clips and scenes; `fit` finds the heads; `evaluate` measures
them on recordings that they were not fitted on; `release` does it all and writes the files.
"""
