"""English around a rendering: where one stands, and the small words beside it.

Belongs here: finding renderings in English text, articles, capitals. Must not: know Arabic or decoding.
"""

from __future__ import annotations

import re
from functools import lru_cache

from glossary.spans import Span

_ARTICLES = ("the", "a", "an")
# Small words that lead to a noun phrase and are no part of it.
LEADING = frozenset((*_ARTICLES, *"and or of in on at by to from for with as that into about over under between".split()))
_SENTENCE_END = re.compile(r"""(?:^|[.!?…:]["”'’)\]]*\s+|\n\s*)["“'‘(\[]*$""")
# Letters whose English names begin with a vowel sound: an FBI agent, an MP, but a UN envoy.
_VOWEL_NAMED = frozenset("AEFHILMNORSX")
_LONG_U = re.compile(r"(?:uni(?![ndm])|unan|us[aeiu]|ut[eio]|utah|eu|ue|uy|uru|one\b|once\b|ukrain|ugand|ural|uzi)", re.I)
_VOWEL_NUMBER = re.compile(r"(?:8\d*|11|18)(?!\d)")
_SILENT_H = re.compile(r"(?:hour|heir|honest|hono)", re.I)


def is_acronym(rendering: str) -> bool:
    """Whether capitals tell this rendering from a common word: US and us, WHO and who."""
    letters = [c for c in rendering if c.isalpha()]
    return bool(letters) and " " not in rendering and all(c.isupper() for c in letters)


# What may not stand right before or behind a rendering, besides letters and marks: Araji is not found in al-Araji or
# ash-Araji, which spell the name in another way; Sana not in Sana'a, NATO not in non-NATO, "COP 2" not in "COP 2.5".
_JOINED_BEFORE = re.compile(r"(?:[\w\u0300-\u036f]|\w['’ʿʾ]|\b[aAeE][ldnrstz][-\u2010\u2011]|\b[aA]sh[-\u2010\u2011]|\b[nN]on-)$")
_JOINED_BEHIND = re.compile(r"[\w\u0300-\u036f]|['’ʿʾ](?![sS]\b)\w|\.\d")


@lru_cache(maxsize=65536)
def _pattern(rendering: str, any_case: bool) -> re.Pattern[str]:
    """The rendering's letters; short, because every new one costs its compilation."""
    return re.compile(r"\s+".join(re.escape(w).replace("'", "['’]") for w in rendering.replace("’", "'").split()), re.I if any_case else 0)


def occurrences(rendering: str, text: str) -> list[Span]:
    """Where `rendering` stands in `text` as whole words, in order.

    Capitals are free except in acronyms: enforcement sets them right afterwards.
    """
    pattern = _pattern(rendering, not is_acronym(rendering))
    first, last = rendering.strip()[0].isalnum(), rendering.strip()[-1].isalnum()
    found: list[Span] = []
    at = 0
    while m := pattern.search(text, at):
        start, end = m.span()
        joined = (first and _JOINED_BEFORE.search(text[max(0, start - 5) : start])) or (last and _JOINED_BEHIND.match(text, end))
        if not joined:
            found.append(Span(start, end))
        at = start + 1 if joined else end
    return found


def at_sentence_start(text: str, position: int) -> bool:
    """Whether a word at `position` begins a sentence."""
    return bool(_SENTENCE_END.search(text[:position]))


def begin(text: str, *, small: bool = False) -> str:
    """The text with a capital first, or a small letter; as it is where that would be two letters (ß has no capital), because spans count letters."""
    first = text[:1].lower() if small else text[:1].upper()
    return first + text[1:] if len(first) == 1 else text


def cased(rendering: str, text: str, position: int) -> str:
    """The rendering as it is written at `position`: its own capitals, plus one at a sentence's start."""
    if at_sentence_start(text, position) and _may_rise(rendering):
        return begin(rendering)
    return rendering


def _may_rise(rendering: str) -> bool:
    """Whether a rendering takes a capital at a sentence's start: al-Araji does, iPhone does not."""
    return bool(re.match(r"[^\W\d_]+", rendering)) and re.split(r"[\W\d_]", rendering, maxsplit=1)[0].islower()


def right_case(found: str, rendering: str) -> bool:
    """Whether `found` has the rendering's capitals; words may gain a capital (headlines), not lose one."""
    return len(found) == len(rendering) and all(
        f == r or (f in "'’" and r in "'’") or (f.isupper() and f.lower() == r and (i == 0 or not rendering[i - 1].isalnum()))
        for i, (f, r) in enumerate(zip(found, rendering, strict=True))
    )


