"""The result of a translation: ordered pairs that rebuild the article.

Belongs here: the dataclasses of the service. Must not: know protobuf (see `convert`) or how they are made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from glossary.concepts import Category
from glossary.spans import Span
from glossary.verify import Hypothesis, TermUse, Verdict


class CheckKind(Enum):
    """What a check found; see the comments in translation.proto."""

    NOT_ARABIC = 1
    NUMBER_MISMATCH = 2
    UNTRANSLATED = 3
    REPETITION = 4
    LENGTH_RATIO = 5
    TRUNCATED = 6
    TERM_VIOLATED = 7
    UNKNOWN_CHARACTERS = 8
    HARD_SPLIT = 9


@dataclass(frozen=True, slots=True)
class Check:
    """A warning on a pair; `source` and `target` say where, None for all of it."""

    kind: CheckKind
    message: str
    source: Span | None = None
    target: Span | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of an article: its place, and the gap of white space behind it."""

    span: Span
    text: str
    gap: str


@dataclass(frozen=True)
class SentencePair:
    """A segment's place in the paragraph and in the translation, and the hypothesis that aligns their words."""

    source: Span
    target: Span
    hypothesis: Hypothesis | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NameUse:
    """A mention of a name that has no entry: its rendering, and what the model wrote before spellings were made one."""

    form: str
    category: Category
    rendering: str
    written: str


@dataclass(frozen=True)
class Pair:
    """One paragraph and its translation; term uses in the order of the source, one for every match."""

    index: int
    paragraph: Paragraph
    translation: str
    sentences: tuple[SentencePair, ...] = ()
    term_uses: tuple[TermUse, ...] = ()
    checks: tuple[Check, ...] = ()
    names: tuple[NameUse, ...] = ()

    @property
    def violated(self) -> tuple[TermUse, ...]:
        """The term uses that failed."""
        return tuple(u for u in self.term_uses if u.verdict is Verdict.VIOLATED)


@dataclass(frozen=True, slots=True)
class SuggestedEntry:
    """A name or title without an entry; `others` are differing renderings with their counts.

    `unified_count`: occurrences in which the model's spelling was replaced by this one.
    """

    form: str
    rendering: str
    category: Category
    count: int
    others: tuple[tuple[str, int], ...] = ()
    unified_count: int = 0


@dataclass(frozen=True)
class Summary:
    """Counts over pairs, and how each entry was rendered: entry → ((rendering, count), …)."""

    pair_count: int
    verdicts: tuple[tuple[Verdict, int], ...]
    checked_pair_count: int
    terms: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    suggestions: tuple[SuggestedEntry, ...] = ()


@dataclass(frozen=True)
class Article:
    """An article cut into paragraphs: leading gap, then every paragraph's text and gap, spell the source."""

    leading_gap: str
    paragraphs: tuple[Paragraph, ...]

    def rebuild(self) -> str:
        """The source, exactly."""
        return self.leading_gap + "".join(p.text + p.gap for p in self.paragraphs)
