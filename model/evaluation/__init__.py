# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How right a tagger is on labelled recordings: figures, a table, a picture; the door is `model.evaluate`.

May import: `model`, numpy; scikit-learn in `metrics`, matplotlib in `picture`. Labels are weak throughout: a class that
is not named is counted as absent, though it may only be unknown, so precision is understated and some false alarms are
none.
"""
