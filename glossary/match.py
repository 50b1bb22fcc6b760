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
from functools import lru_cache

import ahocorasick

from glossary.concepts import Category, Concept
from glossary.normalize import CLOSING, Folded, bare, fold, fold_term, is_arabic, is_word
from glossary.spans import Span
from glossary.termbase import Termbase
from glossary.words import EGYPTIAN_SIGNS, FUNCTION_WORDS, HOMOGRAPHS, whole_words

# Order of Arabic proclitics (Ryding 2005, §1.4; Habash 2010, Introduction to Arabic NLP, §4.2):
# conjunction, preposition, article. ل + ال contracts to لل. The interrogative أ is left out: folded it
# would read إسلام as أ + سلام.
_CHAIN = re.compile("[وف]?(?:[بكل]?(?:ال)?|لل|س)")
_WORD = re.compile(r"\S+")
_FINAL_YEH = re.compile(r"ي(?!\w)")
_ARTICLE = re.compile("[^\\w]*[اٱ][\u064b-\u0652\u0640]*ل")


class MissReason(Enum):
    """Why letters that spell a term are not a match."""

    INSIDE_WORD = "inside a word"
    WHOLE_WORD = "part of another word that only looks like a proclitic and the term"
    FUNCTION_WORD = "a function word"
    NOT_THE_NAME = "another word or name that is only spelled alike"
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
    definite: bool  # begins with the article
    ruled: bool = False  # a dual or plural that a rule gives


@dataclass(frozen=True, slots=True)
class _Habits:
    """How a text spells what two words may share: whether final yeh loses its dots, and whether ة keeps them."""

    undotted: bool
    teh_marbuta: bool


class Matcher:
    """Finds the terms of one termbase. Immutable once built; safe to share between threads."""

    def __init__(self, termbase: Termbase):
        self.termbase = termbase
        patterns: dict[str, list[_Form]] = {}
        for concept in termbase.concepts:
            for form in concept.forms:
                _add(patterns, concept, form)
            for form in concept.plural_forms:
                _add(patterns, concept.in_plural(), form)
        # What a rule gives stands back behind what an entry says, and behind nothing where two entries would have it.
        ruled: dict[str, dict[str, tuple[Concept, str]]] = {}
        for concept in termbase.concepts:
            for form in (f for c in concept.forms if concept.plural for f in inflected(c)):
                ruled.setdefault(fold_term(form), {})[concept.id] = (concept, form)
        for folded, owners in ruled.items():
            if len(owners) == 1 and folded not in patterns:
                ((concept, form),) = owners.values()
                _add(patterns, concept.in_plural(), form, ruled=True)
        self._automaton = ahocorasick.Automaton()
        for pattern, forms in patterns.items():
            self._automaton.add_word(pattern, (pattern, tuple(forms)))
        self._empty = not patterns
        if patterns:
            self._automaton.make_automaton()

    def find(self, text: str, article: str = "") -> list[Match]:
        """The matches in `text`, in order; no two overlap. How `article`, the whole it is from, spells ى and ة decides doubts."""
        return self._search(text, article or text, False)[0]

    def explain(self, text: str, article: str = "") -> tuple[list[Match], list[Miss]]:
        """The matches, and every place where a term's letters stand without being a match."""
        return self._search(text, article or text, True)

    def _search(self, text: str, article: str, explain: bool) -> tuple[list[Match], list[Miss]]:
        if self._empty:
            return [], []
        folded = fold(text)
        habits = _habits(text, article)
        found: list[Match] = []
        missed: list[Miss] = []
        for last, (pattern, forms) in self._automaton.iter(folded.text):
            start = last + 1 - len(pattern)
            for form in forms:
                result = self._judge(text, folded, start, last + 1, form, habits)
                if isinstance(result, Match):
                    found.append(result)
                elif explain:
                    missed.append(result)
        kept = _leftmost_longest(found)
        if explain:
            places = {(k.span, k.concept.id) for k in kept}
            missed += [Miss(m.concept, m.form, m.span, m.surface, MissReason.SHORTER) for m in found if (m.span, m.concept.id) not in places]
            unique = {(m.span, m.concept.id, m.reason): m for m in missed if (m.span, m.concept.id) not in places}
            missed = sorted(unique.values(), key=lambda m: (m.span, m.concept.id))
        return kept, missed

    def _judge(self, text: str, folded: Folded, start: int, end: int, form: _Form, habits: _Habits) -> Match | Miss:
        line = folded.text
        begin = start + 1 if form.contracted else start  # the first ل of لل is the preposition
        span = _balance(text, folded.span(begin, end))
        surface = span.of(text)

        def miss(reason: MissReason) -> Miss:
            return Miss(form.concept, form.form, span, surface, reason)

        if end < len(line) and is_word(line[end]) and not folded.quoted[end]:
            if not _is_tanwin(text, folded, end):
                return miss(MissReason.INSIDE_WORD)
            end += 1
            span = _balance(text, folded.span(begin, end))
            surface = span.of(text)
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
        if lead.endswith(("ال", "لل")) and form.concept.category in (Category.PERSON, Category.PLACE) and not folded.quoted[start]:
            return miss(MissReason.NOT_THE_NAME)
        single = " " not in form.folded
        first = line[start:end].split(" ")[0]
        named = single or form.concept.category is Category.PERSON
        if named and (lead or form.contracted) and not folded.quoted[start] and _is_whole_word(lead, first):
            return miss(MissReason.WHOLE_WORD)
        if form.ruled and " " in form.folded and line[end : end + 4] == " وال":
            return miss(MissReason.NOT_THE_NAME)  # وزيرا الخارجية والدفاع are two ministers, one of them of defence
        if not form.contracted and _is_function_word(surface, form.form, habits):
            return miss(MissReason.FUNCTION_WORD)
        if single and _is_homograph(surface, form.form, habits):
            return miss(MissReason.NOT_THE_NAME)
        proclitic = lead + "ل" if form.contracted else lead
        return Match(form.concept, form.form, span, surface, proclitic)


