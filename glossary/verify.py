"""Verification: which constraints a hypothesis meets, and at which place.

Belongs here: hypotheses, term uses, verdicts, and the assignment of renderings to constraints.
Must not: decode or change text (see `constrain`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from glossary.english import LEADING, cased, occurrences, right_case
from glossary.match import Match
from glossary.spans import Span

FAINT = 0.1  # attention of a word to a source span below which it says nothing about it
# What hangs on a noun and is no part of it: a possessive, a participle behind a hyphen (Iranian-backed).
_TAIL = re.compile(r"(?<=\w)(?:['’]s?|-(?:backed|led|based|born|run|made|held|controlled|sponsored|style|wide|aligned|affiliated|funded|allied|owned))$")


class Verdict(Enum):
    """What became of one constraint."""

    NATIVE = "native"  # the model wrote the rendering unasked
    GUIDED = "guided"  # the model was shown the rendering and wrote it
    FORCED = "forced"  # decoding was made to pass through the rendering
    REPAIRED = "repaired"  # the rendering was put in place of the words aligned with the term
    VIOLATED = "violated"  # the rendering is missing, or stands too often


@dataclass(frozen=True)
class Hypothesis:
    """One raw output of the model for one segment, with its alignment.

    `score` is the mean log probability a token (nats, <= 0). `targets[t]` is the span in `text` of
    token t, `sources[s]` the span in the segment of source token s; `attention[t][s]` >= 0, rows sum
    to about 1, or is empty where the engine gives none. `cut`: the output hit the length limit.
    """

    text: str
    score: float = 0.0
    targets: tuple[Span, ...] = ()
    sources: tuple[Span, ...] = ()
    attention: Sequence[Sequence[float]] = ()
    cut: bool = False

    def mass(self, source: Span) -> list[float]:
        """For every target token the attention that lies on the source span."""
        inside = [s for s, span in enumerate(self.sources) if span.overlaps(source)]
        return [sum(row[s] for s in inside) for row in self.attention]

    def support(self, target: Span, source: Span) -> float:
        """How far the attention backs that `target` renders `source`; 0 to 1."""
        inside = [s for s, span in enumerate(self.sources) if span.overlaps(source)]
        picked = [sum(row[s] for s in inside) for row, span in zip(self.attention, self.targets, strict=False) if span.overlaps(target)]
        return sum(picked) / len(picked) if picked else 0.0

    def words(self, source: Span) -> list[tuple[Span, float]]:
        """The words of the text in order, punctuation off their ends, each with its strongest attention to the source span."""
        found: list[tuple[Span, float]] = []
        for target, mass in zip(self.targets, self.mass(source), strict=False):
            start = self.word_start(target.start)
            end = start
            while end < len(self.text) and not self.text[end].isspace():
                end += 1
            start += len(self.text[start:end]) - len(self.text[start:end].lstrip("\"'“‘("))
            word = self.text[start:end].rstrip(",;:!?\"'”’)")
            word = word if "." in word[:-1] else word.rstrip(".\"'”’)")  # the last dot of U.N. is its own
            end = start + len(_TAIL.sub("", word))
            if end > start:
                if found and found[-1][0].start == start:
                    found[-1] = (found[-1][0], max(found[-1][1], mass))
                else:
                    found.append((Span(start, end), mass))
        return found

    def aligned(self, source: Span, taken: Sequence[Span] = (), least: float = FAINT) -> list[Span]:
        """Stretches of words that render the source span, best first: the peak with its neighbours, the peak alone.

        `taken` places are left out; empty when no word has more than `least` of its attention there.
        """
        words = [w for w in self.words(source) if not any(w[0].overlaps(t) for t in taken)]
        if not words:
            return []
        top = max(range(len(words)), key=lambda i: words[i][1])
        peak = words[top][1]
        if peak <= least:  # spread over the whole sentence
            return []

        def joined(a: int, b: int) -> bool:
            return not self.text[words[a][0].end : words[b][0].start].strip()

        first = last = top
        # Half of the peak: the threshold that kept whole names together on the seeds.
        while first > 0 and words[first - 1][1] >= peak / 2 and joined(first - 1, first):
            first -= 1
        while last + 1 < len(words) and words[last + 1][1] >= peak / 2 and joined(last, last + 1):
            last += 1
        # A preposition or article at the edge renders a proclitic, and stays: "affected [by the] situation".
        while first < top and words[first][0].of(self.text).lower() in LEADING:
            first += 1
        while last > top and words[last][0].of(self.text).lower() in LEADING:
            last -= 1
        return list(dict.fromkeys((Span(words[first][0].start, words[last][0].end), words[top][0])))

    def word_start(self, position: int) -> int:
        """The start of the word at `position`, or of the next one when it is white space."""
        while position < len(self.text) and self.text[position].isspace():
            position += 1
        while position > 0 and not self.text[position - 1].isspace():
            position -= 1
        return position

    def edit(self, span: Span, new: str) -> Hypothesis:
        """The hypothesis with `new` in place of `span`; tokens inside the span stand for all of it."""
        by = len(new) - len(span)
        moved = Span(span.start, span.start + len(new))
        targets = tuple(t if t.end <= span.start else t.shift(by) if t.start >= span.end else moved for t in self.targets)
        return Hypothesis(self.text[: span.start] + new + self.text[span.end :], self.score, targets, self.sources, self.attention, self.cut)


@dataclass(frozen=True, slots=True)
class TermUse:
    """What became of one constraint: exactly one for every match.

    `match` lies in the segment, `target` in the translation (None when violated by absence).
    `rendering` is the accepted rendering that stands there, `admitted` that it is not the preferred one.
    `reason` says what is wrong with a violated term.
    """

    match: Match
    verdict: Verdict
    target: Span | None = None
    rendering: str = ""
    admitted: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Verification:
    """A hypothesis held against its constraints. `placed[i]` answers constraint i, None where unmet.

    `surplus`: accepted renderings that stand once more than the source asks. `forbidden`: renderings
    that must not stand, longest first.
    """

    placed: tuple[tuple[Span, str] | None, ...]
    surplus: tuple[tuple[Span, str], ...]
    forbidden: tuple[tuple[Span, str], ...]
    miscased: tuple[tuple[Span, str], ...]

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(i for i, place in enumerate(self.placed) if place is None)

    @property
    def taken(self) -> list[Span]:
        """Where the renderings stand that answer a constraint, in the order of the constraints."""
        return [place[0] for place in self.placed if place]

    @property
    def faults(self) -> int:
        """How many things are wrong; 0 when every constraint is met."""
        return len(self.missing) + len(self.surplus) + len(self.forbidden)


def verify(hypothesis: Hypothesis, constraints: Sequence[Match]) -> Verification:
    """Count accepted renderings in the hypothesis and give each constraint its own, as attention backs it."""
    text = hypothesis.text
    found: list[tuple[Span, str]] = []
    wanted = dict.fromkeys(r for c in constraints for r in c.concept.accepted)
    banned = dict.fromkeys(r for c in constraints for r in c.concept.forbidden)
    every = [(span, r, True) for r in wanted for span in occurrences(r, text)]
    every += [(span, r, False) for r in banned if r.casefold() not in {w.casefold() for w in wanted} for span in occurrences(r, text)]
    forbidden: list[tuple[Span, str]] = []
    # Longest first: NATO inside "NATO mission" belongs to the mission.
    for span, rendering, good in sorted(every, key=lambda x: (-len(x[0]), x[0].start, x[1] != x[0].of(text), x[1])):
        if not any(span.overlaps(s) for s, _ in (*found, *forbidden)):
            (found if good else forbidden).append((span, rendering))
    found.sort()
    placed = _assign(hypothesis, constraints, found)
    claimed = {place[0] for place in placed if place}
    unclaimed = [f for f in found if f[0] not in claimed]
    # A rendering inside a longer name that renders something else is no repetition: Prime Minister, beside the Minister.
    surplus = tuple(f for f in unclaimed if not (_part_of_a_name(text, f[0]) and renders_another_word(hypothesis, f[0], constraints)))
    headline = all(w[0].isupper() for w in re.findall("[A-Za-z]{4,}", text))
    miscased = tuple(p for p in placed if p and not (right_case if headline else _exact)(p[0].of(text), cased(p[1], text, p[0].start)))
    return Verification(placed, surplus, tuple(sorted(forbidden)), miscased)


def _exact(found: str, rendering: str) -> bool:
    """Whether `found` is the rendering letter by letter, whichever apostrophe it has."""
    return found.replace("’", "'") == rendering.replace("’", "'")


def _assign(hypothesis: Hypothesis, constraints: Sequence[Match], found: list[tuple[Span, str]]) -> tuple[tuple[Span, str] | None, ...]:
    """A maximum matching of constraints to places (Kuhn 1955), better-backed pairs first."""
    text = hypothesis.text
    edges: list[list[int]] = []
    own: dict[tuple[int, int], str] = {}  # a constraint's own spelling of the rendering at a place
    for rank, c in enumerate(constraints):
        options = []
        accepted = c.concept.accepted
        for j, (span, rendering) in enumerate(found):
            exact = rendering if rendering in accepted else next((r for r in accepted if r.casefold() == rendering.casefold()), None)
            if exact is not None:
                own[rank, j] = exact
                backing = hypothesis.support(span, c.span)
                if backing < 0.05 and _part_of_a_name(text, span) and renders_another_word(hypothesis, span, constraints):
                    continue  # "Minister" in "Prime Minister" renders another word than this one
                order = abs(rank / max(1, len(constraints)) - j / max(1, len(found)))
                weight = backing + (0.2 if exact == c.concept.preferred else 0) - 0.3 * order
                options.append((-weight, j))
        edges.append([j for _, j in sorted(options)])
    owner: dict[int, int] = {}

    def claim(i: int, seen: set[int]) -> bool:
        for j in edges[i]:
            if j not in seen:
                seen.add(j)
                if j not in owner or claim(owner[j], seen):
                    owner[j] = i
                    return True
        return False

    for i in range(len(constraints)):
        claim(i, set())
    result: list[tuple[Span, str] | None] = [None] * len(constraints)
    for j, i in owner.items():
        result[i] = (found[j][0], own[i, j])
    return tuple(result)


def _part_of_a_name(text: str, span: Span) -> bool:
    """Whether it and the word right before or after have capitals: the rendering may belong to a longer name."""
    return text[span.start].isupper() and bool(re.search(r"\b[A-Z]\w+ $", text[: span.start]) or re.match(r" [A-Z]\w+", text[span.end :]))


def renders_another_word(hypothesis: Hypothesis, target: Span, constraints: Sequence[Match]) -> bool:
    """Whether most of the attention of the words at `target` lies on words outside every constraint (the end symbol is none)."""
    tokens = [row for row, span in zip(hypothesis.attention, hypothesis.targets, strict=False) if span.overlaps(target)]
    outside = [n for n, span in enumerate(hypothesis.sources) if len(span) and not any(span.overlaps(c.span) for c in constraints)]
    return bool(tokens) and sum(row[n] for row in tokens for n in outside) / len(tokens) > 0.5
