"""The CTranslate2 engine: int8 on CPU, the default.

Belongs here: calls of ctranslate2. Must not: tokenize, or know terms.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import ctranslate2

from service.backend import Output, Search
from service.errors import ModelError


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class CTranslate2Backend:
    """A converted model, loaded. Safe to call from several threads."""

    # Most tokens in one batch on a CPU: larger ones gain nothing, and make the shortlist longer (benchmarks/speed.py).
    BATCH_TOKENS = 256
    GPU_TOKENS = 8192

    def __init__(self, folder: Path, device: str = "cpu", threads: int = 0):
        kind = "int8" if device == "cpu" else "int8_float16"
        # A batch a core: threads that share one small model's matrices wait for each other most of the time.
        self._cores = (threads or cores()) if device == "cpu" else 1
        try:
            self._translator = ctranslate2.Translator(str(folder), device=device, compute_type=kind, inter_threads=self._cores, intra_threads=1)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{folder}: CTranslate2 cannot load the model ({error}); restore or convert it again") from error

    @property
    def engine(self) -> str:
        return "ctranslate2"

    @property
    def parallel(self) -> int:
        return self._cores

    def translate(self, sources: Sequence[Sequence[str]], prefixes: Sequence[Sequence[str]], limits: Sequence[int], search: Search) -> list[list[Output]]:
        options = {
            "beam_size": max(search.beam_size, search.n_best),
            "num_hypotheses": search.n_best,
            "max_input_length": 0,  # the default of 1024 drops the rest silently
            "no_repeat_ngram_size": search.no_repeat,
            # The checkpoint's shortlist, where it has one. The library confuses tokens outside it in prefixes and suppressed sequences.
            "use_vmap": not (any(prefixes) or search.suppress or search.no_repeat),
            "suppress_sequences": [list(s) for s in search.suppress] or None,
            "return_scores": True,
            "return_attention": search.attention,
            "return_end_token": True,
        }
        waiting: dict[int, ctranslate2.AsyncTranslationResult] = {}
        for batch in self._batches(sources):
            begun = [list(prefixes[i]) for i in batch] if any(prefixes) else None
            given = self._translator.translate_batch(
                [list(sources[i]) for i in batch], begun, max_decoding_length=max(limits[i] for i in batch), asynchronous=True, **options
            )
            waiting.update(zip(batch, given, strict=True))
        found = []
        for i, source in enumerate(sources):
            result = waiting[i].result()
            outputs = []
            for n, tokens in enumerate(result.hypotheses):
                ended = bool(tokens) and tokens[-1] == "</s>"
                kept = tokens[:-1] if ended else tokens
                attention = [row[: len(source)] for row in result.attention[n][: len(kept)]] if search.attention else []
                outputs.append(Output(tuple(kept), result.scores[n], attention, not ended))
            found.append(outputs)
        return found

    def _batches(self, sources: Sequence[Sequence[str]]) -> list[list[int]]:
        """The sources' numbers in batches of like lengths, longest first: as many as keep every core busy, with about equally many tokens."""
        order = sorted(range(len(sources)), key=lambda i: -len(sources[i]))
        total = sum(map(len, sources))
        most = self.BATCH_TOKENS if self._translator.device == "cpu" else self.GPU_TOKENS
        share = total / (max(1, math.ceil(total / (most * self._cores))) * self._cores)
        batches: list[list[int]] = []
        done = 0
        for i in order:
            if done >= len(batches) * share:
                batches.append([])
            batches[-1].append(i)
            done += len(sources[i])
        return batches
