"""The enforcement ladder over decoders that behave in known ways: each rung is taken only when needed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossary.concepts import Category, Concept
from glossary.constrain import Outcome, Segment, translate
from glossary.decoder import Request
from glossary.english import occurrences
from glossary.match import Matcher
from glossary.spans import Span
from glossary.termbase import Termbase
from glossary.verify import Hypothesis, Verdict, verify

LEXICON = {
    "قال": "said",
    "الوزير": "minister",
    "العراق": "Irak",
    "زار": "visited",
    "مصر": "Misr",
    "أمس": "yesterday",
    "الناتو": "Natto",
    "علي": "Aly",
    "مهم": "important",
}


@dataclass
class WordByWord:
    """Translates word by word from LEXICON, aligned one to one. What it obeys is set by its fields."""

    follows_guides: bool = False  # writes inline renderings
    follows_prefix: bool = True  # begins with the prefix, then goes on behind the word it last aligned
    follows_suppression: bool = True
    clear: bool = True  # its attention is sharp; else four fifths of it lie nowhere
    doubles: str = ""  # a rendering it says twice
    calls: list[int] = field(default_factory=list)

    def decode(self, requests: Sequence[Request]) -> list[list[Hypothesis]]:
        self.calls.append(len(requests))
        return [[self.one(r)] for r in requests]

    def one(self, request: Request) -> Hypothesis:
        words: list[tuple[str, Span]] = []
        at = 0
        guides = {g.span.start: g for g in request.guides} if self.follows_guides else {}
        for word in request.source.split():
            start = request.source.index(word, at)
            at = start + len(word)
            guide = next((g for g in guides.values() if g.span.start <= start < g.span.end), None)
            if guide and start > guide.span.start:
                continue
            words.append((guide.rendering if guide else LEXICON.get(word, "thing"), Span(start, at)))
        if self.doubles:
            words += [w for w in words if w[0] == self.doubles][:1]
        if self.follows_suppression:
            words = [("it" if w in request.suppress else w, s) for w, s in words]
        if request.prefix and self.follows_prefix:
            done = min(len(request.prefix.split()), len(words))  # every word of LEXICON is one word of English
            written = request.prefix.split()
            words = [*((w, words[min(i, done - 1)][1]) for i, w in enumerate(written)), *words[done:]]
        text, targets, sources = "", [], []
        for word, span in words:
            text += " " if text else ""
            targets.append(Span(len(text), len(text) + len(word)))
            sources.append(span)
            text += word
        own = 1.0 if self.clear else 0.2
        attention = [[*(own if i == j else 0.0 for j in range(len(words))), 1 - own] for i in range(len(words))]
        sources.append(Span(len(request.source), len(request.source)))
        return Hypothesis(text, -1.0, tuple(targets), tuple(sources), attention)


def run(decoder: WordByWord, text: str, *concepts: Concept) -> Outcome:
    matches = tuple(Matcher(Termbase.build("t", concepts)).find(text))
    (outcome,) = translate(decoder, [Segment(text, matches)])
    return outcome


IRAQ, EGYPT = Concept(("العراق",), "Iraq"), Concept(("مصر",), "Egypt")


def test_native() -> None:
    """What the model says by itself is native, and nothing is decoded twice."""
    decoder = WordByWord()
    outcome = run(decoder, "زار العراق", Concept(("العراق",), "Irak"))
    assert [u.verdict for u in outcome.uses] == [Verdict.NATIVE]
    assert decoder.calls == [1]


def test_guided() -> None:
    """A model that follows inline renderings is only guided."""
    decoder = WordByWord(follows_guides=True)
    outcome = run(decoder, "زار العراق", IRAQ)
    assert [u.verdict for u in outcome.uses] == [Verdict.GUIDED]
    assert outcome.hypothesis.text == "visited Iraq"
    assert decoder.calls == [1]


def test_replaced() -> None:
    """What the model does not say is put in place of the words that clearly render it, at no cost in decoding."""
    decoder = WordByWord()
    outcome = run(decoder, "زار العراق مصر أمس", IRAQ, EGYPT)
    assert [u.verdict for u in outcome.uses] == [Verdict.REPAIRED, Verdict.REPAIRED]
    assert outcome.hypothesis.text == "visited Iraq Egypt yesterday"
    assert decoder.calls == [1]


def test_aligned_stretches_are_noun_phrases() -> None:
    """Small words at the edge of a stretch stay outside it; a dotted acronym is one word with its dots."""
    text = "affected by the U.N. envoy, who"
    targets = tuple(Span(text.index(w), text.index(w) + len(w)) for w in ("affected", "by", "the", "U.N.", "envoy", "who"))
    attention = [[0.0, 1.0], [0.9, 0.1], [0.9, 0.1], [1.0, 0.0], [0.8, 0.2], [0.0, 1.0]]
    hypothesis = Hypothesis(text, -1.0, targets, (Span(0, 4), Span(5, 9)), attention)
    assert [s.of(text) for s in hypothesis.aligned(Span(0, 4))] == ["U.N. envoy", "U.N."]


@pytest.mark.parametrize(("word", "rest"), [("Brotherhood's", "'s leaders"), ("Iranian-backed", "-backed leaders"), ("Secretary-General", " leaders")])
def test_what_hangs_on_a_noun_stays(word: str, rest: str) -> None:
    """A possessive or a participle behind a hyphen is no part of the stretch that renders a term."""
    text = f"{word} leaders"
    hypothesis = Hypothesis(text, -1.0, (Span(0, len(word)), Span(len(word) + 1, len(text))), (Span(0, 4), Span(5, 9)), [[1.0, 0.0], [0.0, 1.0]])
    assert text[hypothesis.aligned(Span(0, 4))[0].end :] == rest


def test_forced() -> None:
    """Where the attention is not clear, it is forced at the likeliest place, and the sentence goes on."""
    outcome = run(WordByWord(clear=False), "زار العراق أمس", IRAQ)
    assert [u.verdict for u in outcome.uses] == [Verdict.FORCED]
    assert outcome.hypothesis.text == "visited Iraq yesterday"


def test_several_forced() -> None:
    """Several missing terms are forced one after another."""
    outcome = run(WordByWord(clear=False), "زار العراق مصر أمس", IRAQ, EGYPT)
    assert [u.verdict for u in outcome.uses] == [Verdict.FORCED, Verdict.FORCED]
    assert outcome.hypothesis.text == "visited Iraq Egypt yesterday"


def test_repaired() -> None:
    """Where decoding cannot be forced, the likeliest word is replaced."""
    outcome = run(WordByWord(follows_prefix=False, clear=False), "زار العراق أمس", IRAQ)
    assert [u.verdict for u in outcome.uses] == [Verdict.REPAIRED]
    assert outcome.hypothesis.text == "visited Iraq yesterday"


def test_admitted_is_reported() -> None:
    """An admitted rendering meets the glossary and is said to be one."""
    outcome = run(WordByWord(), "زار العراق", Concept(("العراق",), "Iraq", admitted=("Irak",)))
    (use,) = outcome.uses
    assert (use.verdict, use.rendering, use.admitted) == (Verdict.NATIVE, "Irak", True)


@pytest.mark.parametrize("follows", [True, False])
def test_forbidden_goes(follows: bool) -> None:
    """A forbidden rendering never stands, whether the model obeys suppression or not."""
    outcome = run(WordByWord(follows_suppression=follows, follows_prefix=follows), "زار العراق", Concept(("العراق",), "Iraq", forbidden=("Irak",)))
    assert not occurrences("Irak", outcome.hypothesis.text)
    assert outcome.uses[0].verdict in (Verdict.FORCED, Verdict.REPAIRED)


@pytest.mark.parametrize("follows", [True, False])
def test_a_rendering_said_twice_is_taken_out(follows: bool) -> None:
    """A rendering that stands more often than the source asks does not stay."""
    decoder = WordByWord(follows_guides=True, doubles="Iraq", follows_suppression=follows, follows_prefix=follows)
    outcome = run(decoder, "زار العراق أمس", IRAQ)
    assert len(occurrences("Iraq", outcome.hypothesis.text)) == 1
    assert outcome.uses[0].verdict is not Verdict.VIOLATED


@pytest.mark.parametrize(("text", "rendering", "surplus"), [("Prime Minister met Minister", "Minister", 0), ("These vaccines met vaccines", "vaccines", 1)])
def test_a_part_of_another_name_is_no_repetition(text: str, rendering: str, surplus: int) -> None:
    """Minister in a Prime Minister that renders another word is none; a small-letter rendering behind a sentence's first word is one."""
    source = "رئيس قابل الوزير"
    targets = tuple(Span(*m.span()) for m in re.finditer(r"\w+", text))
    sources = (Span(0, 4), Span(0, 4), Span(5, 9), Span(10, 16))
    attention = [[float(i == j) for j in range(4)] for i in range(4)]
    matches = Matcher(Termbase.build("t", [Concept(("الوزير",), rendering)])).find(source)
    seen = verify(Hypothesis(text, -1.0, targets, sources, attention), matches)
    assert seen.placed[0] == (targets[3], rendering)
    assert len(seen.surplus) == surplus


