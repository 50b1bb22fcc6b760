"""Names and titles without a glossary entry: where they stand, how they were rendered, one spelling for each.

Belongs here: finding them in the source, reading their rendering from the word alignment, exchanging a
spelling that differs from the first one. Must not: touch what the glossary enforces.

A name is what stands behind a title (الوزير، وزير الخارجية، الفريق …), and its last word wherever it
returns; a short word sequence in quotes «…» is a term. Any other word that returns may be a name too:
it is one where its rendering is capitalized and spells the Arabic letters. That is also the evidence
on which two spellings are called one name.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from functools import lru_cache

from glossary.concepts import Category, Concept
from glossary.constrain import Outcome, Segment
from glossary.english import LEADING, at_sentence_start, cased
from glossary.match import Match, Matcher
from glossary.normalize import IGNORED, fold_term, has_arabic
from glossary.spans import Span
from glossary.termbase import Termbase
from glossary.verify import Hypothesis, verify
from glossary.words import FUNCTION_WORDS
from service.pairs import NameUse, Pair, SuggestedEntry

LIMIT = 50  # suggested entries of one article
LEAST = 0.2  # attention of each word of a name on its Arabic
ALIKE = 0.7  # least similarity of consonants at which English letters spell an Arabic word
_QUOTED = re.compile(r"«([^«»\s]+(?:\s[^«»\s]+){0,2})»")  # three words at most: longer ones are sentences
# Ranks and offices behind which a name stands: minister, president, general, major general, brigadier, marshal,
# colonel, ambassador, doctor, sheikh, prince, king, judge, engineer, professor, deputy, spokesman, envoy, director,
# adviser, commander; behind them first (general) and staff (colonel), which are parts of ranks.
_TITLES = (
    "وزير رئيس فريق لواء عميد مشير عقيد سفير دكتور دكتورة شيخ [أا]مير ملك قاض[يى] مهندس [أا]ستاذ نائب متحدث مبعوث مدير سيد سيدة وزيرة رئيسة مستشار قائد"
).split()
_LETTERS = "\u0621-\u064a"
_ONE = "|".join(_TITLES)
# Behind a definite title, or behind an office with its field (وزير الخارجية). Right behind an indefinite title a
# country or body follows: سفير فرنسا is the ambassador of France.
_AFTER_TITLE = re.compile(
    rf"(?<![{_LETTERS}])[وف]?(?:[بلك]?ال|لل)(?:{_ONE})(?:\s+(?:[أا]ول|ركن|و?(?:ال|لل)[{_LETTERS}]+)){{0,5}}\s+(?P<a>(?!و?ال)[{_LETTERS}]{{2,}}(?:\s+[{_LETTERS}]{{3,}}){{0,2}})"
    rf"|(?<![{_LETTERS}])[وفبلك]{{0,2}}(?:{_ONE})(?:\s+(?:{_ONE}))?(?:\s+و?(?:ال|لل)[{_LETTERS}]+){{1,5}}\s+(?P<b>(?!و?ال)[{_LETTERS}]{{2,}}(?:\s+[{_LETTERS}]{{3,}}){{0,2}})"
)
_NAME = re.compile(r"\b[A-Z][\w'’-]*(?:\s+(?:al-|of |the )?[A-Z][\w'’-]*)*|\bal-[A-Z][\w'’-]*")
_LONGER = re.compile(r"[ -](?:[A-Z]|(?:bin|ben|ibn|abu|al|el)[ -])")  # what shows that a longer name goes on
_NISBA = re.compile(r"^ال.*ي$|يه$")
_ADJECTIVE = re.compile(r"(?:i?ans?|ese|ish|ch|is?|ic|s)$")
_ENGLISH_WORD = re.compile(r"\w[\w’'-]*?(?=['’]s\b|[^\w'’-]|$)")

# Consonants of both scripts in classes that transliteration keeps apart; vowels and semivowels count for nothing.
_SOUNDS = {
    "b": "بپp", "t": "تطث", "g": "جچگغj", "h": "حه", "k": "خكقcqx", "d": "دض", "z": "ذظز",
    "r": "ر", "s": "سصش", "f": "فڤv", "l": "ل", "m": "م", "n": "ن",
}  # fmt: skip
_CLASS = {ord(letter): sound for sound, letters in _SOUNDS.items() for letter in sound + letters}
_DIGRAPHS = (("sh", "s"), ("ch", "s"), ("kh", "k"), ("gh", "g"), ("th", "t"), ("dh", "z"), ("ph", "f"))


def candidates(text: str) -> list[tuple[Span, Category]]:
    """Where a name may stand in Arabic text, and what it may be; of two readings of a place the longer is first."""
    found = []
    for m in _AFTER_TITLE.finditer(text):
        start, end = m.span("a" if m.group("a") else "b")
        words = [Span(start + w.start(), start + w.end()) for w in re.finditer(r"\S+", text[start:end])]
        used: list[Span] = []
        for n, word in enumerate(words):
            # A third word is a name's only with the article (محمد شياع السوداني), or behind عبد.
            third = n == 2 and not (word.of(text).startswith("ال") or words[0].of(text) == "عبد")
            if word.of(text) in FUNCTION_WORDS or third:
                break
            used.append(word)
        genitive = len(used) > 1 and used[0].of(text).endswith("ة") and used[1].of(text).startswith("ال")  # the NATO mission's commander
        if used and not genitive:
            for last in range(len(used), 0, -1):
                found.append((Span(used[0].start, used[last - 1].end), Category.PERSON))
    return found + [(Span(*m.span(1)), Category.TERM) for m in _QUOTED.finditer(text) if has_arabic(m.group(1))]


def _returning(texts: Sequence[str]) -> list[str]:
    """Words of Arabic letters that stand at least twice in these texts, alone or behind a proclitic of one letter."""
    counts = Counter(w for t in texts for w in re.findall(rf"[{_LETTERS}]{{3,}}", IGNORED.sub("", t)))
    return [w for w, n in counts.items() if n + sum(counts[p + w] for p in "وفبلك") > 1 and w not in FUNCTION_WORDS]


@lru_cache(maxsize=65536)
def spells(english: str, arabic: str) -> bool:
    """Whether the English word has the consonants of the Arabic one, as a transliteration does."""
    e = re.sub(r"^(?:al|el)[-‐]", "", english.lower())
    for two, one in _DIGRAPHS:
        e = e.replace(two, one)
    e = re.sub("c+(?=[eiy])", "s", e)
    a, e = _arabic_skeleton(arabic), _skeleton(e)
    if e[:1] != a[:1] or english.lower() in LEADING:  # محمد is not أحمد, and عطا is not "the"
        return False
    return a == e or SequenceMatcher(None, a, e, autojunk=False).ratio() >= ALIKE


@lru_cache(maxsize=4096)
def _arabic_skeleton(word: str) -> str:
    return _skeleton(fold_term(word).removeprefix("ال").replace("تش", "ش"))


def _skeleton(word: str) -> str:
    """The classes of a word's consonants, doubled ones once; a final h is mostly no consonant (ة)."""
    sounds = "".join(_CLASS.get(ord(c), "") for c in word.rstrip("هh"))
    return re.sub(r"(.)\1+", r"\1", sounds)