def _add(patterns: dict[str, list[_Form]], concept: Concept, form: str, ruled: bool = False) -> None:
    """Put a form into the table of patterns, and the shapes it has with the article."""
    folded = fold_term(form)
    patterns.setdefault(folded, []).append(_Form(concept, form, folded, False, has_article(form), ruled))
    if has_article(form) and len(folded) > 3:
        patterns.setdefault(_behind_lam(folded), []).append(_Form(concept, form, folded, True, True, ruled))
    elif " " in folded and concept.category is not Category.PERSON:
        definite = _definite(form)
        if definite.startswith("ال") and definite != folded and definite not in patterns:
            patterns[definite] = [_Form(concept, form, definite, False, True)]
            patterns.setdefault(_behind_lam(definite), []).append(_Form(concept, form, definite, True, True))


def inflected(form: str) -> list[str]:
    """The dual and the sound plurals of a word (مهندسون, شركات), or of the first word of a genitive phrase.

    Ryding 2005, §5.4 and §7: endings are ان/ين, ون/ين and, for words in ة, ات; before a genitive the ن falls
    (وزيرا الخارجية). Phrases with adjectives inflect in every word and are left to the glossary, and so are
    single words of less than five letters: طالبان is the Taliban, العدوان aggression, not two of anything.
    """
    first, _, rest = form.partition(" ")
    if rest and (has_article(form) or not has_article(rest)):
        return []
    stem = first.removesuffix("ة")
    endings: tuple[str, ...]
    if stem != first:
        endings = ("تا", "تي", "ات") if rest else ("تان", "تين", "ات")
    else:
        long = len(fold_term(first).removeprefix("ال")) > 4
        endings = ("ا", "ي", "و") if rest else ("ان", "ين", "ون") if long else ()
    return [f"{stem}{ending} {rest}".strip() for ending in endings]


def has_article(form: str) -> bool:
    """Whether a term begins with ال; the alef of ألغام or إلغاء belongs to the word."""
    return bool(_ARTICLE.match(form))


def _behind_lam(folded: str) -> str:
    """A definite form behind the preposition ل: للأمم; with a lam after the article only two are written: للجنة."""
    return "لل" + (folded[3:] if folded.startswith("الل") else folded[2:])


