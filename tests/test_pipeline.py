"""The pipeline with the embedded model: N paragraphs in, N pairs out, and every term accounted for."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glossary import termfile
from glossary.concepts import Concept
from glossary.constrain import Outcome
from glossary.english import occurrences
from glossary.match import Matcher
from glossary.spans import Span
from glossary.termbase import Termbase
from glossary.verify import Hypothesis, TermUse, Verdict
from service.joints import begun, lacks_and
from service.pairs import Article, CheckKind, Pair
from service.pipeline import Cancelled, Pipeline, explain, summarize
from tests.conftest import SEED_NAMES, SEEDS, seed

NONE = Matcher(Termbase.build("none", ()))


def glossary(name: str) -> Matcher:
    return Matcher(termfile.read((SEEDS / f"{name}.glossary.tsv").read_bytes(), "tsv", name))


def run(pipeline: Pipeline, text: str, matcher: Matcher = NONE, **options: object) -> list[Pair]:
    job = pipeline.prepare(text, matcher)
    return list(pipeline.pairs(job, **options))  # type: ignore[arg-type]


def check_laws(text: str, pairs: list[Pair], matcher: Matcher) -> None:
    """What holds for every result."""
    for n, pair in enumerate(pairs):
        assert pair.index == n
        assert pair.translation
        assert pair.paragraph.span.of(text) == pair.paragraph.text
        expected = matcher.find(pair.paragraph.text)
        if any("\u0621" <= c <= "\u064a" for c in pair.paragraph.text):
            assert [u.match.span for u in pair.term_uses] == [m.span for m in expected]
        for use in pair.term_uses:
            assert use.match.span.of(pair.paragraph.text) == use.match.surface
            if use.target is not None:
                assert use.target.of(pair.translation).casefold() == use.rendering.casefold()
                assert use.rendering in use.match.concept.accepted
            if use.verdict is not Verdict.VIOLATED:
                assert use.target is not None
                for bad in use.match.concept.forbidden:
                    covered = [s for r in use.match.concept.accepted for s in occurrences(r, pair.translation)]
                    assert all(any(c.covers(s) for c in covered) for s in occurrences(bad, pair.translation))
            else:
                assert use.reason
                assert any(c.kind is CheckKind.TERM_VIOLATED for c in pair.checks)
        targets = sorted(u.target for u in pair.term_uses if u.target is not None)
        assert all(not a.overlaps(b) for a, b in itertools.pairwise(targets))
        ends = [s.target for s in pair.sentences]
        assert all(a.end <= b.start for a, b in itertools.pairwise(ends))


@pytest.fixture(scope="module")
def translated(pipeline: Pipeline) -> dict[str, list[Pair]]:
    return {name: run(pipeline, seed(name), glossary(name)) for name in SEED_NAMES}


@pytest.mark.parametrize("name", SEED_NAMES)
def test_seed(name: str, translated: dict[str, list[Pair]]) -> None:
    """A seed article comes back paragraph by paragraph, every occurrence with a verdict, none violated."""
    text, pairs, matcher = seed(name), translated[name], glossary(name)
    assert len(pairs) == len([line for line in text.splitlines() if line.strip()])
    check_laws(text, pairs, matcher)
    assert Article(text[: pairs[0].paragraph.span.start], tuple(p.paragraph for p in pairs)).rebuild() == text
    assert all(re.search("[A-Za-z]", p.translation) for p in pairs)
    expected = len((SEEDS / f"{name}.terms.tsv").read_text(encoding="utf-8").splitlines()) - 1
    assert sum(len(p.term_uses) for p in pairs) == expected
    assert [u.match.surface for p in pairs for u in p.violated] == []


@pytest.mark.parametrize("name", SEED_NAMES)
def test_the_model_is_shown_its_terms(name: str, translated: dict[str, list[Pair]]) -> None:
    """Most terms of an article come guided: force and repair are for what is left, and would hide that the model sees no tags."""
    verdicts = [u.verdict for p in translated[name] for u in p.term_uses]
    assert verdicts.count(Verdict.GUIDED) > 0.75 * len(verdicts)


def test_summary_counts(translated: dict[str, list[Pair]]) -> None:
    """Verdicts add up to the term uses, and each entry's renderings to its uses."""
    pairs = translated["article"]
    summary = summarize(pairs)
    assert sum(n for _, n in summary.verdicts) == sum(len(p.term_uses) for p in pairs)
    assert sum(n for _, r in summary.terms for _, n in r) == sum(len(p.term_uses) for p in pairs)
    assert summary.pair_count == len(pairs)


