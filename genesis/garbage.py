"""How often Python looks for garbage in cycles, in every process that serves; imports nothing of ours."""

from __future__ import annotations

import gc

COLLECTED = (20_000, 20, 50)
"""After how many more objects it is looked for, and how often among older ones."""


def collect_rarely() -> None:
    """Pages and batches make objects by the ten thousand, none in cycles: looking takes half of the time."""
    gc.freeze()
    gc.set_threshold(*COLLECTED)
