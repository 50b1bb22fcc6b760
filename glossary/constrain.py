"""Enforcement: guide, verify, replace, force, insert, and a verdict for every constraint.

Belongs here: the ladder. Must not: know models, tokens or gRPC.

The ladder and why it has this order: a guided model writes the rendering with the right grammar
around it (Dinu et al. 2019, "Training NMT to Apply Terminology Constraints"). Where it does not, the words
that the attention clearly gives to the term are replaced: that costs no decoding and leaves the rest of
the sentence as the model wrote it. Where the attention is not clear, decoding is forced through the
rendering (Hokamp and Liu 2017), which finds a place for it but bends what follows; insertion is the last
resort. Each step is taken only for what the steps before it missed; a rendering too many is taken out.
benchmarks/terminology.py compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from glossary.concepts import Category
from glossary.decoder import Decoder, Guide, Request
from glossary.english import cased, mend, swap, without
from glossary.match import Match
from glossary.spans import Span
from glossary.verify import FAINT, Hypothesis, TermUse, Verdict, Verification, renders_another_word, verify

MAX_ROUNDS = 5  # of decoding again; a round mends one thing in every segment, in one batch
CLEAR = 0.3  # attention of a word to a term above which the word renders it
PLACES = 2  # positions tried for one missing term


@dataclass(frozen=True, slots=True)
class Segment:
    """A text for the model, and the constraints in it; match spans count from the segment's start.

    `mentions`: other places whose rendering someone will look for, so attention is wanted. `uniform` names the entries that stand
    more than once in the article: there an admitted rendering gives way to the preferred one. `hints` are renderings to be
    suggested to the model, clear of the constraints; nobody looks whether it follows them.
    """

    text: str
    constraints: tuple[Match, ...] = ()
    mentions: tuple[Match, ...] = ()
    uniform: frozenset[str] = frozenset()
    hints: tuple[Match, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The final hypothesis of a segment and one term use a constraint, in the order of the constraints."""

    hypothesis: Hypothesis
    uses: tuple[TermUse, ...]


@dataclass
class _State:
    segment: Segment
    request: Request
    best: Hypothesis
    seen: Verification
    forced: set[int] = field(default_factory=set)
    repaired: set[int] = field(default_factory=set)
    given_up: set[int] = field(default_factory=set)
    tried: set[Request] = field(default_factory=set)  # decodings without what must not stand

    def consider(self, candidates: Sequence[Hypothesis]) -> bool:
        """Take the best candidate if it has fewer faults than what stands; say whether one was taken."""
        whole = [h for h in candidates if h.text and (not h.cut or self.best.cut)]
        pick = min(_checked(self.segment, whole), key=lambda p: (p[1].faults, -p[0].score), default=None)
        if pick is None or pick[1].faults >= self.seen.faults:
            return False
        self.best, self.seen = pick
        return True


def guides_for(constraints: Sequence[Match], hints: Sequence[Match] = ()) -> tuple[Guide, ...]:
    """The inline requests for these constraints and hints."""
    asked = tuple(Guide(c.span, c.form, c.concept.preferred) for c in constraints)
    return asked + tuple(Guide(h.span, h.form, h.concept.preferred, hint=True) for h in hints)


def translate(decoder: Decoder, segments: Sequence[Segment]) -> list[Outcome]:
    """Translate segments so that every constraint is met or reported; same order."""
    plain = [Request(s.text, align=bool(s.constraints or s.mentions)) for s in segments]
    asked = [replace(r, guides=guides_for(s.constraints, s.hints)) for r, s in zip(plain, segments, strict=True)] if decoder.follows_guides else plain
    states = _first(decoder, segments, asked)
    for state in states:
        _replace(state)
    for _ in range(MAX_ROUNDS):
        if not _round(decoder, states):
            break
    for state in states:
        _repair(state)
    return list(map(_outcome, states))


def _checked(segment: Segment, hypotheses: Sequence[Hypothesis]) -> list[tuple[Hypothesis, Verification]]:
    """The hypotheses, renderings of this segment's constraints given their right capitals, and what each of them meets."""
    found = []
    for raw in hypotheses:
        hypothesis, seen = raw, verify(raw, segment.constraints)
        if seen.miscased:
            for span, rendering in reversed(seen.miscased):
                hypothesis = hypothesis.edit(span, cased(rendering, hypothesis.text, span.start))
            seen = verify(hypothesis, segment.constraints)
        found.append((hypothesis, seen))
    return found


def _first(decoder: Decoder, segments: Sequence[Segment], requests: Sequence[Request]) -> list[_State]:
    """Per segment the n-best hypothesis with the fewest faults; the model's own order decides between equals."""
    states = []
    for segment, request, hypotheses in zip(segments, requests, decoder.decode(requests) if requests else [], strict=True):
        if segment.constraints:
            best, seen = min(_checked(segment, hypotheses), key=lambda p: p[1].faults)
        else:
            best, seen = hypotheses[0], Verification((), (), (), ())
        states.append(_State(segment, request, best, seen))
    return states


