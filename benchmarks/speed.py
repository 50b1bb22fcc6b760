"""Speed, as ratios from one run on the same weights.

    python -m benchmarks.speed [--paragraphs 300] [--engine-ratio]

1. The whole pipeline over gRPC against the bare engine's `translate_batch` on the same segments, an article
   in which no segment stands twice; and the seed articles with their glossaries against without. 2. With
   --engine-ratio (needs torch): CTranslate2 against transformers' `generate` on the same segments. 3. Start-up
   to SERVING, and resident memory.
Belongs here: time and memory. Must not: judge quality. Run it with nothing else on the machine.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

import grpc

from benchmarks.terminology import FOLDER, SEEDS, article
from benchmarks.timing import alternately
from glossary.match import Matcher
from glossary.termbase import Termbase
from protos.tarjuman.v1 import translation_pb2, translation_pb2_grpc
from service.backend import Search
from service.backend_ct2 import CTranslate2Backend
from service.model import embedded_folder, load
from service.pipeline import Pipeline
from service.tokenizer import normalize_source

AUTHORED = Path(__file__).parents[1] / "training" / "authored" / "world2.tsv"
NONE = Matcher(Termbase.build("none", ()))


def long_article(paragraphs: int) -> str:
    """Paragraphs of three sentences each from the authored training text, no sentence twice."""
    rows = (line.split("\t")[0] for line in AUTHORED.read_text(encoding="utf-8").splitlines())
    sentences = [s for s in dict.fromkeys(rows) if "{" not in s and s.endswith(".")]
    if len(sentences) < 3 * paragraphs:
        raise SystemExit(f"there is text for {len(sentences) // 3} paragraphs only")
    return "\n".join(" ".join(sentences[3 * i : 3 * i + 3]) for i in range(paragraphs))


def start() -> tuple[subprocess.Popen[str], str, float]:
    """A server process, its address, and the seconds until it served."""
    began = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "service.cli", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline() if server.stdout else ""
    found = re.search(r"serving on (\S+)", line)
    if not found:
        raise SystemExit("the server did not start")
    return server, found.group(1), time.perf_counter() - began


def resident(pid: int) -> float:
    """Resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1000  # type: ignore[union-attr]


def inline(name: str) -> translation_pb2.GlossarySource:
    """A seed's glossary, sent along."""
    content = (FOLDER / f"{name}.glossary.tsv").read_bytes()
    return translation_pb2.GlossarySource(inline=translation_pb2.InlineGlossary(content=content))


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--paragraphs", type=int, default=300)
    ap.add_argument("--repeats", type=int, default=3)
    ap.add_argument("--beam", type=int, default=4)
    ap.add_argument("--engine-ratio", action="store_true", help="also time the transformers engine (needs torch)")
    o = ap.parse_args()
    text = long_article(o.paragraphs)
    loaded = load()
    pipeline = Pipeline(loaded, o.beam)
    segments = [s for paragraph in pipeline.segments(pipeline.prepare(text, NONE)) for s in paragraph]
    tokens = [loaded.tokenizer.encode(normalize_source(s.text)) for s in segments]
    words = sum(len(s.text.split()) for s in segments)
    engine = CTranslate2Backend(embedded_folder() / "ctranslate2")
    translator = engine._translator  # the bare engine, as the pipeline sets it up
    search_options = {"beam_size": o.beam, "max_batch_size": engine.BATCH_TOKENS, "batch_type": "tokens", "max_input_length": 0, "use_vmap": True}
    server, address, seconds = start()
    try:
        stub = translation_pb2_grpc.TranslationServiceStub(grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)]))
        options = translation_pb2.TranslateOptions(beam_size=o.beam)
        request = translation_pb2.TranslateDocumentRequest(text=text, options=options)
        bare, whole = alternately(lambda: translator.translate_batch(tokens, **search_options), lambda: stub.TranslateDocument(request), repeats=o.repeats)
        bare_seeds = [translation_pb2.TranslateDocumentRequest(text=article(name)[0], options=options) for name in SEEDS]
        with_terms = [translation_pb2.TranslateDocumentRequest(text=article(name)[0], options=options, glossary=inline(name)) for name in SEEDS]
        each = lambda requests: lambda: [stub.TranslateDocument(r) for r in requests]
        plain, terms = alternately(each(bare_seeds), each(with_terms), repeats=3 * o.repeats)
        memory = resident(server.pid)
    finally:
        server.terminate()
        server.wait()
    print(
        f"{len(segments)} segments of {words / len(segments):.1f} words, {o.paragraphs} paragraphs, beam {o.beam}, medians of {o.repeats} runs that take turns"
    )
    print(f"bare translate_batch      {bare:7.2f} s   {len(segments) / bare:6.1f} segments/s   {words / 25 / bare:6.1f} x 25 words/s")
    print(f"pipeline over gRPC        {whole:7.2f} s   ratio {whole / bare:.2f}")
    print(f"seeds over gRPC           {plain:7.2f} s   with their glossaries {terms:.2f} s, {100 * (terms / plain - 1):.0f}% more")
    print(f"start to SERVING          {seconds:7.2f} s   resident {memory:.0f} MB after all these")
    if o.engine_ratio:
        part = tokens[:: max(1, len(tokens) // 60)]
        search = Search(o.beam, 1, attention=False)
        none, limits = [()] * len(part), [200] * len(part)
        slow = load(engine="transformers").backend
        run = lambda backend: lambda: backend.translate(part, none, limits, search)
        fast_s, slow_s = alternately(run(engine), run(slow), repeats=o.repeats)
        print(f"transformers generate     {slow_s:7.2f} s   CTranslate2 {fast_s:.2f} s on {len(part)} segments, ratio {slow_s / fast_s:.1f}")


if __name__ == "__main__":
    main()