def indefinite(word: str) -> str:
    """ "a" or "an", by the sound `word` begins with."""
    first = re.split(r"[\s-]", word.strip(), maxsplit=1)[0].replace(".", "")
    if first[:1].isdigit():
        return "an" if _VOWEL_NUMBER.match(first) else "a"
    if first.isupper() and first.startswith("UN"):
        return "an" if first == "UNRWA" else "a"
    if first.isupper() and (1 < len(first) <= 3 or not re.search("[AEIOU]", first)):
        return "an" if first[0] in _VOWEL_NAMED else "a"  # spelled out letter by letter
    if first[:1].lower() in "aeiou":
        return "a" if _LONG_U.match(first) else "an"
    return "an" if _SILENT_H.match(first) else "a"


def without(text: str, span: Span) -> Span:
    """What to take out so that no rendering stands at `span`: with it the small words that only led to it."""
    before = re.search(r"(?:\s*,)?(?:\s+(?:and|of|with|by|in|to|for|from|at|on))?(?:\s+(?:the|a|an))?\s*$", text[: span.start], re.I)
    after = re.match(r"['’]s?(?!\w)", text[span.end :])
    start = before.start() if before else span.start
    end = span.end + (after.end() if after else 0)
    if start == 0:
        end += len(text[end:]) - len(text[end:].lstrip(" ,"))
    return Span(start, end)


# An owner in front brings the determiner with it (Saudi Arabia's); one that is a common noun does not (the Lord's
# Resistance Army, the People's Party), and neither does a plural (the Prisoners' Club) unless it is a country.
_COMMON = (
    "People|Children|Women|Men|Worker|Farmer|Journalist|Lawyer|Teacher|Student|Doctor|Veteran|Writer|Lord|King|Queen|Prince|Nation|World|Government"
    "|State|City|Country|Church|Mother|Father|Prisoner|Player|Employee|Judge|Engineer|Nurse|Patient|Company|Party|Army|Council|Union|Ministry|President|Minister"
)
_PLURAL_COUNTRY = "United States|Emirates|Netherlands|Philippines|Maldives|Bahamas|Seychelles"
_POSSESSIVE = re.compile(rf"(?!.*\b(?:{_COMMON})['’])(?:(?:[A-Z][\w.-]*\s)*?[A-Z][\w.-]*['’]s|(?:[A-Z][\w.-]*\s)*(?:{_PLURAL_COUNTRY})['’]) ")


def swap(text: str, span: Span, new: str) -> tuple[Span, str]:
    """The edit that puts the rendering `new` where another one of the same concept stands.

    "Iraq's Foreign Minister" brings its own determiner and "Iraqi Foreign Minister" does not: the article
    goes or comes with it, unless a name follows (Foreign Minister Fuad Hussein).
    """
    article = re.search(r"\b(?:the|a|an)\s+$", text[: span.start], re.I)
    if _POSSESSIVE.match(new):
        start = article.start() if article else span.start
        return Span(start, span.end), cased(new, text, start)
    if _POSSESSIVE.match(span.of(text)) and not re.match(r" [A-Z]", text[span.end :]):
        new = f"the {new}"
    return span, cased(new, text, span.start)


# What follows a name that stands alone: punctuation, a possessive, a past tense, "said", or a small word.
_NAME_ALONE = re.compile(
    r"""\s*(?:[,.;:!?"”')’]|$)|\s+(?:\w+ed|said|told|met|says|is|was|has|had|will|would|who|which|that|and|or|but|in|on|at|to|for|with|from|by|as|after|before)\b"""
)
# Acronyms that are spoken as words and so are names without an article.
_SPOKEN = frozenset("NATO UNESCO UNICEF UNRWA OPEC OPEC+ OAPEC ASEAN NASA FIFA UEFA ISIS INTERPOL ECOWAS IGAD NORAD CENTCOM AFRICOM SIPRI".split())


def mend(text: str, span: Span, name: bool = False) -> list[tuple[Span, str]]:
    """Edits that make the small words before a rendering at `span` right: doubled articles, a and an.

    A person's name (`name`) and NATO take no article, unless a noun follows ("the Sadr movement"). Edits are
    non-overlapping, in order, and never touch the rendering itself except its first capital.
    """
    edits: list[tuple[Span, str]] = []
    before = re.search(r"((?:\b(?:the|a|an)\s+)+)$", text[: span.start], re.I)
    word = span.of(text)
    own = word.split(" ", 1)[0].lower()
    if before and not (own in _ARTICLES or _POSSESSIVE.match(word) or ((name or word in _SPOKEN) and _NAME_ALONE.match(text, span.end))):
        articles = before.group(1).split()
        last = articles[-1].lower()
        keep = "the" if any(a.lower() == "the" for a in articles) else indefinite(word) if last in ("a", "an") else last
        if articles[0][0].isupper():
            keep = keep.capitalize()
        if [keep] != articles:
            edits.append((Span(before.start(1), span.start), keep + " "))
    else:
        start = before.start(1) if before else span.start
        if before:
            edits.append((Span(start, span.start), ""))
        if _may_rise(word) and at_sentence_start(text, start):
            edits.append((Span(span.start, span.start + 1), begin(word[0])))
    return edits
