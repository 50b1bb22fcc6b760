"""Matching: which terms stand where in an Arabic text, and why others do not.

Belongs here: boundaries, proclitics, choosing among overlapping matches. Must not: render or translate.

All forms of a termbase go into one Aho–Corasick automaton over folded text (Aho and Corasick 1975),
so the time does not depend on the size of the glossary. Candidates are kept when they stand on word
boundaries, alone or behind a chain of proclitics; then the leftmost and among those the longest wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import ahocorasick

from glossary.concepts import Category, Concept
from glossary.normalize import CLOSING, Folded, fold, fold_term, is_arabic, is_word
from glossary.spans import Span
from glossary.termbase import Termbase
from glossary.words import EGYPTIAN_SIGNS, FUNCTION_WORDS, whole_words

# Order of Arabic proclitics (Ryding 2005, §1.4; Habash 2010, Introduction to Arabic NLP, §4.2):
# conjunction, preposition, article. ل + ال contracts to لل. The interrogative أ is left out: folded it
# would read إسلام as أ + سلام.
_CHAIN = re.compile("[وف]?(?:[بكل]?(?:ال)?|لل|س)")
_WORD = re.compile(r"\S+")


class MissReason(Enum):
    """Why letters that spell a term are not a match."""

    INSIDE_WORD = "inside a word"
    WHOLE_WORD = "part of another word that only looks like a proclitic and the term"
    FUNCTION_WORD = "a function word"
    NOT_THE_NAME = "a different name, written with the article"
    SHORTER = "inside a longer match"


@dataclass(frozen=True, slots=True)
class Match:
    """One occurrence of a concept in a text.

    `span` covers the surface without its proclitics; `proclitic` is what stood before it, written out
    (لل is ل, since ال belongs to the surface of a term that has it).
    """

    concept: Concept
    form: str
    span: Span
    surface: str
    proclitic: str = ""


@dataclass(frozen=True, slots=True)
class Miss:
    """Letters that spell a term and are no match, with the reason."""

    concept: Concept
    form: str
    span: Span
    surface: str
    reason: MissReason


@dataclass(frozen=True, slots=True)
class _Form:
    concept: Concept
    form: str
    folded: str
    contracted: bool  # the form without its ال, to be found behind لل


class Matcher:
    """Finds the terms of one termbase. Immutable once built; safe to share between threads."""

    def __init__(self, termbase: Termbase):
        self.termbase = termbase
        patterns: dict[str, list[_Form]] = {}
        for concept in termbase.concepts:
            for form in concept.forms:
                folded = fold_term(form)
                patterns.setdefault(folded, []).append(_Form(concept, form, folded, False))
                if folded.startswith("ال") and len(folded) > 3:
                    # للأمم المتحدة; with a lam after the article only two are written: للجنة.
                    bare = folded[3:] if folded.startswith("الل") else folded[2:]
                    patterns.setdefault("لل" + bare, []).append(_Form(concept, form, folded, True))
                elif " " in folded and concept.category is not Category.PERSON:
                    definite = _definite(folded)
                    if definite not in patterns:
                        patterns.setdefault(definite, []).append(_Form(concept, form, definite, False))
        self._automaton = ahocorasick.Automaton()
        for pattern, forms in patterns.items():
            self._automaton.add_word(pattern, (pattern, tuple(forms)))
        self._empty = not patterns
        if patterns:
            self._automaton.make_automaton()

    def find(self, text: str) -> list[Match]:
        """The matches in `text`, in order; no two overlap."""
        return self._search(text, False)[0]

    def explain(self, text: str) -> tuple[list[Match], list[Miss]]:
        """The matches, and every place where a term's letters stand without being a match."""
        return self._search(text, True)

    def _search(self, text: str, explain: bool) -> tuple[list[Match], list[Miss]]:
        if self._empty:
            return [], []
        folded = fold(text)
        egyptian = any(w in EGYPTIAN_SIGNS for w in _WORD.findall(text)) if "ى" in text else False
        found: list[Match] = []
        missed: list[Miss] = []
        for last, (pattern, forms) in self._automaton.iter(folded.text):
            start = last + 1 - len(pattern)
            for form in forms:
                result = self._judge(text, folded, start, last + 1, form, egyptian)
                if isinstance(result, Match):
                    found.append(result)
                elif explain:
                    missed.append(result)
        kept = _leftmost_longest(found)
        if explain:
            chosen = set(map(id, kept))
            for m in found:
                if id(m) not in chosen and not any(k.span == m.span and k.concept is m.concept for k in kept):
                    missed.append(Miss(m.concept, m.form, m.span, m.surface, MissReason.SHORTER))
            places = {(k.span, k.concept.id) for k in kept}
            unique = {(m.span, m.concept.id, m.reason): m for m in missed if (m.span, m.concept.id) not in places}
            missed = sorted(unique.values(), key=lambda m: (m.span, m.concept.id))
        return kept, missed

    def _judge(self, text: str, folded: Folded, start: int, end: int, form: _Form, egyptian: bool) -> Match | Miss:
        line = folded.text
        begin = start + 1 if form.contracted else start  # the first ل of لل is the preposition
        span = _balance(text, folded.span(begin, end))
        surface = span.of(text)

        def miss(reason: MissReason) -> Miss:
            return Miss(form.concept, form.form, span, surface, reason)

        if end < len(line) and is_word(line[end]) and not folded.quoted[end]:
            return miss(MissReason.INSIDE_WORD)
        word_start = start
        while word_start > 0 and is_word(line[word_start - 1]):
            word_start -= 1
        # A quote between letters starts a word of its own, unless only proclitics stand before it.
        opening = max((i for i in range(word_start, start + 1) if folded.quoted[i]), default=word_start)
        lead = line[word_start:start]
        if lead and not _is_chain(lead, form, line[start:end]):
            if opening < start or not folded.quoted[start]:
                lead = line[opening:start]
                if lead and not _is_chain(lead, form, line[start:end]):
                    return miss(MissReason.INSIDE_WORD)
            else:
                lead = ""
        if lead.endswith("ال") and form.concept.category is Category.PERSON and not folded.quoted[start]:
            return miss(MissReason.NOT_THE_NAME)
        single = " " not in form.folded
        if single and (lead or form.contracted) and not folded.quoted[start] and line[start - len(lead) : end] in whole_words():
            return miss(MissReason.WHOLE_WORD)
        if _is_function_word(surface, form.form, single, egyptian):
            return miss(MissReason.FUNCTION_WORD)
        proclitic = lead + "ل" if form.contracted else lead
        return Match(form.concept, form.form, span, surface, proclitic)


