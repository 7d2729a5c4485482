# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Alarm heads: a tagger's scores and embedding -> how likely each kind of alarm is, window by window.

May import: `model`, numpy; scipy in `fit` and `calibrate`. `alarm`, `points` and `shipped` serve, with numpy alone;
everything else here fits and measures heads, and nothing that serves imports that.

The order of work: `clips` reads the labelled recordings and says what each means to each kind of alarm; `library`
decodes them and adds synthetic alarms; `scenes` lays sounds over real backgrounds; `windows` and `hear` run the tagger
over clips and scenes; `fit`, `lessons` and `calibrate` find the heads; `evaluate` and `measure` say how good they are
on recordings not fitted on; `release` does it all and writes the files, `card` tells people.
"""
