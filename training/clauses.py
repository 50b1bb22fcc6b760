"""A long pair cut into clauses, as the pipeline cuts a paragraph that is too long for the model.

Belongs here: where an aligned pair may be cut. Must not: cut text without a translation (see `service/segment.py`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from service.tokenizer import token_spans
from training.annotate import Links
from training.slots import Mark, MarkedPair

COMMAS = ("،", "؛", ",", ";")
SHORTEST = 6  # tokens a side


@dataclass(frozen=True)
class Aligned:
    """A pair, its tokens, and the links between them as (source, target)."""

    pair: MarkedPair
    source: list[str]
    target: list[str]
    links: Links


def clauses(whole: Aligned, rnd: random.Random) -> tuple[Aligned, ...]:
    """Two clauses, cut behind linked commas that no other link crosses, one such place by chance; the whole where there is none."""
    places = [
        (s + 1, t + 1)
        for s, t in whole.links
        if _ends_clause(whole.source, s) and _ends_clause(whole.target, t) and all((a <= s) == (b <= t) for a, b in whole.links)
    ]
    if not places:
        return (whole,)
    s, t = rnd.choice(places)
    at = token_spans(whole.pair.source, whole.source)[s - 1].end, token_spans(whole.pair.target, whole.target)[t - 1].end
    end, last = (len(whole.pair.source), len(whole.pair.target)), (len(whole.source), len(whole.target))
    return _part(whole, (0, 0), at, (0, 0), (s, t)), _part(whole, at, end, (s, t), last)


def _ends_clause(tokens: Sequence[str], at: int) -> bool:
    """Whether a comma stands at this token, with a clause on both sides."""
    return SHORTEST <= at < len(tokens) - SHORTEST and tokens[at].endswith(COMMAS) and tokens[at + 1].startswith("\u2581")


def _part(whole: Aligned, start: tuple[int, int], end: tuple[int, int], first: tuple[int, int], last: tuple[int, int]) -> Aligned:
    """What stands from `start` to `end` (characters of both sides), the tokens from `first` to `last`; white space before it is left out."""
    raw = whole.pair.source[start[0] : end[0]], whole.pair.target[start[1] : end[1]]
    texts = raw[0].lstrip(), raw[1].lstrip()
    begin = end[0] - len(texts[0]), end[1] - len(texts[1])
    marks = []
    for m in whole.pair.marks:
        if begin[0] <= m.source[0] < m.source[1] <= end[0] and begin[1] <= m.target[0] < m.target[1] <= end[1]:
            source, target = ((a - b, z - b) for (a, z), b in zip((m.source, m.target), begin, strict=True))
            marks.append(Mark(source, target))
    links = [(a - first[0], b - first[1]) for a, b in whole.links if first[0] <= a < last[0] and first[1] <= b < last[1]]
    return Aligned(MarkedPair(*texts, tuple(marks)), whole.source[first[0] : last[0]], whole.target[first[1] : last[1]], links)
