"""Times that can be compared on a machine that is shared.

Belongs here: how to take a time. Must not: know what is timed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def alternately(*works: Callable[[], object], repeats: int) -> list[float]:
    """Median seconds of each piece of work after a first run; they take turns, because a shared machine is faster at one time than at another."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(repeats + 1):
        for work, own in zip(works, seconds, strict=True):
            began = time.perf_counter()
            work()
            own.append(time.perf_counter() - began)
    return [statistics.median(own[1:]) for own in seconds]
