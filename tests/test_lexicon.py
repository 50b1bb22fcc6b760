"""The built-in lexicon: its file, and hints that are suggested and never enforced."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import pytest

from glossary.concepts import Concept
from glossary.constrain import Segment, translate
from glossary.lexicon import hints, lexicon
from glossary.match import Matcher
from glossary.normalize import fold, fold_term, has_arabic
from glossary.termbase import Termbase
from service.decode import TextDecoder
from service.model import LoadedModel
from service.pipeline import Pipeline
from training import lexicon as source

NOTHING = Matcher(Termbase("none"))
TEXT = "عثر الصيادون على كركدن البحر قرب غرينلاند."  # narwhal


def test_the_file_is_what_its_reader_expects() -> None:
    """Every line has forms, English and a category; no form stands twice; every form is Arabic and long enough to be told from others."""
    lines = [line for line in files("glossary").joinpath("lexicon.tsv").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert len(lines) == len(lexicon().termbase) > 0
    forms = [fold_term(f) for c in lexicon().termbase.concepts for f in c.forms]
    assert len(forms) == len(set(forms))
    assert all(has_arabic(f) and len(f) > 2 for f in forms)
    assert not [c.preferred for c in lexicon().termbase.concepts if has_arabic(c.preferred) or c.preferred != c.preferred.strip()]


def test_most_entries_are_found_where_they_stand() -> None:
    """An entry that its own matcher does not find is of no use."""
    concepts = lexicon().termbase.concepts
    found = sum(any(m.concept is c for m in lexicon().find(f"رأينا {c.forms[0]} هناك")) for c in concepts)
    assert found > 0.97 * len(concepts)


def test_the_model_is_told_what_it_does_not_know(pipeline: Pipeline, loaded: LoadedModel) -> None:
    """A word of the lexicon comes out right, and is no term use: nobody asked for it."""
    (pair,) = pipeline.pairs(pipeline.prepare(TEXT, NOTHING))
    assert "narwhal" in pair.translation
    assert not pair.term_uses
    bare = Pipeline(loaded, beam_size=2, with_lexicon=False)
    assert bare.prepare(TEXT, NOTHING).hints == ((),)


def test_a_hint_reaches_the_model(loaded: LoadedModel) -> None:
    """A rendering that nobody could guess comes out where it is suggested."""
    (match,) = Matcher(Termbase("t", (Concept(("كركدن البحر",), "corplewhale"),))).find(TEXT)
    (outcome,) = translate(TextDecoder(loaded, 2), [Segment(TEXT, hints=(match,))])
    assert "corplewhale" in outcome.hypothesis.text
    assert not outcome.uses


def test_a_model_that_follows_no_guides_gets_no_hints(loaded: LoadedModel) -> None:
    """Tags would be text to it."""
    untagged = Pipeline(replace(loaded, follows_guides=False), beam_size=2)
    job = untagged.prepare(TEXT, NOTHING)
    assert job.hints == ((),)
    assert "|lexicon:none|" in job.signature


@pytest.mark.parametrize(
    "concept", [Concept(("سكين",), "dagger"), Concept(("سكين",), "knife", forbidden=("dagger",)), Concept(("سكين",), "knife", admitted=("dagger",))]
)
def test_no_hint_suggests_what_an_entry_rules(concept: Concept) -> None:
    """What an entry accepts or forbids is counted in the output; a second one by a hint would be one too many."""
    text = "طعنه بخنجر وأخفى السكين"
    matches = Matcher(Termbase.build("t", [concept])).find(text)
    assert "dagger" in [h.concept.preferred for h in hints(text, text, ())]
    assert "dagger" not in [h.concept.preferred for h in hints(text, text, matches)]


def test_a_resumed_article_has_the_same_hints(pipeline: Pipeline) -> None:
    """A stream that goes on gives the pairs it would have given."""
    job = pipeline.prepare(f"وصل الوفد.\n{TEXT}", NOTHING)
    assert list(pipeline.pairs(job))[1:] == list(pipeline.pairs(job, first=1))


def test_renderings_are_plain_letters(loaded: LoadedModel) -> None:
    """What the vocabulary has only as bytes is not copied well."""
    assert [c.preferred for c in lexicon().termbase.concepts if not c.preferred.isascii()] == []
    assert source.plain("Şimşek, Wałęsa, Brâncuși") == "Simsek, Walesa, Brancusi"


def test_a_glossary_goes_before_the_lexicon(pipeline: Pipeline) -> None:
    """What an entry covers gets no hint, and the entry's rendering stands."""
    job = pipeline.prepare(TEXT, Matcher(Termbase.build("t", [Concept(("البحر",), "ocean")])))
    assert "كركدن البحر" not in [h.surface for h in job.hints[0]]
    (pair,) = pipeline.pairs(job)
    assert "narwhal" not in pair.translation
    assert [u.rendering for u in pair.term_uses] == ["ocean"]