def _round(decoder: Decoder, states: Sequence[_State]) -> bool:
    """Decode every faulty segment once more: without what must not stand, or else through the first missing rendering.

    False when nothing was left to try.
    """
    jobs: list[tuple[_State, int | None, list[Request]]] = []
    for state in states:
        if requests := _without(state):
            jobs.append((state, None, requests))
        elif (index := next((i for i in state.seen.missing if i not in state.given_up), None)) is not None:
            jobs.append((state, index, _through(state, index)))
    if not jobs:
        return False
    results = iter(decoder.decode([r for _, _, requests in jobs for r in requests]))
    for state, index, requests in jobs:
        hypotheses = [h for _ in requests for h in next(results)]
        if index is not None:
            hypotheses = [h for h in hypotheses if not h.cut and verify(h, state.segment.constraints).placed[index] is not None]
        if state.consider(hypotheses):
            # What stands behind the new prefix has been decoded anew.
            prefix = max((len(r.prefix) for r in requests if state.best.text.startswith(r.prefix)), default=0)
            kept = {i for i, p in enumerate(state.seen.placed) if p and p[0].end <= prefix}
            state.forced, state.repaired = (state.forced & kept) | ({index} if index is not None else set()), state.repaired & kept
        elif index is not None:
            state.given_up.add(index)
    return True


def _without(state: _State) -> list[Request]:
    """Requests to go on from the first forbidden or surplus rendering with that suppressed; none where it has been tried."""
    bad = sorted((*state.seen.forbidden, *state.seen.surplus))
    if not bad:
        return []

    def said(places: Sequence[tuple[Span, str]]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(t for span, r in places for t in (r, span.of(state.best.text))))

    start = bad[0][0].start
    if bad[0] in state.seen.surplus:  # the first of two equal renderings stays
        same = [p[0].start for p in state.seen.placed if p and p[1] == bad[0][1] and p[0].start > start]
        start = same[0] if same else start
    prefix = state.best.text[:start].rstrip()
    requests = [replace(state.request, prefix=prefix, suppress=said(bad))]
    if state.seen.forbidden and prefix:
        requests.append(replace(state.request, suppress=said(state.seen.forbidden)))
    new = [r for r in requests if r not in state.tried]
    state.tried.update(new)
    return new


def _through(state: _State, index: int) -> list[Request]:
    """Requests whose output begins with what stands before a place for the missing rendering, and the rendering."""
    requests = []
    for start in _places(state, index):
        before = state.best.text[:start]
        rendering = cased(state.segment.constraints[index].concept.preferred, before, len(before))
        prefix = _mended(before + rendering, Span(len(before), len(before) + len(rendering)))
        requests.append(replace(state.request, prefix=prefix))
    return requests


def _replace(state: _State) -> None:
    """Put missing renderings in place of the words that the attention clearly gives to their terms, and take out surplus ones."""
    for index in state.seen.missing:
        _put(state, index, CLEAR)
    # A second "health" that renders الصحية is not taken out but decoded again: another word may say it.
    while surplus := [s for s in state.seen.surplus if not renders_another_word(state.best, s[0], state.segment.constraints)]:
        if not any(_removed(state, span, rendering) for span, rendering in surplus):
            break


def _repair(state: _State) -> None:
    """The last resort: put missing renderings where their terms are likeliest, or else between words, and take out what must not stand."""
    for _ in range(state.seen.faults):
        if not (
            any(_put(state, index, FAINT) or _inserted(state, index) for index in state.seen.missing)
            or any(_removed(state, span, rendering) for span, rendering in (*state.seen.surplus, *state.seen.forbidden))
        ):
            return


def _put(state: _State, index: int, least: float) -> bool:
    """Put a missing rendering in place of a forbidden one of its concept, or of words with more than `least` of their attention on the term."""
    constraint = state.segment.constraints[index]
    taken = state.seen.taken
    forbidden = [span for span, r in state.seen.forbidden if r in constraint.concept.forbidden]
    for span in (*forbidden, *state.best.aligned(constraint.span, taken, least)):
        if state.consider([state.best.edit(*swap(state.best.text, span, constraint.concept.preferred))]):
            state.repaired.add(index)
            return True
    return False


