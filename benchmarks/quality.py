"""Score a model, or a peer's output file, on a bitext.

    python -m benchmarks.quality BITEXT.tsv [--model PATH] [--output FILE] [--peers FOLDER] [--worst 10]

Prints BLEU and chrF2 with sacreBLEU signatures, one row a system, ours first. BITEXT has Arabic, tab,
English a line. `--output` scores a file of translations instead of decoding; `--peers` a folder of them.
Belongs here: corpus scores. Must not: measure terms (see `terminology`) or time (see `speed`).
"""

from __future__ import annotations

import argparse
import html
import time
from pathlib import Path

from sacrebleu.metrics import BLEU, CHRF

from glossary.match import Matcher
from glossary.termbase import Termbase
from service.model import load
from service.pipeline import Pipeline


def read_bitext(path: Path) -> tuple[list[str], list[str]]:
    """Both sides of a TSV, in order."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    return [r[0] for r in rows], [r[1] for r in rows]


def translate(sources: list[str], model: str, engine: str, beam: int, limit: int = 0, with_lexicon: bool = True) -> list[str]:
    """Every line through the whole pipeline, without terms."""
    loaded = load(model, engine)
    if limit:
        from dataclasses import replace

        loaded = replace(loaded, max_source_tokens=limit)
    pipeline, none = Pipeline(loaded, beam, with_lexicon), Matcher(Termbase.build("none", ()))
    # One article of all lines: a line is a paragraph. Lines are made single lines, none of them empty.
    job = pipeline.prepare("\n".join(" ".join(s.split()) for s in sources), none, unify=False)
    return [p.translation for p in pipeline.pairs(job)]


def score(outputs: list[str], references: list[str]) -> tuple[float, float, str]:
    """BLEU, chrF2, and both signatures."""
    bleu, chrf = BLEU(), CHRF()
    b, c = bleu.corpus_score(outputs, [references]), chrf.corpus_score(outputs, [references])
    return b.score, c.score, f"BLEU {bleu.get_signature()}; chrF2 {chrf.get_signature()}"


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("bitext", type=Path)
    ap.add_argument("--model", default="", help="path or hub id; default: the embedded model")
    ap.add_argument("--engine", default="ctranslate2")
    ap.add_argument("--beam", type=int, default=4)
    ap.add_argument("--limit", type=int, default=0, help="longest segment in source tokens; default: the model's own")
    ap.add_argument("--no-lexicon", action="store_true", help="without the built-in lexicon's hints")
    ap.add_argument("--first", type=int, default=0, help="score only so many lines")
    ap.add_argument("--output", type=Path, help="a file of translations to score instead")
    ap.add_argument("--write", type=Path, help="write our translations here")
    ap.add_argument("--peers", type=Path, help="folder of files with other systems' translations of the same lines")
    ap.add_argument("--worst", type=int, default=0, help="show the segments with the lowest chrF2")
    o = ap.parse_args()
    sources, references = read_bitext(o.bitext)
    if o.first:
        sources, references = sources[: o.first], references[: o.first]
    started = time.perf_counter()
    outputs = o.output.read_text(encoding="utf-8").splitlines() if o.output else translate(sources, o.model, o.engine, o.beam, o.limit, not o.no_lexicon)
    seconds = time.perf_counter() - started
    if o.write:
        o.write.write_text("\n".join(outputs) + "\n", encoding="utf-8")
    name = o.output.name if o.output else o.model or "embedded"
    systems = [(name, outputs)]
    for path in sorted(o.peers.glob("*.en")) if o.peers else ():
        lines = [html.unescape(line) for line in path.read_text(encoding="utf-8").splitlines()]
        systems.append((path.stem, lines[: len(references)]))
    print(f"{o.bitext.name}, {len(references)} segments" + ("" if o.output else f", {seconds:.0f} s"))
    print(f"{'system':32} {'BLEU':>6} {'chrF2':>6}")
    signature = ""
    for system, lines in systems:
        bleu, chrf, signature = score(lines, references)
        print(f"{system:32} {bleu:6.1f} {chrf:6.1f}")
    print(signature)
    if o.worst:
        metric = CHRF()
        ranked = sorted(range(len(outputs)), key=lambda i: metric.sentence_score(outputs[i], [references[i]]).score)
        for i in ranked[: o.worst]:
            print(f"\n{i + 1}\n  {sources[i]}\n  {outputs[i]}\n  {references[i]}")


if __name__ == "__main__":
    main()
