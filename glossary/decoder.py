"""The decoder: what enforcement asks of a model.

Belongs here: requests and the protocol. Must not: know models or tokens, or decide what is asked (see `constrain`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from glossary.spans import Span
from glossary.verify import Hypothesis


@dataclass(frozen=True, slots=True)
class Guide:
    """An inline request: render what stands at `span` of the source by `rendering`. `form` is its dictionary form.

    A `hint` is one that nobody will hold against the output.
    """

    span: Span
    form: str
    rendering: str
    hint: bool = False


@dataclass(frozen=True)
class Request:
    """One decoding: a segment, what to show the model, how its output begins, and what it must not say.

    `prefix` is text the output begins with, the last word complete; `suppress` lists texts that the
    output after the prefix must not hold. Without `align` the hypotheses may come without attention.
    """

    source: str
    guides: tuple[Guide, ...] = ()
    prefix: str = ""
    suppress: tuple[str, ...] = ()
    align: bool = True


class Decoder(Protocol):
    """What enforcement needs of a model."""

    @property
    def follows_guides(self) -> bool:
        """Whether the model was trained to follow inline renderings."""

    def decode(self, requests: Sequence[Request]) -> list[list[Hypothesis]]:
        """One non-empty n-best list a request, same order, best first."""