def _definite(form: str) -> str:
    """A noun phrase with the article on every word, folded: أمن سيبراني gives الأمن السيبراني."""
    return " ".join(w if has_article(x) or x in FUNCTION_WORDS or not is_arabic(w[0]) else "ال" + w for x in form.split() if (w := fold_term(x)))


def _is_whole_word(lead: str, rest: str) -> bool:
    """Whether proclitics and term are one word by nature, alone or behind a conjunction: كريم, وكريم, لبنان in للبنان."""
    word, listed = lead + rest, whole_words()
    return word in listed or (len(lead) > 1 and word[0] in "وف" and word[1:] in listed) or (lead.endswith("لل") and "ل" + rest in listed)


def _is_tanwin(text: str, folded: Folded, end: int) -> bool:
    """Whether only the alef of a written tanwin follows: وزيرًا, اتفاقاً."""
    last = end + 1 == len(folded.text) or not is_word(folded.text[end + 1])
    return folded.text[end] == "ا" and last and "\u064b" in text[folded.starts[end - 1] : folded.ends[end]]


def _habits(text: str, article: str) -> _Habits:
    """A text's habits; one too short to show any follows the article it stands in."""
    undotted = _undotted(text) or (not _FINAL_YEH.search(text) and _undotted(article))
    return _Habits(undotted, "ة" in article)


@lru_cache(maxsize=64)
def _undotted(text: str) -> bool:
    return "ى" in text and any(w in EGYPTIAN_SIGNS for w in _WORD.findall(text))


def _is_chain(lead: str, form: _Form, pattern: str) -> bool:
    """Whether the letters before a term are proclitics that can stand there."""
    if not _CHAIN.fullmatch(lead):
        return False
    if form.contracted:
        return lead in ("", "و", "ف")
    if form.definite:
        # لـ before ال contracts, and a second article never stands.
        return not lead.endswith(("ال", "لل", "س"))
    if lead.endswith("س"):
        # The future سـ stands before imperfect verbs only, never before a name.
        return form.concept.category is Category.TERM and len(pattern) > 3 and pattern[0] in "ايتن"
    return True


def _is_function_word(surface: str, form: str, habits: _Habits) -> bool:
    """Whether a word of the surface is a function word where the form has another word."""
    for n, (there, here) in enumerate(zip(bare(surface).split(), bare(form).split(), strict=False)):
        # محمد على is محمد علي where the text writes every final yeh without dots; a first على never is a name.
        if there in FUNCTION_WORDS and there != here and (n == 0 or not habits.undotted):
            return True
    return False


def _is_homograph(surface: str, form: str, habits: _Habits) -> bool:
    """Whether a single word is another word with the same folded letters."""
    there, here = "".join(bare(surface).split()), "".join(bare(form).split())
    if there != here and there in HOMOGRAPHS:
        return True
    if any("آ" in pair and ("أ" in pair or "إ" in pair) for pair in zip(there, here, strict=False)):
        return True  # آب "August" is not إب, آمل "hopeful" is not أمل
    # وحده "alone" is not وحدة "unit", in a text that writes the dots of ة.
    return here.endswith("ة") and there.endswith("ه") and habits.teh_marbuta


def _balance(text: str, span: Span) -> Span:
    """Take in the quote whose partner stands inside the surface: حلف «الناتو», «الدولة» الإسلامية."""
    surface = span.of(text)
    for opening, closing in CLOSING.items():
        odd = surface.count(opening) % 2 == 1 if opening == closing else surface.count(opening) != surface.count(closing)
        if odd and opening in surface and text[span.end : span.end + 1] == closing:
            return Span(span.start, span.end + 1)
        if odd and closing in surface and span.start and text[span.start - 1] == opening:
            return Span(span.start - 1, span.end)
    return span


def _leftmost_longest(matches: Iterable[Match]) -> list[Match]:
    """Drop overlaps; where two forms spell the same stretch the result does not depend on their order."""
    kept: list[Match] = []
    for m in sorted(matches, key=lambda m: (m.span.start, -len(m.span), len(m.proclitic), m.concept.id, m.form)):
        if not kept or m.span.start >= kept[-1].span.end:
            kept.append(m)
    return kept