def test_capitals() -> None:
    """A rendering gets its own capitals, and one more at the start of a sentence."""
    outcome = run(WordByWord(), "علي قال", Concept(("علي",), "aly", Category.PERSON))
    assert outcome.hypothesis.text == "Aly said"
    outcome = run(WordByWord(), "قال الوزير", Concept(("الوزير",), "The Minister"))
    assert outcome.hypothesis.text == "said The Minister"


def test_capitals_in_running_text() -> None:
    """A capital that a rendering does not have stands in a headline only."""
    mission = Concept(("الناتو",), "NATO mission", admitted=("NATO Natto",))
    hypotheses = {"visited the NATO Mission yesterday": "visited the NATO mission yesterday", "NATO Mission Visits Baghdad": "NATO Mission Visits Baghdad"}
    (match,) = Matcher(Termbase.build("t", [mission])).find("الناتو")
    for written, expected in hypotheses.items():
        seen = verify(Hypothesis(written), [match])
        assert bool(seen.miscased) == (written != expected)


def test_one_concept_in_two_forms() -> None:
    """Variants of one concept share its rendering, each occurrence with a verdict of its own."""
    outcome = run(WordByWord(), "زار العراق قال الناتو", Concept(("العراق", "الناتو"), "Iraq"))
    assert len(outcome.uses) == 2
    assert len(occurrences("Iraq", outcome.hypothesis.text)) == 2
    assert outcome.uses[0].target != outcome.uses[1].target