def test_an_entry_that_matches_nothing_changes_nothing(pipeline: Pipeline, translated: dict[str, list[Pair]]) -> None:
    """Adding an idle entry, and the order of entries, leave every pair as it was."""
    termbase = glossary("article").termbase
    idle = Matcher(Termbase.build("article", [*reversed(termbase.concepts), Concept(("نيكاراغوا",), "Nicaragua")]))
    assert [p.translation for p in run(pipeline, seed("article"), idle)] == [p.translation for p in translated["article"]]


def test_removing_the_glossary_restores_the_plain_output(pipeline: Pipeline) -> None:
    """Without terms in a paragraph its translation is the plain one."""
    text = "وصل الوفد إلى المدينة صباح اليوم.\nقال الناتو إن البعثة مستمرة."
    plain = run(pipeline, text)
    with_terms = run(pipeline, text, Matcher(Termbase.build("t", [Concept(("الناتو",), "NATO")])))
    assert plain[0].translation == with_terms[0].translation
    assert run(pipeline, text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "العراق\r\n\r\nمصر\r\n",
        "\n\n  العراق  \n\t\nمصر",
        "٣٫٥ و 12",
        "https://example.com\nالعراق",
        "🙂 العراق 🇮🇶 NATO",
        "<t> العراق <u> x </t>",
        "العراق " * 300,
        "ا" * 500,
        "«»()!؟",
        "العراق\x00مصر\ufffd",
        "\u202bالعراق\u202c\u200f",
        "العراق 漢字 ɣ",
        "ل" * 1500 + " العراق",
        "＜t＞ العراق ＜/t＞",
        "قال " + "العراق".join("،" * 3) + " مصر.\u2029العراق",
        "ـ " + "وأكد العراق " * 60,
        "قال. \u200f " + "وأكد العراق " * 60,
    ],
)
def test_odd_articles_survive(pipeline: Pipeline, text: str) -> None:
    """Whatever comes in, all of it is in the pairs, and the laws hold."""
    matcher = Matcher(Termbase.build("t", [Concept(("العراق",), "Iraq"), Concept(("مصر",), "Egypt")]))
    job = pipeline.prepare(text, matcher)
    pairs = list(pipeline.pairs(job))
    check_laws(text, pairs, matcher)
    assert Article(job.article.leading_gap, tuple(p.paragraph for p in pairs)).rebuild() == text


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.lists(
        st.sampled_from(["العراق", "وزير", "الخارجية", "قال", "الناتو", "12", "«", "»", ".", "\n", "،", "🙂", "abc", "فى"]), min_size=1, max_size=14
    ).map(" ".join)
)
def test_laws_hold_for_any_words(pipeline: Pipeline, text: str) -> None:
    """Spans, verdicts and counts hold for nonsense, too."""
    matcher = Matcher(Termbase.build("t", [Concept(("العراق",), "Iraq"), Concept(("وزير الخارجية",), "Foreign Minister"), Concept(("الناتو",), "NATO")]))
    check_laws(text, run(pipeline, text, matcher), matcher)


def test_not_arabic_is_returned_as_it_is(pipeline: Pipeline) -> None:
    """A paragraph without Arabic comes back unchanged, with a check that says so."""
    (pair,) = run(pipeline, "https://example.com/a?b=1 2024")
    assert pair.translation == pair.paragraph.text
    assert [c.kind for c in pair.checks] == [CheckKind.NOT_ARABIC]


@pytest.mark.parametrize("picture", ["🙂", "🏽", "🇮🇶", "🫩", "\u20e3"])
def test_a_picture_is_reported(pipeline: Pipeline, picture: str) -> None:
    """What the model is not shown is said."""
    (pair,) = run(pipeline, f"قال الوزير {picture} أمس.")
    assert CheckKind.UNKNOWN_CHARACTERS in [c.kind for c in pair.checks]


def test_a_400_word_paragraph_is_translated_whole(pipeline: Pipeline) -> None:
    """A long sentence becomes several segments that cover it, none over the model's limit."""
    text = " ".join(line for line in seed("article").split("\n"))
    pairs = run(pipeline, text)
    assert len(pairs) == 1
    covered = [s.source for s in pairs[0].sentences]
    assert len(covered) > 5
    assert sum(len(s) for s in covered) >= len(text) - len(covered)
    for s in covered:
        assert pipeline.model.tokens(s.of(text)) <= pipeline.model.max_source_tokens


def test_first_paragraph_resumes(pipeline: Pipeline) -> None:
    """Resuming gives the same later pairs as the whole run."""
    text = seed("economy")
    whole = run(pipeline, text)
    for first in (1, 5, len(whole) - 1):
        assert run(pipeline, text, first=first) == whole[first:]