def _inserted(state: _State, index: int) -> bool:
    """Put a missing rendering between words, set apart by white space, behind another rendering by a comma."""
    text = state.best.text
    taken = state.seen.taken
    at = _by_order(state, index)
    at = max((t.end for t in taken if t.start < at < t.end), default=at)
    before = ", " if any(t.end == at for t in taken) else " " if at and not text[at - 1].isspace() else ""
    new = before + cased(state.segment.constraints[index].concept.preferred, text, at) + (" " if at < len(text) and text[at].isalnum() else "")
    if not state.consider([state.best.edit(Span(at, at), new)]):
        return False
    state.repaired.add(index)
    return True


def _removed(state: _State, span: Span, rendering: str) -> bool:
    """Take a surplus or forbidden rendering out with the small words that only led to it; False if that mends nothing."""
    owner = _nearest(state, span, rendering)
    if not state.consider([state.best.edit(without(state.best.text, span), "")]):
        return False
    if owner is not None:
        state.repaired.add(owner)
    return True


def _places(state: _State, index: int) -> list[int]:
    """Word starts in the best hypothesis where the missing term may go, best-aligned first."""
    taken = state.seen.taken
    starts: dict[int, float] = {}
    for target, mass in zip(state.best.targets, state.best.mass(state.segment.constraints[index].span), strict=False):
        start = state.best.word_start(target.start)
        if not any(t.start < start < t.end or t.start == start for t in taken):
            starts[start] = max(starts.get(start, 0.0), mass)
    ranked = sorted(starts, key=lambda s: (-starts[s], s))[:PLACES]
    return ranked or [_by_order(state, index)]


def _by_order(state: _State, index: int) -> int:
    """Without attention: right after the rendering of the constraint before, or at the proportional place."""
    before = [p[0].end for p in state.seen.placed[:index] if p]
    text = state.best.text
    if before:
        return state.best.word_start(min(len(text), max(before) + 1))
    share = state.segment.constraints[index].span.start / max(1, len(state.segment.text))
    return state.best.word_start(round(share * len(text)))


def _mended(text: str, span: Span) -> str:
    for edit, new in reversed(mend(text, span)):
        text = text[: edit.start] + new + text[edit.end :]
    return text


def _nearest(state: _State, span: Span, rendering: str) -> int | None:
    """The constraint whose surplus or forbidden rendering stands at `span`: of its concept, the nearest."""
    own = [i for i, c in enumerate(state.segment.constraints) if rendering in (*c.concept.accepted, *c.concept.forbidden)]
    return min(own, key=lambda i: abs(p[0].start - span.start) if (p := state.seen.placed[i]) else 0, default=None)


def _unify(state: _State) -> None:
    """Exchange admitted renderings of entries that the article uses more than once for the preferred ones."""
    constraints = state.segment.constraints
    for i, c in enumerate(constraints):
        place = state.seen.placed[i]
        if place and c.concept.id in state.segment.uniform and place[1] not in (c.concept.preferred, c.concept.plural):
            changed = state.best.edit(*swap(state.best.text, place[0], c.concept.preferred))
            seen = verify(changed, constraints)
            now = seen.placed[i]
            if now and now[1] == c.concept.preferred and seen.faults <= state.seen.faults:
                state.best, state.seen = changed, seen
                state.repaired.add(i)


def _outcome(state: _State) -> Outcome:
    _unify(state)
    first = Verdict.GUIDED if state.request.guides else Verdict.NATIVE
    best, seen = state.best, state.seen
    names = [c.concept.category is Category.PERSON for c in state.segment.constraints]
    placed = sorted(((p[0], n) for p, n in zip(seen.placed, names, strict=True) if p), reverse=True)
    for span, name in placed:
        for edit, new in reversed(mend(best.text, span, name)):
            # The A of "Hepatitis A" before another rendering is no article.
            if not any(edit.overlaps(other) for other, _ in placed if other != span):
                best = best.edit(edit, new)
    if best is not state.best:
        mended = verify(best, state.segment.constraints)
        best, seen = (best, mended) if mended.faults <= seen.faults else (state.best, seen)
    uses = []
    for i, (constraint, place) in enumerate(zip(state.segment.constraints, seen.placed, strict=True)):
        accepted = {r.casefold() for r in constraint.concept.accepted}
        banned = [r for _, r in seen.forbidden if r in constraint.concept.forbidden]
        extra = [r for _, r in seen.surplus if r.casefold() in accepted]
        if place is None:
            uses.append(TermUse(constraint, Verdict.VIOLATED, reason="the rendering is missing"))
            continue
        span, rendering = place
        verdict = Verdict.REPAIRED if i in state.repaired else Verdict.FORCED if i in state.forced else first
        reason = f"the forbidden rendering {banned[0]!r} stands" if banned else f"{extra[0]!r} stands more often than the source asks" if extra else ""
        uses.append(TermUse(constraint, Verdict.VIOLATED if reason else verdict, span, rendering, rendering != constraint.concept.preferred, reason))
    return Outcome(best, tuple(uses))
