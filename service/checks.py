"""Checks: what looks wrong with a pair, said before a reader finds it.

Belongs here: tests of one finished pair. Must not: change the translation.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from glossary.normalize import NUMERALS, bare, fold, is_arabic, is_picture
from glossary.spans import Span
from glossary.verify import TermUse, Verdict
from service.decode import loop
from service.pairs import Check, CheckKind, SentencePair

# Characters of English a character of Arabic: news has 1.28 on average in our bitext, and all but one
# pair in a thousand lies inside these bounds once the Arabic has 20 characters.
SHORTEST, LONGEST = 0.5, 3.0
_NUMBER = re.compile(r"\d+(?:[.,٫٬]\d+)*")
_SMALL = {
    "0": "zero",
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
    "10": "ten",
    "11": "eleven",
    "12": "twelve",
}


def check(source: str, translation: str, uses: Sequence[TermUse], sentences: Sequence[SentencePair]) -> tuple[Check, ...]:
    """Everything that looks wrong with this translation of this paragraph."""
    lengths = [c for s in sentences for c in _length(source, translation, s)]
    return (
        *_numbers(source, translation),
        *_untranslated(translation),
        *_repetition(source, translation),
        *lengths,
        *_characters(source, translation),
        *_terms(uses),
    )


def _value(number: str) -> str:
    """One spelling of a number: Western digits, no grouping marks, a point for decimals."""
    plain = fold(number).text.translate(NUMERALS)
    grouped = re.fullmatch(r"\d{1,3}([.,]\d{3})+", plain)
    plain = re.sub(r"[.,]", "", plain) if grouped else plain.replace(",", ".")
    return plain.lstrip("0") or "0"


def _numbers(source: str, translation: str) -> Iterator[Check]:
    here = [(m, _value(m.group())) for m in _NUMBER.finditer(source)]
    there = [(m, _value(m.group())) for m in _NUMBER.finditer(translation)]
    missing = Counter(v for _, v in here) - Counter(v for _, v in there)
    extra = Counter(v for _, v in there) - Counter(v for _, v in here)
    lower = translation.lower()
    for m, value in here:
        spelled = _SMALL.get(value)
        if missing[value] and not (spelled and re.search(rf"\b{spelled}\b", lower)):
            missing[value] -= 1
            yield Check(CheckKind.NUMBER_MISMATCH, f"the number {m.group()} of the source is not in the translation", source=Span(*m.span()))
    for m, value in there:
        # Arabic often spells a number out where English writes digits; only what has none at all is news.
        if extra[value] and not _spelled_out(source):
            extra[value] -= 1
            yield Check(CheckKind.NUMBER_MISMATCH, f"the number {m.group()} of the translation is not in the source", target=Span(*m.span()))


# Numerals written out, folded, behind proclitics: one to ten and their tens, hundreds, thousands, ordinals, fractions.
_ARABIC_NUMBERS = re.compile(
    r"(?<!\w)[وفبكل]{0,2}(?:ال|لل)?(?:واحده?|احدي?|اثن[اتي]\w*|ثلاث\w*|اربع\w*|خمس\w*|ست(?:ه|ون|ين|مي\w*|ماي\w*)?|سبع\w*|ثمان\w*|تسع\w*|عشر\w*"
    r"|مي(?:ه|تا|تان|تي|تين|ات)|ماي\w+|الف(?:ا|ان|ين|ي)?|الاف|ملي(?:ون|ار)\w*|ملايين|نصف|ربع|ثلث\w*|اول|اولي|ثاني\w*|ثالث\w*|رابع\w*|خامس\w*"
    r"|يناير|فبراير|مارس|ابريل|نيسان|مايو|ايار|يونيو|حزيران|يوليو|تموز|اغسطس|سبتمبر|اكتوبر|نوفمبر|ديسمبر)(?!\w)"
)


def _spelled_out(source: str) -> bool:
    return bool(_ARABIC_NUMBERS.search(fold(source).text))


def _untranslated(translation: str) -> Iterator[Check]:
    for m in re.finditer(r"\S+", translation):
        if any(map(is_arabic, m.group())):
            yield Check(CheckKind.UNTRANSLATED, f"{m.group()!r} was left in Arabic", target=Span(*m.span()))
        elif "\ufffd" in m.group():
            yield Check(CheckKind.UNKNOWN_CHARACTERS, f"{m.group()!r} has a character that the model failed to write", target=Span(*m.span()))


def _repetition(source: str, translation: str) -> Iterator[Check]:
    place = loop(translation)
    if place and not loop(source):
        yield Check(CheckKind.REPETITION, f"words repeat: {place.of(translation)[:80]!r}", target=place)


def _length(source: str, translation: str, sentence: SentencePair) -> Iterator[Check]:
    arabic, english = sentence.source.of(source), sentence.target.of(translation)
    letters = len("".join(bare(arabic).split()))
    if letters >= 20:
        ratio = len("".join(english.split())) / letters
        if not SHORTEST <= ratio <= LONGEST:
            what = "shorter" if ratio < SHORTEST else "longer"
            message = f"the translation is {ratio:.1f} times as long as the source, {what} than to be expected"
            yield Check(CheckKind.LENGTH_RATIO, message, sentence.source, sentence.target)


def _characters(source: str, translation: str) -> Iterator[Check]:
    for m in re.finditer(r"[^\W\d_]+|[^\w\s]", source):
        text = m.group()
        if text in translation or any(map(is_arabic, text)):
            continue
        first = text[0]
        symbol = is_picture(first) or unicodedata.category(first) in ("So", "Sc", "Cs", "Co")
        if symbol or (first.isalpha() and text.lower() not in translation.lower()):
            yield Check(CheckKind.UNKNOWN_CHARACTERS, f"{text!r} of the source is not in the translation", source=Span(*m.span()))


def _terms(uses: Sequence[TermUse]) -> Iterator[Check]:
    for use in uses:
        if use.verdict is Verdict.VIOLATED:
            yield Check(
                CheckKind.TERM_VIOLATED,
                f"{use.match.surface!r} should be {use.match.concept.preferred!r}: {use.reason}",
                source=use.match.span,
                target=use.target,
            )