class Names:
    """The names of one article that no entry covers. Immutable."""

    def __init__(self, texts: Sequence[str], terms: Iterable[Sequence[Match]], unify: bool):
        """`terms[i]` are the glossary's matches in `texts[i]`; `unify`: exchange spellings that differ from the first."""
        self.unify = unify
        forms: dict[str, Concept] = {}
        for text, matches in zip(texts, terms, strict=True):
            for span, kind in candidates(text):
                if any(m.span.overlaps(span) for m in matches):
                    continue
                words = span.of(text).split()
                whole = [" ".join(words), words[-1]] if kind is Category.PERSON and len(words) > 1 else [" ".join(words)]
                for form in whole:
                    key = fold_term(form)
                    if len(key) > 2 and form not in FUNCTION_WORDS and (key not in forms or kind is Category.PERSON):
                        forms[key] = Concept((form,), form, kind)
        others = [w for w in _returning(texts) if fold_term(w) not in forms]
        self._words = frozenset(others)  # names only where their rendering spells them
        entries = {fold_term(w): Concept((w,), w, Category.TERM) for w in others}
        self._matcher = Matcher(Termbase("names", (*forms.values(), *entries.values())))

    def __len__(self) -> int:
        return len(self._matcher.termbase)

    def find(self, text: str, terms: Sequence[Match]) -> tuple[Match, ...]:
        """Mentions of these names in a text, clear of the glossary's matches."""
        return tuple(m for m in self._matcher.find(text) if not any(m.span.overlaps(t.span) for t in terms))

    def settle(self, segment: Segment, outcome: Outcome, spelled: dict[str, str]) -> tuple[Outcome, tuple[NameUse, ...]]:
        """The outcome with every name spelled as before, and what stands for each name that has a rendering.

        `spelled` holds the English of every word of a name so far; it grows with each segment, in the order of the
        article. Term uses keep their renderings; an exchange that would cost one is not made.
        """
        uses: list[NameUse] = []
        if not outcome.hypothesis.attention:  # no name stands here, or nothing says where its rendering is
            return outcome, ()
        for match in segment.mentions:
            lone = match.form in self._words
            person = lone or match.concept.category is Category.PERSON
            taken = [u.target for u in outcome.uses if u.target]
            place = _person(outcome.hypothesis, match, taken) if person else _capitalized(outcome.hypothesis, match.span, taken)
            if not place or (lone and _LONGER.match(outcome.hypothesis.text, place[0].end)):
                continue  # Mohamed in Mohamed Salah is no name by itself, and another Mohammed's may be spelled otherwise
            written = " ".join(_plain(p.of(outcome.hypothesis.text)) for p in place)
            if lone and _NISBA.search(fold_term(match.form)) and _ADJECTIVE.search(written) and "-" not in written:
                continue  # العراقية, Iraqi; but السيسي, al-Sisi
            if person:
                for word, span in reversed(list(zip(fold_term(match.form).split(), place, strict=True))):
                    own = _plain(span.of(outcome.hypothesis.text))
                    first = spelled.setdefault(word, own)
                    if self.unify and _respelled(own, first, lone):
                        outcome = _exchanged(segment, outcome, span, first)
                place = _person(outcome.hypothesis, match, [u.target for u in outcome.uses if u.target]) or place
            rendering = " ".join(_plain(p.of(outcome.hypothesis.text)) for p in place)
            uses.append(NameUse(match.form, match.concept.category, rendering, written))
        return outcome, tuple(uses)


