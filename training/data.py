"""The prepared training set: aligned id sequences on disk, and batches of similar length from them.

Belongs here: reading what `prepare.py` wrote. Must not: tokenize, filter or sample text.
A folder holds `src`, `tgt` (SentencePiece ids, space-separated, a pair a line), `fwd`, `rev`
(Pharaoh links `source-target` in both directions) and `meta.json`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Pair = tuple[Ids, Ids, Ids]  # source ids [S], target ids [T], links [N, 2] as (source, target)


class Corpus:
    """All pairs in memory; `reload()` picks up a folder that was prepared anew meanwhile."""

    def __init__(self, folder: Path):
        self.folder, self.stamp, self.pairs = folder, 0.0, list[Pair]()
        self.reload()
        meta = json.loads((folder / "meta.json").read_text())
        self.vocab: int = meta["vocab"]
        self.eos: int = meta["eos"]

    def __len__(self) -> int:
        return len(self.pairs)

    def changed(self) -> bool:
        """Whether the folder was prepared anew since it was read."""
        return (self.folder / "meta.json").stat().st_mtime != self.stamp  # written last by prepare.py

    def reload(self) -> None:
        """Read the folder again if it changed since the last time."""
        if not self.changed():
            return
        self.stamp, self.pairs = (self.folder / "meta.json").stat().st_mtime, []
        names = ("src", "tgt", "fwd", "rev")
        for s, t, f, r in zip(*((self.folder / name).read_text(encoding="ascii").splitlines() for name in names), strict=True):
            links = {tuple(map(int, x.split("-"))) for x in (*f.split(), *r.split())}
            self.pairs.append((numbers(s), numbers(t), np.array(sorted(links), dtype=np.int64).reshape(-1, 2)))

    def batches(self, tokens: int, seed: int) -> Iterator[list[Pair]]:
        """One pass over the pairs in an order that `seed` fixes, batches of similar length with about `tokens` target tokens."""
        rng = random.Random(seed)
        order = list(range(len(self.pairs)))
        rng.shuffle(order)
        pool = 8192  # sort by length inside a pool only, so that batches keep differing between passes
        for start in range(0, len(order), pool):
            part = sorted(order[start : start + pool], key=lambda i: (len(self.pairs[i][1]) + rng.random() * 4, len(self.pairs[i][0])))
            made: list[list[Pair]] = [[]]
            size = 0
            for i in part:
                pair = self.pairs[i]
                if made[-1] and size + len(pair[1]) + 1 > tokens:
                    made.append([])
                    size = 0
                made[-1].append(pair)
                size += len(pair[1]) + 1
            rng.shuffle(made)
            yield from made


def numbers(line: str) -> Ids:
    """The ids of one line."""
    return np.array(line.split(), dtype=np.int64)
