# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What kind of sound a clip is at home, and whether it can be a background: two tables of labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping

ROOM_TONE = "room_tone"
OTHER = "other"

# The first row that names one of a clip's labels gives its kind, so the narrow ones stand first.
KINDS: Mapping[str, tuple[str, ...]] = {
    "music": ("Music", "Musical instrument", "Singing", "Humming", "Whistling", "Beatboxing"),
    "crowd": (
        "Hubbub, speech noise, speech babble",
        "Crowd",
        "Applause",
        "Cheering",
        "Chatter",
        "Inside, public space",
    ),
    "speech": ("Speech", "Radio", "Whispering", "Chant"),
    "people": (
        *("Laughter", "Cough", "Sneeze", "Snoring", "Breathing", "Gasp", "Pant", "Sigh", "Throat clearing", "Sniff"),
        *("Burping, eructation", "Hiccup", "Fart", "Clapping", "Hands", "Finger snapping", "Gargling", "Groan"),
        *("Baby laughter", "Crying, sobbing", "Biting", "Chewing, mastication", "Heart sounds, heartbeat"),
    ),
    "clock": ("Clock", "Tick-tock", "Tick"),
    "bathroom": ("Toilet flush", "Hair dryer", "Electric shaver, electric razor", "Electric toothbrush"),
    "kitchen": (
        *(
            "Dishes, pots, and pans",
            "Cutlery, silverware",
            "Chink, clink",
            "Sink (filling or washing)",
            "Glass",
            "Chop",
        ),
        *("Water tap, faucet", "Pour", "Fill (with liquid)", "Boiling", "Sizzle", "Frying (food)", "Chopping (food)"),
        *("Blender", "Microwave oven", "Drip", "Spray", "Trickle, dribble", "Crunch", "Liquid"),
    ),
    "bells": (
        *("Telephone", "Doorbell", "Bicycle bell", "Alarm clock", "Bell", "Chime", "Ding", "Alarm", "Beep, bleep"),
        *("Buzzer", "Chirp tone", "Sine wave", "Cash register"),
    ),
    "tools": ("Tools", "Power tool", "Drill", "Hammer", "Sawing", "Chainsaw", "Light engine (high frequency)"),
    "steps": ("Walk, footsteps", "Run"),
    "doors": ("Door", "Slam", "Creak", "Cupboard open or close", "Drawer open or close", "Knock"),
    "appliances": (
        *("Vacuum cleaner", "Mechanical fan", "Air conditioning", "Printer", "Sewing machine", "Hum", "Mains hum"),
        *("Mechanisms", "Steam", "Hiss"),
    ),
    "pets": ("Dog", "Cat", "Domestic animals, pets"),
    "farm": ("Livestock, farm animals, working animals", "Fowl", "Horse", "Pig", "Sheep", "Goat"),
    "weather": ("Thunderstorm", "Thunder", "Rain", "Wind"),
    "traffic": (
        *("Vehicle", "Traffic noise, roadway noise", "Aircraft", "Rail transport", "Engine", "Boat, Water vehicle"),
        *("Outside, urban or manmade", "Steam whistle"),
    ),
    "nature": (
        *("Bird", "Insect", "Frog", "Wild animals", "Owl", "Stream", "Ocean", "Waterfall", "Rustling leaves", "Water"),
        *("Animal", "Outside, rural or natural", "Fire"),
    ),
    "noise": ("White noise", "Pink noise", "Static"),
    "clatter": (
        *("Bang", "Clang", "Clatter", "Thump, thud", "Whack, thwack", "Smash, crash", "Breaking", "Bouncing", "Boing"),
        *("Explosion", "Fireworks", "Wood", "Whip", "Burst, pop", "Crushing", "Shatter"),
    ),
    "household": (
        *("Keys jangling", "Squeak", "Zipper (clothing)", "Scissors", "Writing", "Tearing", "Crumpling, crinkling"),
        *(
            "Coin (dropping)",
            "Camera",
            "Typing",
            "Clicking",
            "Tap",
            "Shuffling cards",
            "Scrape",
            "Whoosh, swoosh, swish",
        ),
        *("Rattle", "Ratchet, pawl", "Crack", "Arrow", "Rustle", "Scratch"),
    ),
    ROOM_TONE: ("Inside, small room", "Inside, large room or hall"),
}

# Sounds that go on as they are, for minutes or hours; a clip without labels is the tone of a room.
BACKGROUNDS: Mapping[str, tuple[str, ...]] = {
    "music": ("Music",),
    "crowd": ("Hubbub, speech noise, speech babble", "Crowd", "Inside, public space"),
    "television": ("Narration, monologue", "Radio"),
    "appliance": ("Mechanical fan", "Air conditioning", "Vacuum cleaner", "Hair dryer", "Hum", "Mains hum"),
    "rain": ("Rain", "Rain on surface", "Raindrop"),
    "wind": ("Wind",),
    "traffic": ("Traffic noise, roadway noise", "Outside, urban or manmade"),
    "water": ("Stream", "Waterfall", "Waves, surf", "Ocean"),
    "noise": ("White noise", "Pink noise"),
    ROOM_TONE: ("Inside, small room", "Inside, large room or hall"),
}


def kind_of(names: Collection[str]) -> str:
    """Return the kind of a clip with these labels (English names)."""
    return _first(KINDS, names) or OTHER if names else ROOM_TONE


def background_of(names: Collection[str]) -> str | None:
    """Return what background a clip with these labels can be, or None; a thunderstorm is too unsteady."""
    if not names:
        return ROOM_TONE
    return None if "Thunder" in names else _first(BACKGROUNDS, names)


def _first(table: Mapping[str, tuple[str, ...]], names: Collection[str]) -> str | None:
    return next((kind for kind, labels in table.items() if any(label in names for label in labels)), None)
