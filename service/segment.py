"""Cutting: an article into paragraphs, a paragraph into segments the model can take.

Belongs here: lossless splits of source text. Must not: know models beyond a function that counts tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import sentencex

from glossary.spans import Span
from service.pairs import Article, Paragraph

# A line ends where Unicode says so (UAX #14, mandatory breaks).
_LINE = re.compile("[^\n\r\x0b\x0c\x85\u2028\u2029]+")
_BLANK = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]*")
# Titles and units with a dot behind them: doctor, professor, engineer, page, telephone, BC, AD, hijri, Mr.
# A single letter also covers dotted agencies and initials: أ.ف.ب (AFP), ق.م (BC).
_ABBREVIATION = re.compile(r"(?:^|[\s(«\"“.،])[وفبل]?(?:[\u0621-\u064a]|د|أ|م|ص|ت|هـ|أ\.د|ج\.م|ش\.م|إلخ|الخ|ط|رقم)\.\s*$")
# Where a long sentence may be cut, best first: after these marks, then before a conjunction.
_CLAUSES = (
    re.compile(r"(?<=[؛;:])\s+"),
    re.compile(r"(?<=[،,])\s+"),
    re.compile(r"\s+(?=و[\u0621-\u064a]{3})|\s+(?=(?:حيث|بينما|فيما|لكن|كما|إذ|مما)\s)"),
    re.compile(r"\s+"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment's place in its paragraph. `hard`: cut where no punctuation or conjunction stands."""

    span: Span
    hard: bool = False


def split_article(text: str) -> Article:
    """Paragraphs are the lines that hold more than white space; nothing is lost."""
    spans = []
    for line in _LINE.finditer(text):
        start = _BLANK.match(text, line.start(), line.end()).end()  # type: ignore[union-attr]
        end = line.end()
        while end > start and _BLANK.fullmatch(text[end - 1]):
            end -= 1
        if end > start:
            spans.append(Span(start, end))
    if not spans:
        return Article(text, ())
    ends = [s.start for s in spans[1:]] + [len(text)]
    paragraphs = tuple(Paragraph(s, s.of(text), text[s.end : end]) for s, end in zip(spans, ends, strict=True))
    return Article(text[: spans[0].start], paragraphs)


def split_paragraph(text: str, protected: Sequence[Span], tokens: Callable[[str], int], limit: int) -> list[Piece]:
    """Segments of a paragraph, in order, white space between them left out.

    `protected` spans (matched terms, in order) are never cut. `tokens` counts what the model sees; every piece
    stays within `limit` unless a single term is longer; a word that is too long is cut itself.
    """
    pieces: list[Piece] = []
    for sentence in split_sentences(text, protected):
        pieces += _fit(text, sentence, protected, tokens, limit, 0, False)
    return pieces


def split_sentences(text: str, protected: Sequence[Span] = ()) -> list[Span]:
    """Sentence spans; an abbreviation, an initial or a title with its dot does not end one."""
    cuts: list[int] = []
    at = 0
    for part in sentencex.segment("ar", text):
        at += len(part)
        cuts.append(at)
    if not cuts or cuts[-1] != len(text):
        cuts = [len(text)]
    spans: list[Span] = []
    start = 0
    for cut in cuts:
        head = text[max(start, cut - 12) : cut]
        last = cut == len(text)
        inside = _inside(cut, protected)
        # sentencex cuts inside أ.ف.ب and after د.; a piece without a letter is no sentence either.
        glued = not last and not text[cut - 1].isspace() and not text[cut].isspace() and text[cut - 1] == "."
        if not last and (inside or glued or _ABBREVIATION.search(head)):
            continue
        trimmed = _trim(text, Span(start, cut))
        if len(trimmed):
            if spans and not any(c.isalnum() for c in trimmed.of(text)):
                spans[-1] = Span(spans[-1].start, trimmed.end)
            else:
                spans.append(trimmed)
        start = cut
    return spans


def _fit(text: str, span: Span, protected: Sequence[Span], tokens: Callable[[str], int], limit: int, level: int, hard: bool) -> list[Piece]:
    """Cut `span` at the best kind of place that exists until every piece fits; pieces are then filled up evenly."""
    if tokens(span.of(text)) <= limit:
        return [Piece(span, hard)]
    protected = [p for p in protected if p.overlaps(span)]
    if level == len(_CLAUSES):
        return [Piece(span, hard)] if protected else [Piece(s, True) for s in _chop(text, span, tokens, limit)]
    cuts = [span.start + m.start() for m in _CLAUSES[level].finditer(span.of(text))]
    cuts = [c for c in cuts if span.start < c < span.end and not _inside(c, protected)]
    if not cuts:
        return _fit(text, span, protected, tokens, limit, level + 1, hard)
    bounds = [span.start, *cuts, span.end]
    parts = [_trim(text, Span(a, b)) for a, b in pairwise(bounds)]
    wanted = tokens(span.of(text)) / -(-tokens(span.of(text)) // limit)  # even shares read better than a long and a short one
    merged: list[Span] = []
    for part in (p for p in parts if len(p)):
        joined = Span(merged[-1].start, part.end) if merged else part
        if merged and tokens(joined.of(text)) <= limit and tokens(merged[-1].of(text)) < wanted * 0.75:
            merged[-1] = joined
        else:
            merged.append(part)
    lone = level == len(_CLAUSES) - 1
    return [piece for part in merged for piece in _fit(text, part, protected, tokens, limit, level + 1, hard or lone)]


def _inside(cut: int, spans: Sequence[Span]) -> bool:
    """Whether a place lies inside one of these spans, which are in order and do not overlap."""
    before = bisect_left(spans, cut, key=lambda s: s.start) - 1
    return before >= 0 and cut < spans[before].end


def _chop(text: str, span: Span, tokens: Callable[[str], int], limit: int) -> list[Span]:
    """A single word too long for the model, in parts that fit."""
    if len(span) < 2 or tokens(span.of(text)) <= limit:
        return [span]
    middle = (span.start + span.end) // 2
    return [part for half in (Span(span.start, middle), Span(middle, span.end)) for part in _chop(text, half, tokens, limit)]


def _trim(text: str, span: Span) -> Span:
    start, end = span.start, span.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)
