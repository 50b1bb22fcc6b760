"""The seam to a model runtime: token sequences in, scored token sequences with attention out.

Belongs here: the protocol and its dataclasses. Must not: import an engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Search:
    """How to decode a batch.

    `no_repeat` forbids repeating token n-grams of that size (0: allowed). `suppress` are token sequences
    that the output must not hold.
    """

    beam_size: int
    n_best: int
    no_repeat: int = 0
    suppress: tuple[tuple[str, ...], ...] = ()
    attention: bool = True


@dataclass(frozen=True, slots=True)
class Output:
    """One output: tokens without start and end symbols, mean log probability a token, cross-attention.

    `attention[t][s]`: last decoder layer, mean of heads, over the source tokens as they were given;
    empty when not asked for. `cut`: no end symbol was reached.
    """

    tokens: tuple[str, ...]
    score: float
    attention: Sequence[Sequence[float]]
    cut: bool


class Backend(Protocol):
    """A loaded model."""

    @property
    def engine(self) -> str:
        """The runtime's name: "ctranslate2" or "transformers"."""

    @property
    def parallel(self) -> int:
        """How many calls of `translate` run side by side with a gain."""

    def translate(self, sources: Sequence[Sequence[str]], prefixes: Sequence[Sequence[str]], limits: Sequence[int], search: Search) -> list[list[Output]]:
        """N-best outputs for every source, best first, prefix tokens included; same order. Never truncates a source.

        `limits` are the longest outputs in tokens, prefix included; sources decoded together share the largest of theirs.
        """