def _plain(word: str) -> str:
    """A name's word as it stands inside a sentence: the article of al-Araji is small there."""
    return re.sub(r"^A(?=[lstrdnz]h?-)", "a", word)


def _capitalized(hypothesis: Hypothesis, source: Span, taken: Sequence[Span]) -> list[Span]:
    """The capitalized words that the attention aligns with the source span, as one span; empty if there are none.

    In English news, names and titles are what keeps its capitals inside a sentence.
    """
    for place in hypothesis.aligned(source)[:1]:
        for m in _NAME.finditer(hypothesis.text):
            span = Span(*m.span())
            by_place = " " not in m.group() and at_sentence_start(hypothesis.text, span.start)  # any word is capitalized there
            if span.overlaps(place) and not by_place and not any(span.overlaps(t) for t in taken):
                return [span]
    return []


def _person(hypothesis: Hypothesis, match: Match, taken: Sequence[Span]) -> list[Span]:
    """The English words that spell the name word for word where the attention places it; empty if none do."""
    names = fold_term(match.form).split()
    best: list[Span] = []
    most = 0.0
    for m in _NAME.finditer(hypothesis.text):
        words = [Span(m.start() + w.start(), m.start() + w.end()) for w in _ENGLISH_WORD.finditer(m.group())]
        for at in range(len(words)):
            run = _spelled(hypothesis.text, words[at:], names)
            backing = min((hypothesis.support(w, match.span) for w in run), default=0.0)
            free = not any(w.overlaps(t) for w in run for t in taken)
            if free and backing > max(most, LEAST):
                best, most = run, backing
    return best


def _spelled(text: str, words: Sequence[Span], names: Sequence[str]) -> list[Span]:
    """The first of these English words that spell these folded names one by one, a span a name; empty if they do not.

    عبد الرحمن is folded to one name and is one word or two in English: Abdulrahman, Abdel Rahman.
    """
    run: list[Span] = []
    at = 0
    for name in names:
        size = 2 if name.startswith("عبدال") and at < len(words) and re.fullmatch(r"(?i)abd\w{0,2}", words[at].of(text)) else 1
        if at + size > len(words) or not spells((span := Span(words[at].start, words[at + size - 1].end)).of(text), name):
            return []
        run.append(span)
        at += size
    return run


def _respelled(word: str, first: str, lone: bool) -> bool:
    """Whether two words are one name in two spellings, and not a name and its adjective (Iraq, Iraqi).

    A `lone` word is known as a name only because it returns: both spellings must have its consonants and one ending
    (France and French, Kurds and Kurdish are two words).
    """
    if lone:
        endings = [m.group() if (m := _ADJECTIVE.search(w.lower())) else "" for w in (word, first)]
        if endings[0] != endings[1] or _skeleton(_plain(word).lower()) != _skeleton(_plain(first).lower()):
            return False
    short, long = sorted((word.casefold(), first.casefold()), key=len)
    return short != long and not re.fullmatch(re.escape(short) + r"(?:n?i|i?an|ish|ese|s)", long)


def _exchanged(segment: Segment, outcome: Outcome, span: Span, spelling: str) -> Outcome:
    """The outcome with `spelling` at `span`, if every term stands as it stood."""
    new = cased(spelling, outcome.hypothesis.text, span.start)
    hypothesis = outcome.hypothesis.edit(span, new)
    if verify(hypothesis, segment.constraints).faults > verify(outcome.hypothesis, segment.constraints).faults:
        return outcome
    by = len(new) - len(span)
    moved = tuple(replace(u, target=u.target.shift(by)) if u.target and u.target.start >= span.end else u for u in outcome.uses)
    return Outcome(hypothesis, moved)


def suggest(pairs: Sequence[Pair]) -> tuple[SuggestedEntry, ...]:
    """Names over these pairs as entries, the most frequent first; at most LIMIT. A person decides what becomes an entry."""
    counts: Counter[str] = Counter()
    shown: dict[str, NameUse] = {}
    unified: Counter[str] = Counter()
    renderings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for use in (u for p in pairs for u in p.names):
        key = fold_term(use.form)
        counts[key] += 1
        shown.setdefault(key, use)
        known = next((r for r in renderings[key] if r.casefold() == use.rendering.casefold()), use.rendering)
        renderings[key][known] += 1
        unified[key] += use.written.casefold() != use.rendering.casefold()
    found = []
    for key, count in counts.most_common(LIMIT):
        ranked = renderings[key].most_common()
        found.append(SuggestedEntry(shown[key].form, ranked[0][0], shown[key].category, count, tuple(ranked[1:]), unified[key]))
    return tuple(found)
