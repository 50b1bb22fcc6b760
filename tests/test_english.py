"""English around a rendering."""

from __future__ import annotations

import pytest

from glossary.english import indefinite, mend, occurrences, right_case
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
    start = text.rindex(rendering)
    for span, new in reversed(mend(text, Span(start, start + len(rendering)))):
        text = text[: span.start] + new + text[span.end :]
    assert text == result


def test_right_case() -> None:
    """A word may gain a capital, never lose one."""
    assert right_case("Cybersecurity", "cybersecurity")
    assert right_case("Media Office", "media office")
    assert not right_case("foreign minister", "Foreign Minister")
