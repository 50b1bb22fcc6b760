"""How well a model alone follows inline renderings, before anything is enforced.

    python -m benchmarks.inline [--model PATH]

On the seeds: every glossary occurrence becomes an inline request. Three modes: no terms, the glossary's
renderings, and random ones (renderings of other entries). Prints the share of renderings present,
exactly as many as asked, and chrF2 against the reference translations.
Belongs here: the model's obedience. Must not: force or repair (see `terminology`).
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from dataclasses import replace

from benchmarks.quality import score
from benchmarks.terminology import SEEDS, article
from glossary.concepts import Concept
from glossary.constrain import Segment, guides_for
from glossary.decoder import Request
from glossary.english import occurrences
from glossary.match import Match
from service.decode import TextDecoder
from service.model import load
from service.pipeline import Pipeline


def followed(text: str, constraints: tuple[Match, ...]) -> tuple[int, int, int]:
    """(asked, present, exactly as often as asked): counts of renderings in one segment."""
    wanted = Counter(c.concept.preferred for c in constraints)
    present = exact = 0
    for rendering, count in wanted.items():
        # A rendering inside a longer one that was asked for as well is no use of its own.
        longer = [s for other in wanted if other != rendering and rendering.lower() in other.lower() for s in occurrences(other, text)]
        here = sum(not any(x.covers(s) for x in longer) for s in occurrences(rendering, text))
        present += min(here, count)
        exact += count if here == count else 0
    return sum(wanted.values()), present, exact


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--model", default="")
    ap.add_argument("--beam", type=int, default=4)
    o = ap.parse_args()
    loaded = load(o.model)
    pipeline, decoder = Pipeline(loaded, o.beam), TextDecoder(loaded, o.beam)
    rnd = random.Random(1)
    print(f"{'mode':10} {'asked':>6} {'present':>8} {'exact':>7} {'chrF2':>6}")
    for mode in ("none", "proper", "random"):
        totals, outputs, references = [0, 0, 0], [], []
        for name in SEEDS:
            text, reference, matcher = article(name)
            pool = [c.preferred for c in matcher.termbase.concepts]

            def other(concept: Concept, pool: list[str] = pool) -> Concept:
                return replace(concept, preferred=rnd.choice(pool))

            for segments, expected in zip(pipeline.segments(pipeline.prepare(text, matcher)), reference, strict=True):
                chosen = list(segments)
                if mode == "random":
                    chosen = [Segment(s.text, tuple(replace(m, concept=other(m.concept)) for m in s.constraints)) for s in segments]
                asked = [Request(s.text, guides_for(s.constraints) if mode != "none" else ()) for s in chosen]
                texts = [h[0].text for h in decoder.decode(asked)]
                for segment, words in zip(chosen, texts, strict=True):
                    totals = [a + b for a, b in zip(totals, followed(words, segment.constraints), strict=True)]
                outputs.append(" ".join(texts))
                references.append(expected)
        asked_count, present, exact = totals
        _, chrf, signature = score(outputs, references)
        print(f"{mode:10} {asked_count:6} {100 * present / asked_count:7.1f}% {100 * exact / asked_count:6.1f}% {chrf:6.1f}")
    print(signature)


if __name__ == "__main__":
    main()