def _definite(folded: str) -> str:
    """A noun phrase with the article on every word: أمن سيبراني gives الأمن السيبراني."""
    return " ".join(w if w.startswith("ال") or not is_arabic(w[0]) else "ال" + w for w in folded.split(" "))


def _is_chain(lead: str, form: _Form, pattern: str) -> bool:
    """Whether the letters before a term are proclitics that can stand there."""
    if not _CHAIN.fullmatch(lead):
        return False
    if form.contracted:
        return lead in ("", "و", "ف")
    if form.folded.startswith("ال"):
        # لـ before ال contracts, and a second article never stands.
        return not lead.endswith(("ال", "لل", "س"))
    if lead.endswith("س"):
        return pattern[0] in "ايتن"  # the future سـ stands before imperfect verbs only
    return True


def _is_function_word(surface: str, form: str, single: bool, egyptian: bool) -> bool:
    last = re.sub("[\u064b-\u0652\u0670\u0640\u200b-\u200f\u202a-\u202e\u2066-\u2069]", "", surface).split()[-1]
    if last not in FUNCTION_WORDS or form.rsplit(maxsplit=1)[-1] == last:
        return False
    # محمد على is محمد علي only where the text writes every final yeh without dots.
    return single or not egyptian


def _balance(text: str, span: Span) -> Span:
    """Take in the closing quote when the surface holds the opening one: حلف «الناتو»."""
    closing = [CLOSING[c] for c in span.of(text) if c in CLOSING]
    surface = span.of(text)
    if closing and span.end < len(text) and text[span.end] == closing[-1]:
        mark = closing[-1]
        odd = surface.count(mark) % 2 == 1 if mark in "\"'" else mark not in surface
        if odd:
            return Span(span.start, span.end + 1)
    return span


def _leftmost_longest(matches: Iterable[Match]) -> list[Match]:
    """Drop overlaps; where two forms spell the same stretch the result does not depend on their order."""
    kept: list[Match] = []
    for m in sorted(matches, key=lambda m: (m.span.start, -len(m.span), len(m.proclitic), m.concept.id, m.form)):
        if not kept or m.span.start >= kept[-1].span.end:
            kept.append(m)
    return kept