def test_an_acronym_follows_its_long_form(pipeline: Pipeline) -> None:
    """Where the entry asks for it: the acronym alone in a headline, long form with acronym at the first mention, acronym later."""
    text = "الناتو يوسع بعثته في العراق\nأعلن حلف شمال الأطلسي توسيع بعثته في العراق.\nوقال المتحدث إن الناتو يدعم العراق."
    matcher = Matcher(Termbase.build("t", [Concept(("حلف شمال الأطلسي", "الناتو"), "North Atlantic Treaty Organization", acronym="NATO")]))
    pairs = run(pipeline, text, matcher)
    assert [[u.rendering for u in p.term_uses] for p in pairs] == [["NATO"], ["North Atlantic Treaty Organization (NATO)"], ["NATO"]]
    assert not any(p.violated for p in pairs)


def test_a_dual_asks_for_the_plural_rendering(pipeline: Pipeline) -> None:
    """وزيرا الخارجية and وزراء الخارجية are Foreign Ministers, وزير الخارجية is not."""
    entry = Concept(("وزير الخارجية",), "Foreign Minister", plural="Foreign Ministers", plural_forms=("وزراء الخارجية",))
    matcher = Matcher(Termbase.build("t", [entry]))
    pairs = run(pipeline, "وصل وزير الخارجية.\nبحث وزيرا الخارجية الأزمة.\nاجتمع وزراء الخارجية أمس.", matcher)
    assert [u.rendering for p in pairs for u in p.term_uses][1:] == ["Foreign Ministers", "Foreign Ministers"]
    assert not any(p.violated for p in pairs)


def test_what_is_kept_stands_as_it_is(pipeline: Pipeline) -> None:
    """A term that is no Arabic is matched and stands in the English, in a paragraph without Arabic too."""
    matcher = Matcher(Termbase.build("t", [Concept(("iPhone 17",), "iPhone 17", keep=True)]))
    pairs = run(pipeline, "أعلنت الشركة إطلاق هاتف iPhone 17 اليوم.\niPhone 17 Pro", matcher)
    assert [u.rendering for p in pairs for u in p.term_uses] == ["iPhone 17", "iPhone 17"]
    assert all(u.target and u.target.of(p.translation) == "iPhone 17" for p in pairs for u in p.term_uses)


def test_a_repeated_entry_has_one_rendering(translated: dict[str, list[Pair]]) -> None:
    """An entry that occurs more than once in an article is rendered in one way."""
    for pairs in translated.values():
        for entry, renderings in summarize(pairs).terms:
            assert len(renderings) == 1, (entry, renderings)


@pytest.mark.parametrize(
    ("output", "sentence", "expected"),
    [
        ("The mission ended.", False, "the mission ended."),
        ("Stressing that", False, "stressing that"),
        ("NATO said", False, "NATO said"),
        ("Beijing said", False, "Beijing said"),
        ("Harding said", False, "Harding said"),
        ("U.N. troops", False, "U.N. troops"),
        ("Baghdad said", False, "Baghdad said"),
        ("May 3", False, "May 3"),
        ("I said", False, "I said"),
        ("the mission ended.", True, "The mission ended."),
        ("The mission ended.", True, "The mission ended."),
        ("12 men", True, "12 men"),
        ("North Korea fired", False, "North Korea fired"),
        ("The North fired", False, "the North fired"),
        ("Although it fired", False, "although it fired"),
        ("Prosecutors said", False, "prosecutors said"),
        ("A rocket fell", False, "a rocket fell"),
        ("Brown said", False, "Brown said"),
        ("Rice said", False, "Rice said"),
        ("ßen fired", True, "ßen fired"),  # two letters as a capital: every span behind would be wrong
    ],
)
def test_first_letters(output: str, sentence: bool, expected: str) -> None:
    """A sentence begins with a capital, a clause inside one only where its first word has one of its own."""
    assert begun(output, Outcome(Hypothesis(output), ()), sentence) == expected


@pytest.mark.parametrize(
    ("source", "output", "before", "lacks"),
    [
        ("واستعرض الجانبان", "the two sides reviewed", "He came, ", True),
        ("وأن الوزير وصل", "that the minister arrived", "He said, ", True),
        ("واستعرض الجانبان", "and the two sides reviewed", "He came, ", False),
        ("واستعرض الجانبان", "reviewing the work", "He came, ", False),
        ("واشنطن تنفي", "Washington denies", "He came, ", False),
        ("استعرض الجانبان", "the two sides reviewed", "He came, ", False),
        ("واستعرض الجانبان", "the two sides reviewed", "He came. ", False),
    ],
)
def test_a_clause_that_goes_on_has_its_and(source: str, output: str, before: str, lacks: bool) -> None:
    """A clause behind a comma that begins with و, and came out as a sentence of its own, is joined."""
    assert lacks_and(source, output, before) is lacks


