"""From text requests to tokens and back: the decoder that enforcement works with.

Belongs here: inline tags, token spans, retries of loops and cuts. Must not: know verdicts or pairs.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

from glossary.decoder import Guide, Request
from glossary.spans import Span
from glossary.verify import Hypothesis
from service.backend import Output, Search
from service.model import LoadedModel
from service.tokenizer import TAGS, normalize_source, token_spans

# An output this much longer than its source, in tokens, is running away; no translation in training/authored is.
LONGEST = 1.5
ROOM = 24  # tokens that even the shortest source may take more
BEHIND = 8  # tokens that an output must have room for behind its prefix
NO_REPEAT = 4  # token n-gram size forbidden when a loop is decoded again


@dataclass(frozen=True, slots=True)
class _Source:
    tokens: list[str]
    spans: tuple[Span, ...]


class TextDecoder:
    """Implements `glossary.decoder.Decoder` over a loaded model."""

    def __init__(self, model: LoadedModel, beam_size: int = 4):
        self._model, self._beam = model, beam_size

    @property
    def follows_guides(self) -> bool:
        return self._model.follows_guides

    def decode(self, requests: Sequence[Request]) -> list[list[Hypothesis]]:
        # Options hold for a whole batch, so requests of one kind go together; alternatives are asked for
        # only where terms may need them.
        groups: dict[tuple[tuple[str, ...], int, int], list[int]] = defaultdict(list)
        for i, r in enumerate(requests):
            groups[r.suppress, self._beam if r.prefix or r.suppress else 1, 0].append(i)
        found = self._grouped(requests, groups)
        # A loop or an output that never ends is decoded again without repeats before anyone sees it;
        # a forced one is only one try among several, and is dropped by who asked for it.
        groups.clear()
        for i, r in enumerate(requests):
            if not r.prefix and (found[i][0].cut or loop(found[i][0].text)):
                groups[r.suppress, 1, NO_REPEAT].append(i)
        for i, hypotheses in self._grouped(requests, groups).items():
            found[i] = hypotheses + found[i] if not hypotheses[0].cut else found[i] + hypotheses
        return [found[i] for i in range(len(requests))]

    def _grouped(self, requests: Sequence[Request], groups: Mapping[tuple[tuple[str, ...], int, int], Sequence[int]]) -> dict[int, list[Hypothesis]]:
        """Decode groups of requests by (suppressed texts, n-best, n-gram size not to repeat); small ones must not wait for each other."""
        jobs = [([requests[i] for i in members], *options) for options, members in groups.items()]
        if len(jobs) > 1 and self._model.backend.parallel > 1:
            with ThreadPoolExecutor(self._model.backend.parallel) as pool:
                results = list(pool.map(lambda job: self._run(*job), jobs))
        else:
            results = [self._run(*job) for job in jobs]
        return {i: hypotheses for members, result in zip(groups.values(), results, strict=True) for i, hypotheses in zip(members, result, strict=True)}

    def _run(self, requests: Sequence[Request], suppress: tuple[str, ...], n_best: int, no_repeat: int) -> list[list[Hypothesis]]:
        sources = [self._source(r) for r in requests]
        start = self._model.tokenizer.target_start
        prefixes = [[*start, *(self._model.tokenizer.encode_target(r.prefix) if r.prefix else ())] for r in requests]
        found: list[list[Hypothesis]] = [[Hypothesis(r.prefix, -math.inf, cut=True)] for r in requests]
        most = self._model.max_target_tokens
        members = [i for i, p in enumerate(prefixes) if len(p) + BEHIND <= most]  # the others' prefixes leave no room to go on
        if not members:
            return found
        # Decoded together the sources share the largest limit; each one's own is held against its output.
        wanted = {i: int(LONGEST * _called_for(sources[i].tokens) + len(prefixes[i]) / 2) + ROOM for i in members}
        limits = {i: min(most, max(len(prefixes[i]) + BEHIND, n)) for i, n in wanted.items()}
        search = Search(self._beam, n_best, no_repeat, self._suppressed(suppress), any(r.align for r in requests))
        results = self._model.backend.translate([sources[i].tokens for i in members], [prefixes[i] for i in members], list(limits.values()), search)
        for i, outputs in zip(members, results, strict=True):
            found[i] = [self._hypothesis(sources[i], o, len(start), o.cut or len(o.tokens) > limits[i]) for o in outputs]
        return found

    def _suppressed(self, texts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """Token sequences of these texts, as written and with a first capital changed."""
        forms = dict.fromkeys(v for t in texts for v in (t, t[:1].upper() + t[1:], t[:1].lower() + t[1:]) if v)
        return tuple(tuple(self._model.tokenizer.encode_target(f)) for f in forms)

    def _source(self, request: Request) -> _Source:
        """The tokens of a guided source, and for each its span in the plain one."""
        guides = sorted(request.guides, key=lambda g: g.span)
        while len((source := self._shown(request.source, guides, request.align)).tokens) > self._model.max_target_tokens and guides:
            # Renderings so long that the model has no place for them are left to forcing and repair.
            guides.remove(max(guides, key=lambda g: (g.hint, len(g.rendering))))
        return source

    def _shown(self, text: str, guides: Sequence[Guide], align: bool) -> _Source:
        if not guides and (not align or "<" not in unicodedata.normalize("NFKC", text)):
            tokens = self._model.tokenizer.encode(normalize_source("".join(map(_plain, text))))
            return _Source(tokens, tuple(token_spans(text, tokens)) if align else ())
        shown: list[str] = []
        starts: list[int] = []  # for every character shown, its place in the plain text
        ends: list[int] = []

        def plain(begin: int, end: int) -> None:
            for i, part in enumerate(map(_plain, text[begin:end]), begin):
                shown.append(part)
                starts.extend([i] * len(part))
                ends.extend([i + 1] * len(part))

        at = 0
        for guide in guides:
            plain(at, guide.span.start)
            tagged = f"<t> {guide.form} <u> {guide.rendering} </t>"
            shown.append(tagged)
            starts += [guide.span.start] * len(tagged)
            ends += [guide.span.end] * len(tagged)
            at = guide.span.end
        plain(at, len(text))
        whole = "".join(shown)
        tokens = self._model.tokenizer.encode(normalize_source(whole))
        if not align:
            return _Source(tokens, ())
        last = starts[-1] if starts else 0
        return _Source(tokens, tuple(Span(starts[s.start], ends[s.end - 1]) if len(s) else Span(last, last) for s in token_spans(whole, tokens)))

    def _hypothesis(self, source: _Source, output: Output, skip: int, cut: bool) -> Hypothesis:
        tokens = output.tokens[skip:]
        text = self._model.tokenizer.decode(tokens)
        text = re.sub(r"\s+", " ", text).strip()
        if not source.spans:  # nobody asked for the alignment
            return Hypothesis(text, output.score, cut=cut)
        return Hypothesis(text, output.score, tuple(token_spans(text, tokens)), source.spans, output.attention[skip:], cut)


def _called_for(tokens: Sequence[str]) -> int:
    """How many of the source tokens call for output: a guided term's rendering does, its form and the tags do not."""
    count, form = 0, False
    for token in tokens:
        if token in TAGS:
            form = token == TAGS[0]
        elif not form:
            count += 1
    return count


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """A character of the article; one that could open a tag of ours is set apart, so that it is only a sign."""
    return "< " if unicodedata.normalize("NFKC", char) == "<" else char


def loop(text: str) -> Span | None:
    """Where a stretch of words stands three times in a row ("the city of the city of the city of"), or None."""
    words = [(m.group().strip(".,;:!?\"'()").lower(), m.start(), m.end()) for m in re.finditer(r"\S+", text)]
    for size in range(1, 9):
        run = 0
        for i in range(size, len(words)):
            run = run + 1 if words[i][0] == words[i - size][0] and words[i][0] else 0
            if run >= 2 * size:
                return Span(words[i - run - size + 1][1], words[i][2])
    return None
