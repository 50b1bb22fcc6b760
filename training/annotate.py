"""Terminology annotation: `<t> source term <u> rendering </t>` in the source, the rendering in the target.

Belongs here: choosing terms, renderings that are often not the usual ones, and the word links of the
changed pair. Must not: decide how many pairs are annotated (see `prepare`).

A rendering the model would choose anyway teaches it nothing about obedience; so most are bent
(a spelling changed, "Minister of X" for "X Minister") or exchanged for another name. Dinu et al. 2019;
Bergmanis and Pinnis 2021, "Facilitating Terminology Translation with Target Lemma Annotations".
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from service.tokenizer import token_spans
from training.slots import Mark, MarkedPair

Links = list[tuple[int, int]]


class Annotator:
    """Turns marked pairs into annotated ones. `others` gives a rendering of something else entirely; the others cut a side into tokens."""

    def __init__(self, rnd: random.Random, others: Callable[[], str], cut_source: Callable[[str], list[str]], cut_target: Callable[[str], list[str]]):
        self.rnd, self.others, self.cut_source, self.cut_target = rnd, others, cut_source, cut_target

    def rendering(self, usual: str) -> str:
        """The usual rendering (one in three), a bent one, or another's."""
        r, words = self.rnd.random(), usual.split()
        office = re.match(r"(?:(\S+) )?(.+) Minister$", usual)
        if r < 0.35:
            return usual
        if r < 0.5 and office:
            return f"{office[1] + ' ' if office[1] else ''}Minister of {office[2]}"
        if r < 0.7:
            i = self.rnd.randrange(len(words))
            letters = list(words[i])
            if len(letters) > 3:
                letters.insert(self.rnd.randrange(1, len(letters)), self.rnd.choice("aeiouhy"))
            return " ".join([*words[:i], "".join(letters), *words[i + 1 :]])
        return self.others()

    def annotate(self, pair: MarkedPair, marks: Sequence[Mark], old: tuple[list[str], list[str], Links]) -> tuple[list[str], list[str], Links]:
        """The tokens of the annotated pair, cut anew, and their links; without marks only the cut is new.

        `old` are the plain pair's tokens and links. Links outside the terms are carried over by place; each
        rendering token of the source is linked to its copy in the target.
        """
        chosen = {m: self.rendering(pair.target[slice(*m.target)]) for m in marks}
        source, source_map, shown = _rewrite(pair.source, [(m.source, f"<t> {_whole(pair.source, m)} <u> ", chosen[m], " </t>") for m in marks])
        target, target_map, copies = _rewrite(pair.target, [(m.target, "", chosen[m], "") for m in marks])
        new_source, new_target = self.cut_source(source), self.cut_target(target)
        spans_s, spans_t = token_spans(source, new_source), token_spans(target, new_target)
        links: set[tuple[int, int]] = set()
        by_source = _by_char(pair.source, old[0])
        by_target = _by_char(pair.target, old[1])
        now_source = _token_at(len(source), spans_s)
        now_target = _token_at(len(target), spans_t)
        for s, t in old[2]:
            for i in by_source.get(s, ()):
                for j in by_target.get(t, ()):
                    a, b = source_map.get(i), target_map.get(j)
                    if a is not None and b is not None and now_source[a] is not None and now_target[b] is not None:
                        links.add((now_source[a], now_target[b]))  # type: ignore[arg-type]
        for m in marks:
            (a, length), (b, _) = shown[m.source], copies[m.target]
            for k in range(length):
                x, y = now_source[a + k], now_target[b + k]
                if x is not None and y is not None:
                    links.add((x, y))
        return new_source, new_target, sorted(links)


def _whole(source: str, mark: Mark) -> str:
    """The term's dictionary form: behind لـ the article gets its alef back."""
    start, end = mark.source
    form = source[start:end]
    if form.startswith("ل") and re.search(r"(?:^|\s)[وف]?ل$", source[:start]):
        return "ا" + form
    return form


def _rewrite(text: str, changes: Sequence[tuple[tuple[int, int], str, str, str]]) -> tuple[str, dict[int, int], dict[tuple[int, int], tuple[int, int]]]:
    """Replace spans by before + rendering + after; returns the text, a map of kept characters, and where renderings stand."""
    out, at = "", 0
    kept: dict[int, int] = {}
    placed: dict[tuple[int, int], tuple[int, int]] = {}
    for span, before, rendering, after in sorted(changes):
        for i in range(at, span[0]):
            kept[i] = len(out) + i - at
        out += text[at : span[0]] + before
        placed[span] = (len(out), len(rendering))
        out += rendering + after
        at = span[1]
    for i in range(at, len(text)):
        kept[i] = len(out) + i - at
    return out + text[at:], kept, placed


def _by_char(text: str, tokens: Sequence[str]) -> dict[int, tuple[int, ...]]:
    """The characters of each token."""
    return {n: tuple(range(s.start, s.end)) for n, s in enumerate(token_spans(text, tokens)) if len(s)}


def _token_at(length: int, spans: Sequence) -> list[int | None]:  # type: ignore[type-arg]
    found: list[int | None] = [None] * (length + 1)
    for n, span in enumerate(spans):
        for i in range(span.start, span.end):
            found[i] = n
    return found


def phrase_marks(pair: MarkedPair, tokens: tuple[list[str], list[str]], links: Links, rnd: random.Random, known: Sequence[Mark] = ()) -> list[Mark]:
    """Word groups whose links lead to one word group and back, as terms: the phrase extraction of Koehn et al. 2003.

    They come on top of the `known` marks; a sentence gets about one term in eight words, as news with a glossary has.
    """
    source, target = token_spans(pair.source, tokens[0]), token_spans(pair.target, tokens[1])
    found = list(known)
    words = [m.span() for m in re.finditer(r"[^\s«»\"،.؛:()!?؟]+", pair.source)]
    most = max(1, rnd.randint(len(words) // 12, 1 + len(words) // 6))
    for _ in range(3 * most):
        if len(found) >= most or not words:
            break
        first = rnd.randrange(len(words))
        start, end = words[first][0], words[min(len(words) - 1, first + rnd.randrange(3))][1]
        if re.search(r"[«»\"،.؛:()!?؟]", pair.source[start:end]) or any(start < m.source[1] and m.source[0] < end for m in found):
            continue
        inside = {n for n, s in enumerate(source) if start <= s.start < end}
        there = sorted({t for s, t in links if s in inside})
        if not there or any(s not in inside for s, t in links if there[0] <= t <= there[-1]):
            continue
        low, high = target[there[0]].start, target[there[-1]].end
        while low > 0 and not pair.target[low - 1].isspace():
            low -= 1
        while high < len(pair.target) and (pair.target[high].isalnum() or pair.target[high] in "'-"):
            high += 1
        words_there = pair.target[low:high].strip()
        if (
            not words_there
            or len(words_there.split()) > min(5, len(pair.target.split()) / 2)
            or re.search(r"[\"“”.,;:()!?]", words_there)
            or words_there.lower() in ("the", "a", "of", "to")
        ):
            continue
        cut = re.match(r"(?:the|a|an) ", pair.target[low:high], re.I)
        low += cut.end() if cut else 0
        if not any(low < m.target[1] and m.target[0] < high for m in found) and high > low:
            found.append(Mark((start, end), (low, high)))
    return found