def test_first_letters_of_terms() -> None:
    """A rendering at the start of a clause has its own capitals."""
    (match,) = Matcher(Termbase.build("t", [Concept(("الأعرجي",), "al-Araji")])).find("الأعرجي")
    outcome = Outcome(Hypothesis("Al-Araji said"), (TermUse(match, Verdict.NATIVE, Span(0, 8), "al-Araji"),))
    assert begun("Al-Araji said", outcome, False) == "al-Araji said"
    assert begun("Al-Araji said", outcome, True) == "Al-Araji said"


def test_cancelled_stops(pipeline: Pipeline) -> None:
    """Once the caller is gone no further window is decoded."""
    with pytest.raises(Cancelled):
        list(pipeline.steps(pipeline.prepare("قال الوزير.", NONE), cancelled=lambda: True))


def test_arbitrary_renderings_are_kept(pipeline: Pipeline) -> None:
    """Renderings that no model would choose are enforced all the same."""
    text = "قال وزير الخارجية العراقي فؤاد حسين إن العراق يدعم الناتو في مجال الأمن السيبراني."
    odd = {
        "وزير الخارجية": "Keeper of the Outer Gate",
        "فؤاد حسين": "Fooad Hosayn",
        "الناتو": "OTAN",
        "الأمن السيبراني": "net-guarding",
        "العراق": "Mesopotamia",
    }
    matcher = Matcher(Termbase.build("t", [Concept((a,), e) for a, e in odd.items()]))
    (pair,) = run(pipeline, text, matcher)
    assert not pair.violated
    assert all(e in pair.translation for e in odd.values())


def test_forbidden_rendering_never_stands(pipeline: Pipeline) -> None:
    """What the model would say itself is kept out once it is forbidden."""
    text = "وصل وفد من العراق إلى مصر."
    (plain,) = run(pipeline, text)
    for word in ("Iraq", "Egypt"):
        if occurrences(word, plain.translation):
            form = {"Iraq": "العراق", "Egypt": "مصر"}[word]
            matcher = Matcher(Termbase.build("t", [Concept((form,), "Xanadu", forbidden=(word,))]))
            (pair,) = run(pipeline, text, matcher)
            assert "Xanadu" in pair.translation
            assert not occurrences(word, pair.translation)


def test_a_kept_term_between_sentences_has_its_verdict(pipeline: Pipeline) -> None:
    """A sentence without Arabic is not translated, but its term is accounted for."""
    matcher = Matcher(Termbase.build("t", [Concept(("iPhone 17",), "iPhone 17", keep=True)]))
    text = "أعلنت الشركة عن هاتفها الجديد. iPhone 17! وقال المدير إنه سعيد."
    (pair,) = run(pipeline, text, matcher)
    (use,) = pair.term_uses
    assert use.verdict is Verdict.NATIVE and use.target and use.target.of(pair.translation) == "iPhone 17"
    assert use.match.span.of(text) == "iPhone 17"


@pytest.mark.parametrize("name", ["النا" + "ـ" * 150 + "تو", "وَزِيرُ الدَّوْلَةِ لِلشُّؤُونِ الْخَارِجِيَّةِ وَالتَّعَاوُنِ الدَّوْلِيِّ"])
def test_a_term_longer_than_a_segment_is_translated(pipeline: Pipeline, name: str) -> None:
    """Fillers and vowel signs cost nothing, and a term is never cut."""
    matcher = Matcher(Termbase.build("t", [Concept((name,), "Rendering")]))
    (pair,) = run(pipeline, f"قَالَ {name} إِنَّ الِاجْتِمَاعَ نَاجِحٌ.", matcher)
    assert [u.verdict is not Verdict.VIOLATED for u in pair.term_uses] == [True]


def test_matching_and_translating_agree_on_paragraphs() -> None:
    """No term reaches over a line end, and spans count from the article's start."""
    matcher = Matcher(Termbase.build("t", [Concept(("حلف الناتو",), "NATO")]))
    text = "قال حلف\nالناتو إن\n\nحلف الناتو باق"
    matches, _ = explain(text, matcher)
    assert [m.span.of(text) for m in matches] == ["حلف الناتو"] and matches[0].span.start > text.index("\n\n")
