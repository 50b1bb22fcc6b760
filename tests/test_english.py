"""English around a rendering."""

from __future__ import annotations

import pytest

from glossary.english import cased, indefinite, mend, occurrences, right_case, swap
from glossary.spans import Span


@pytest.mark.parametrize(
    ("rendering", "text", "count"),
    [
        ("NATO", "NATO's mission, NATO-led, and NATO", 3),
        ("WHO", "those who came to the WHO", 1),
        ("US", "told us about the US", 1),
        ("Iraq", "Iraqi forces in Iraq", 1),
        ("Araji", "al-Araji and Araji", 1),
        ("al-Araji", "Al-Araji said al-Araji", 2),
        ("Foreign Minister", "the foreign minister", 1),
        ("Iraq's capital", "Iraq’s capital", 1),
        ("U.N.", "the U.N. said", 1),
    ],
)
def test_occurrences(rendering: str, text: str, count: int) -> None:
    """Whole words only; acronyms keep their capitals; possessives and hyphens are no obstacle."""
    assert len(occurrences(rendering, text)) == count


@pytest.mark.parametrize(
    ("word", "article"),
    [
        ("envoy", "an"),
        ("minister", "a"),
        ("UN envoy", "a"),
        ("FBI agent", "an"),
        ("MP", "an"),
        ("hour", "an"),
        ("union", "a"),
        ("European", "a"),
        ("NATO", "a"),
    ],
)
def test_indefinite(word: str, article: str) -> None:
    """a or an, by sound."""
    assert indefinite(word) == article


def mended(text: str, rendering: str, person: bool = False) -> str:
    """The text with the small words before the last place of the rendering made right."""
    start = text.rindex(rendering)
    for span, new in reversed(mend(text, Span(start, start + len(rendering)), person)):
        text = text[: span.start] + new + text[span.end :]
    return text


@pytest.mark.parametrize(
    ("text", "rendering", "result"),
    [
        ("He met the the Foreign Minister", "Foreign Minister", "He met the Foreign Minister"),
        ("He met a envoy", "envoy", "He met an envoy"),
        ("The a NATO mission", "NATO mission", "The NATO mission"),
        ("He said. al-Araji left", "al-Araji", "He said. Al-Araji left"),
        ("al-Araji left", "al-Araji", "Al-Araji left"),
        ("He met the Foreign Minister", "Foreign Minister", "He met the Foreign Minister"),
    ],
)
def test_mend(text: str, rendering: str, result: str) -> None:
    """Doubled articles go, a and an agree, a sentence begins with a capital."""
    assert mended(text, rendering) == result


@pytest.mark.parametrize(
    ("text", "rendering", "person", "result"),
    [
        ("The NATO affirmed", "NATO", False, "NATO affirmed"),
        ("ties with the NATO and others", "NATO", False, "ties with NATO and others"),
        ("The NATO mission", "NATO", False, "The NATO mission"),
        ("The WHO said", "WHO", False, "The WHO said"),
        ("The al-Araji said", "al-Araji", True, "Al-Araji said"),
        ("the Sadr movement", "Sadr", True, "the Sadr movement"),
    ],
)
def test_names_that_take_no_article(text: str, rendering: str, person: bool, result: str) -> None:
    """Persons and acronyms spoken as words stand without an article, unless a noun follows."""
    assert mended(text, rendering, person) == result


def test_right_case() -> None:
    """A word may gain a capital, never lose one."""
    assert right_case("Cybersecurity", "cybersecurity")
    assert right_case("Media Office", "media office")
    assert not right_case("foreign minister", "Foreign Minister")


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("He met Iraq's Foreign Minister on Monday", "Iraq's Foreign Minister", "Iraqi Foreign Minister", "He met the Iraqi Foreign Minister on Monday"),
        ("Iraq's Foreign Minister Fuad said", "Iraq's Foreign Minister", "Iraqi Foreign Minister", "Iraqi Foreign Minister Fuad said"),
        ("Iraq's Foreign Minister said", "Iraq's Foreign Minister", "Iraqi Foreign Minister", "The Iraqi Foreign Minister said"),
        ("met the Saudi minister of oil", "Saudi minister of oil", "Saudi Arabia's Oil Minister", "met Saudi Arabia's Oil Minister"),
        ("fighters of the YPG", "YPG", "People's Protection Units", "fighters of the People's Protection Units"),
    ],
)
def test_swap(text: str, old: str, new: str, expected: str) -> None:
    """A possessive brings its own determiner, and the article comes or goes with it."""
    start = text.index(old)
    span, word = swap(text, Span(start, start + len(old)), new)
    assert text[: span.start] + word + text[span.end :] == expected


def test_mixed_capitals_stay() -> None:
    """iPhone keeps its small letter at a sentence's start, al-Araji does not."""
    assert cased("iPhone 17", "", 0) == "iPhone 17"
    assert cased("al-Araji", "", 0) == "Al-Araji"
    assert not mend("iPhone 17 was sold", Span(0, 9))


@pytest.mark.parametrize(
    ("word", "article"), [("unemployment", "an"), ("unidentified", "an"), ("union", "a"), ("unanimous", "a"), ("UNHCR", "a"), ("EU", "an")]
)
def test_articles_before_u(word: str, article: str) -> None:
    """An un- is no you."""
    assert indefinite(word) == article


@pytest.mark.parametrize(
    ("word", "article"),
    [
        ("U.S. official", "a"), ("U.N. envoy", "a"), ("UEFA official", "a"), ("Uruguayan", "a"), ("Utah", "a"), ("8th Brigade", "an"),
        ("18th Division", "an"), ("11-member", "an"), ("180-day", "a"), ("111th", "a"), ("81st", "an"), ("5-year", "a"),
    ],
)  # fmt: skip
def test_articles_before_dots_and_digits(word: str, article: str) -> None:
    """U.S. sounds as US does, and a number as it is read."""
    assert indefinite(word) == article


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The spokesman for the Al-Aqsa Martyrs' Brigades said", "Al-Aqsa Martyrs' Brigades"),
        ("joined the Palestinian Prisoners' Club", "Palestinian Prisoners' Club"),
        ("members of the Lord's Resistance Army", "Lord's Resistance Army"),
    ],
)
def test_owners_that_are_common_nouns_keep_the_article(text: str, name: str) -> None:
    """Only an owner that is a name brings its own determiner."""
    start = text.index(name)
    assert not mend(text, Span(start, start + len(name)))
    owner = "met the Saudi Arabia's Oil Minister"
    assert mend(owner, Span(8, len(owner))) == [(Span(4, 8), "")]
