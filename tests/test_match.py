"""Matching: Arabic boundaries, proclitics, spelling, and never inside another word."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossary import termfile
from glossary.concepts import Category, Concept
from glossary.match import Matcher, MissReason
from glossary.termbase import Termbase
from tests.conftest import SEED_NAMES, SEEDS, seed


def matcher(*entries: str | Concept) -> Matcher:
    concepts = [e if isinstance(e, Concept) else Concept((e,), f"R{n}") for n, e in enumerate(entries)]
    return Matcher(Termbase.build("test", concepts))


def person(form: str) -> Concept:
    return Concept((form,), "Name", Category.PERSON)


@pytest.mark.parametrize(
    ("term", "text", "surface", "proclitic"),
    [
        ("الناتو", "قال الناتو أمس", "الناتو", ""),
        ("الناتو", "والناتو", "الناتو", "و"),
        ("الناتو", "بالناتو", "الناتو", "ب"),
        ("الناتو", "فبالناتو", "الناتو", "فب"),
        ("الناتو", "كالناتو", "الناتو", "ك"),
        ("الناتو", "للناتو", "لناتو", "ل"),
        ("الناتو", "وللناتو", "لناتو", "ول"),
        ("الأمم المتحدة", "وللأمم المتحدة دور", "لأمم المتحدة", "ول"),
        ("اللجنة المركزية", "للجنة المركزية", "لجنة المركزية", "ل"),
        ("لبنان", "وبلبنان", "لبنان", "وب"),
        ("لبنان", "للبنان", "لبنان", "ل"),
        ("وزير", "الوزير", "وزير", "ال"),
        ("وزير", "وبالوزير", "وزير", "وبال"),
        ("وزير", "للوزير", "وزير", "لل"),
        ("أمن سيبراني", "الأمن السيبراني", "الأمن السيبراني", ""),
        ("الأمن القومي", "الامن القومى", "الامن القومى", ""),
        ("الأعرجي", "«الأعرجى» يبحث", "الأعرجى", ""),
        ("الأعرجي", "و«الأعرجي»", "الأعرجي", "و"),
        ("الأعرجي", 'قال"الأعرجي"', "الأعرجي", ""),
        ("حلف الناتو", "في حلف «الناتو» اليوم", "حلف «الناتو»", ""),
        ("حلف الناتو", "«حلف الناتو»", "حلف الناتو", ""),
        ("حلف الناتو", "حَلف  النـــاتو،", "حَلف  النـــاتو", ""),
        ("حلف الناتو", "حلف\nالناتو", "حلف\nالناتو", ""),
        ("حلف الناتو", "حلف\u00a0الناتو", "حلف\u00a0الناتو", ""),
        ("حلف الناتو", "\u202bحلف الناتو\u202c.", "حلف الناتو", ""),
        ("مجموعة 20", "مجموعة ٢٠", "مجموعة ٢٠", ""),
        ("عبد الله الثاني", "الملك عبدالله الثاني", "عبدالله الثاني", ""),
        ("علي", "وصل علي أمس", "علي", ""),
        ("علي", "وعلي", "علي", "و"),
        ("هيئة الأركان", "أمام هيئه الأركان", "هيئه الأركان", ""),
        ("هيئة النزاهة", "وهيأة النزاهة", "هيأة النزاهة", "و"),
        ("الرئيس", "(الرئيس)", "الرئيس", ""),
        ("مُحَمَّد", "محمد", "محمد", ""),
        ("محمد", "مُحَمَّدٌ", "مُحَمَّدٌ", ""),
    ],
)
def test_matches(term: str, text: str, surface: str, proclitic: str) -> None:
    """A term is found in every spelling and behind proclitics, at its exact place."""
    found = matcher(term).find(text)
    assert [(m.surface, m.proclitic) for m in found] == [(surface, proclitic)]
    assert found[0].span.of(text) == surface


@pytest.mark.parametrize(
    ("term", "text", "reason"),
    [
        ("قطر", "سقطت قطرات المطر", MissReason.INSIDE_WORD),
        ("قطر", "قطرية", MissReason.INSIDE_WORD),
        ("قطر", "القطرات", MissReason.INSIDE_WORD),
        ("العراق", "العراقية", MissReason.INSIDE_WORD),
        ("علي", "على الأصعدة كافة", MissReason.FUNCTION_WORD),
        ("علي", "عليه", MissReason.INSIDE_WORD),
        ("ريم", "رجل كريم", MissReason.WHOLE_WORD),
        ("ليد", "السيد وليد", MissReason.WHOLE_WORD),
        ("رنسا", "زار فرنسا", MissReason.WHOLE_WORD),
        ("سام", "السيد بسام", MissReason.WHOLE_WORD),
        ("عدن", "عدنان", MissReason.INSIDE_WORD),
        ("سلام", "إسلام", MissReason.INSIDE_WORD),
        ("ناتو", "كناتون", MissReason.INSIDE_WORD),
    ],
)
def test_no_match(term: str, text: str, reason: MissReason) -> None:
    """Letters that only look like the term are no match, and the miss says why."""
    matches, misses = matcher(term).explain(text)
    assert not matches
    assert reason in {m.reason for m in misses}
    assert all(m.span.of(text) == m.surface for m in misses)


def test_article_makes_another_name() -> None:
    """الحسين is not the person حسين; a common noun may take the article."""
    assert not matcher(person("حسين")).find("زار الحسين")
    assert matcher(Concept(("رئيس",), "president")).find("قال الرئيس")


def test_a_name_of_two_words_is_no_end_of_another() -> None:
    """ريم حسن is not in كريم حسن, and is found behind a proclitic that makes no other name."""
    assert not matcher(person("ريم حسن")).find("قال كريم حسن")
    assert matcher(person("ريم حسن")).find("قالت ريم حسن لريم حسن")


def test_blank_line_ends_a_term() -> None:
    """A term reaches over one line break, never over a blank line or a paragraph separator."""
    assert not matcher("حلف الناتو").find("حلف\u2029الناتو")
    assert not matcher("حلف الناتو").find("حلف\n\nالناتو")


def test_egyptian_spelling_of_a_full_name() -> None:
    """محمد على is محمد علي where the text writes every final yeh undotted, and a preposition elsewhere."""
    m = matcher(person("محمد علي"))
    assert m.find("قال محمد على فى القاهرة")
    assert not m.find("حصل محمد على جائزة في القاهرة")


@pytest.mark.parametrize("text", ["وزيرا الخارجية", "بوزيري الخارجية", "لوزراء الخارجية"])
def test_duals_and_plurals_ask_for_the_plural(text: str) -> None:
    """A dual by rule and a plural by the entry are the concept in its plural rendering."""
    m = matcher(Concept(("وزير الخارجية",), "Foreign Minister", plural="Foreign Ministers", plural_forms=("وزراء الخارجية",)))
    assert [x.concept.preferred for x in m.find(text)] == ["Foreign Ministers"]


@pytest.mark.parametrize(
    ("word", "text"), [("طالب", "حركة طالبان"), ("عدو", "العدوان"), ("عمل", "العملات"), ("زيت", "الزيتون"), ("وزير الخارجية", "وزيرا الخارجية والدفاع")]
)
def test_words_that_only_look_inflected(word: str, text: str) -> None:
    """Taliban are no two students, and the ministers of foreign affairs and defence no foreign ministers."""
    assert not matcher(Concept((word,), "one", plural="many")).find(text)


@pytest.mark.parametrize(("word", "plurals"), [("مهندس", ["مهندسان", "مهندسين", "المهندسون"]), ("شركة", ["شركتان", "للشركات", "شركتين"])])
def test_sound_plurals(word: str, plurals: list[str]) -> None:
    """Endings of a single word; an entry of another concept goes before what a rule gives."""
    m = matcher(Concept((word,), "one", plural="many"))
    assert all(x.concept.preferred == "many" for p in plurals for x in m.find(p)) and all(m.find(p) for p in plurals)
    assert not matcher(Concept((word,), "one")).find(plurals[0])
    other = matcher(Concept((word,), "one", plural="many"), Concept((plurals[0],), "other"))
    assert [x.concept.preferred for x in other.find(plurals[0])] == ["other"]


def test_kept_terms_match_whole_words() -> None:
    """A term that is no Arabic is found in any case and behind a proclitic, never inside a word."""
    m = matcher(Concept(("iPhone",), "iPhone", keep=True))
    assert [x.surface for x in m.find("هاتف iPhone وبـiPhone وiPhones")] == ["iPhone", "iPhone"]


def test_longest_wins_and_nothing_overlaps() -> None:
    """Nested terms: the longer one is the match, the shorter one a miss that says so."""
    m = matcher("وزير الخارجية", "وزير الخارجية العراقي", "الخارجية")
    matches, misses = m.explain("التقى وزير الخارجية العراقي وزير الخارجية")
    assert [x.surface for x in matches] == ["وزير الخارجية العراقي", "وزير الخارجية"]
    assert {x.reason for x in misses} == {MissReason.SHORTER}


@pytest.mark.parametrize("name", SEED_NAMES)
def test_seed_occurrences(name: str) -> None:
    """Every occurrence that a person marked in the seeds is found, and no other."""
    m = Matcher(termfile.read((SEEDS / f"{name}.glossary.tsv").read_bytes(), "tsv", name))
    lines = (SEEDS / f"{name}.terms.tsv").read_text(encoding="utf-8").splitlines()[1:]
    expected = [tuple(line.split("\t")) for line in lines]
    found = [(str(n), x.surface, x.concept.preferred) for n, text in enumerate(seed(name).split("\n"), 1) for x in m.find(text)]
    strip = lambda rows: [(n, s.strip("«»"), r) for n, s, r in rows]
    assert [(n, s.replace("«", "").replace("»", ""), r) for n, s, r in strip(found)] == [
        (n, s.replace("«", "").replace("»", ""), r) for n, s, r in strip(expected)
    ]


WORDS = ["الناتو", "حلف", "الأمن", "القومي", "علي", "على", "قطر", "وقطر", "قطرات", "«الناتو»", "وزير", "للأمم", "المتحدة", "،", "\n", "abc", "٢٠", "🙂"]


@given(st.lists(st.sampled_from(WORDS), max_size=25), st.randoms())
def test_laws(words: list[str], rnd: random.Random) -> None:
    """Spans hold the surface, never overlap, and do not depend on the order of entries."""
    text = " ".join(words)
    terms = ["الناتو", "حلف الناتو", "الأمن القومي", "علي", "قطر", "وزير", "الأمم المتحدة"]
    shuffled = terms[:]
    rnd.shuffle(shuffled)
    build = lambda order: Matcher(Termbase.build("t", [Concept((t,), t) for t in order]))
    found = build(terms).find(text)
    assert found == build(shuffled).find(text)
    assert all(m.span.of(text) == m.surface for m in found)
    assert all(a.span.end <= b.span.start for a, b in itertools.pairwise(found))


@given(st.text(max_size=80))
def test_any_text_survives(text: str) -> None:
    """No input breaks the matcher."""
    for m in matcher("الناتو", "حلف الناتو", "علي").find(text):
        assert m.span.of(text) == m.surface


def test_a_headline_is_read_as_its_article_spells() -> None:
    """What is too short to show whether ة and ي have their dots follows the article; what shows it does not."""
    m = matcher(Concept(("وحدة",), "unit"), person("محمد علي"))
    assert m.find("الرئيس وحده يقرر") and not m.find("الرئيس وحده يقرر", "الرئيس وحده يقرر\nمصير الدولة")
    assert not m.find("محمد على يفوز") and m.find("محمد على يفوز", "محمد على يفوز\nقال فى كلمته")
    assert not m.find("أكد محمد على دوره التاريخي", "أكد محمد على دوره التاريخي\nقال فى كلمته")