CONCEPTS = [
    IRAQ,
    EGYPT,
    Concept(("الناتو",), "NATO", forbidden=("Natto",)),
    Concept(("علي",), "Ali", Category.PERSON),
    Concept(("قال الوزير",), "the minister stated"),
]


@given(
    st.lists(st.sampled_from([*LEXICON, "كلمة"]), min_size=1, max_size=9),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "Iraq", "NATO"]),
)
def test_laws(words: list[str], guides: bool, prefix: bool, suppression: bool, clear: bool, doubles: str) -> None:
    """Whatever the model does: a use for every match; met means it stands there, once each; violated says why."""
    text = " ".join(words)
    outcome = run(WordByWord(guides, prefix, suppression, clear, doubles), text, *CONCEPTS)
    matches = Matcher(Termbase.build("t", CONCEPTS)).find(text)
    assert [u.match for u in outcome.uses] == matches
    targets = [u.target for u in outcome.uses if u.target]
    assert len(set(targets)) == len(targets)
    english = outcome.hypothesis.text
    for use in outcome.uses:
        if use.verdict is Verdict.VIOLATED:
            assert use.reason
        else:
            assert use.target
            assert use.target.of(english).casefold() == use.rendering.casefold()
            asked = sum(m.concept == use.match.concept for m in matches)
            assert len(occurrences(use.rendering, english)) == asked
            assert not any(occurrences(f, english) for f in use.match.concept.forbidden)


@given(st.lists(st.sampled_from([*LEXICON]), min_size=1, max_size=8))
def test_no_terms_change_nothing(words: list[str]) -> None:
    """Without constraints the model's output is returned untouched."""
    text = " ".join(words)
    (outcome,) = translate(WordByWord(), [Segment(text)])
    assert outcome.hypothesis.text == WordByWord().one(Request(text)).text


@dataclass
class Says:
    """A decoder that always says the same."""

    hypothesis: Hypothesis
    follows_guides: bool = False

    def decode(self, requests: Sequence[Request]) -> list[list[Hypothesis]]:
        return [[self.hypothesis] for _ in requests]


@given(st.lists(st.sampled_from([*LEXICON, "كلمة"]), min_size=1, max_size=9), st.booleans(), st.booleans())
def test_enforcement_is_idempotent(words: list[str], clear: bool, guides: bool) -> None:
    """What enforcement made is left as it is when it is enforced again."""
    text = " ".join(words)
    segment = Segment(text, tuple(Matcher(Termbase.build("t", CONCEPTS)).find(text)))
    (once,) = translate(WordByWord(guides, clear=clear), [segment])
    (twice,) = translate(Says(once.hypothesis), [segment])
    if not any(u.verdict is Verdict.VIOLATED for u in once.uses):
        assert twice.hypothesis.text == once.hypothesis.text
        assert [u.target for u in twice.uses] == [u.target for u in once.uses]


@dataclass
class Obeys:
    """A decoder that says `first`, and `without` once something is suppressed and no prefix given. Words are aligned one to one."""

    first: str
    without: str
    follows_guides: bool = False

    def decode(self, requests: Sequence[Request]) -> list[list[Hypothesis]]:
        return [[self.said(r.source, self.without if r.suppress and not r.prefix else self.first)] for r in requests]

    def said(self, source: str, text: str) -> Hypothesis:
        spans = [tuple(Span(m.start(), m.end()) for m in re.finditer(r"\S+", t)) for t in (text, source)]
        return Hypothesis(text, -1.0, spans[0], spans[1], [[float(i == j) for j in range(len(spans[1]))] for i in range(len(spans[0]))])


def test_what_is_decoded_anew_loses_its_mark() -> None:
    """A rendering that was put in before the sentence was decoded again, and then came by itself, is native."""
    egypt = Concept(("مصر",), "Egypt", forbidden=("Misr",))
    text = "العراق زار مصر"
    matches = tuple(Matcher(Termbase.build("t", (IRAQ, egypt))).find(text))
    (outcome,) = translate(Obeys("thing visited Egypt Misr", "Iraq has visited Egypt"), [Segment(text, matches)])
    assert outcome.hypothesis.text == "Iraq has visited Egypt"
    assert [u.verdict for u in outcome.uses] == [Verdict.NATIVE, Verdict.NATIVE]