def test_the_signature_names_the_lexicon(loaded: LoadedModel) -> None:
    """Equal signatures mean equal hints."""
    on, off = (Pipeline(loaded, with_lexicon=h).prepare(TEXT, NOTHING).signature for h in (True, False))
    assert f"|lexicon:{lexicon().termbase.digest[:12]}|" in on
    assert "|lexicon:none|" in off


@pytest.mark.parametrize(
    ("rendering", "english", "expected"),
    [
        ("dagger", "they drew their daggers.", True),
        ("bird of prey", "a bird of prey circled", True),
        ("camels", "apple unveiled a phone", False),
        ("evaporation", "the water evaporated", True),
        ("ant", "an important elephant", False),
        ("ant", "two ants", True),
        ("ice", "the police", False),
    ],
)
def test_the_corpus_speaks_for_a_rendering_in_any_inflection(rendering: str, english: str, expected: bool) -> None:
    """The check that decides which entries the lexicon keeps."""
    assert source.said(rendering, english) is expected


def test_the_lists_are_read_and_the_file_is_made_of_them() -> None:
    """Every entry of the lexicon comes from a list of ours, with that rendering and category."""
    given = {(fold_term(form), english, category) for form, english, category in source.entries()}
    shown = {(fold_term(f), c.preferred, c.category.value) for c in lexicon().termbase.concepts for f in c.forms}
    assert shown <= given


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("رأى خنجراً", True),
        ("جمع ثلاثين خنجراً", False),
        ("جمع 30 خنجراً", False),
        ("جمع ٣٠ خنجراً", False),
        ("جمع ألف خنجر", False),
        ("جمع مئة خنجر", False),
        ("جمع مئتي خنجر", False),
        ("جمع خمسمئة خنجر", False),
        ("جمع خمسة عشر خنجراً", False),
        ("جمع ثلاثة آلاف خنجر", False),
        ("جمع خمسة ملايين خنجر", False),
        ("جمع ألفي خنجر", False),
        ("جمع خمسة خناجر", True),
        ("جمع 5 خناجر", True),
        ("في المدينة خنجر", True),
        ("الحكومة الإسلامية خنجر", True),
        ("في مياه خنجر", True),
        ("عام 2008 خنجر", True),
        ("في 2008، خنجر", True),
        ("30 للخنجر", True),
    ],
)
def test_a_counted_noun_gets_no_singular_hint(text: str, found: bool) -> None:
    """Thirty daggers have a singular in Arabic; the model knows better than the lexicon."""
    assert [h.concept.preferred for h in hints(text, text, ()) if "dagger" in h.concept.preferred] == (
        ["daggers" if "خناجر" in text else "dagger"] if found else []
    )


def test_a_pronoun_is_no_ending_of_a_noun() -> None:
    """طعنه is "he stabbed him" and not the noun طعنة, where ه and ة are told apart and where they are not."""
    assert not hints("إنه طعنه ثم هرب", "إنه طعنه ثم هرب", ())


def test_terms_fold_as_texts_do() -> None:
    """The short way that terms take when they are folded leads where the long one does."""
    forms = [f for c in lexicon().termbase.concepts for f in c.forms]
    assert [f for f in forms if fold_term(f) != " ".join(fold(f).text.split())] == []
