# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Decoding in processes that are thrown away: foreign bytes never meet a decoder inside the service.

A *nursery* (a process without threads, which has the decoders loaded) forks *decoders* ahead of time. Each serves one
recording and ends. It can open no file and no socket, write nothing, start nothing, touch no other process, and has
limits of memory and of processor time; whoever waits for it has a limit of time. What it answers is checked as foreign
bytes are.

`sandbox` is the service's side (`hatching` its hold on the nursery, `decoders` what it has in common with decoding
without it), `nursery` and `decoder` are the processes, `calls` is what the kernel still does for a
decoder, `wire` is what they say to each other.
May import: numpy, `analytic.audio`, `analytic.errors`.
"""
