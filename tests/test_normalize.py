"""Folding: what counts as the same letters, and the way back to the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossary.normalize import fold, fold_term

ARABIC = st.text(alphabet="ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءأإآؤئ ًٌٍَُِّْـ«»\"'()،.؟0123٤٥٦abcXYZ\n\t\u00a0\u200f\u202b\ufefb", max_size=60)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("الأعرجي", "الأعرجى"),
        ("الأمن", "الامن"),
        ("إلى", "الي"),
        ("آثار", "اثار"),
        ("اللجنة", "اللجنه"),
        ("مُشيرًا", "مشيرا"),
        ("العـــراق", "العراق"),
        ("مسؤول", "مسوول"),
        ("رئيس", "رييس"),
        ("٢٠٢٤", "2024"),
        ("۲۰۲۴", "2024"),
        ("الأمم\u00a0المتحدة", "الامم المتحده"),
        ("الأمم  المتحدة", "الأمم المتحدة"),
        ("حلف «الناتو»", "حلف الناتو"),
        ("\u200fالناتو\u200f", "الناتو"),
        ("عبد الله", "عبدالله"),
        ("وعبد الرحمن", "وعبدالرحمن"),
        ("ﻻ", "لا"),
    ],
)
def test_spellings_fold_together(one: str, other: str) -> None:
    """Two ways to write a word have one folded form."""
    assert fold_term(one) == fold_term(other)


@pytest.mark.parametrize(("one", "other"), [("قطر", "قطرات"), ("على", "عن"), ("سوريا", "سورية الجديدة"), ("حسن", "حسين")])
def test_words_stay_apart(one: str, other: str) -> None:
    """Folding never joins different words."""
    assert fold_term(one) != fold_term(other)


@given(ARABIC)
def test_offsets_are_monotone_and_inside(text: str) -> None:
    """Offsets never decrease and always lie in the text."""
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends) == len(folded.quoted)
    assert list(folded.starts) == sorted(folded.starts)
    assert all(0 <= s < e <= len(text) for s, e in zip(folded.starts, folded.ends, strict=True))


@given(ARABIC)
def test_folding_is_idempotent(text: str) -> None:
    """A folded text folds to itself."""
    once = fold(text).text
    assert fold(once).text == once


@given(ARABIC)
def test_each_character_folds_from_its_place(text: str) -> None:
    """What stands at a character's offset folds to that character, beside its neighbours (ئ is و before و)."""
    folded = fold(text)
    for i, char in enumerate(folded.text):
        if not char.isspace():
            assert char in fold(text[max(0, folded.starts[i] - 1) : folded.ends[i] + 1]).text
