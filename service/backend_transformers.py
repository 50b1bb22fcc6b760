"""The transformers engine: any Marian, NLLB or M2M checkpoint, on torch.

Belongs here: calls of torch and transformers. Must not: tokenize, or know terms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from service.backend import Output, Search
from service.errors import ModelError


class TransformersBackend:
    """A transformers checkpoint, loaded in 32-bit floats on CPU and 16-bit on CUDA."""

    BATCH = 16

    def __init__(self, folder: Path, device: str = "cpu", threads: int = 0):
        try:
            import torch
            from transformers import AutoModelForSeq2SeqLM
        except ImportError as error:
            raise ModelError(f"the transformers engine needs torch ({error}); install tarjuman[torch]") from error
        self._torch: Any = torch
        if threads:
            torch.set_num_threads(threads)
        try:
            # Eager attention is the kind that returns its weights.
            self._model: Any = AutoModelForSeq2SeqLM.from_pretrained(
                str(folder), dtype=torch.float32 if device == "cpu" else torch.float16, attn_implementation="eager"
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(f"{folder}: transformers cannot load the model ({error}); restore the checkpoint") from error
        self._model.to(device).eval()
        self._ids, self._names = vocabulary(folder)
        self._unknown = self._ids.get("<unk>", 0)

    @property
    def engine(self) -> str:
        return "transformers"

    @property
    def parallel(self) -> int:
        return 1

    def translate(self, sources: Sequence[Sequence[str]], prefixes: Sequence[Sequence[str]], limits: Sequence[int], search: Search) -> list[list[Output]]:
        found: list[list[Output]] = [[] for _ in sources]
        groups: dict[int, list[int]] = defaultdict(list)
        for i, prefix in enumerate(prefixes):
            groups[len(prefix)].append(i)  # one batch needs prefixes of one length
        for members in groups.values():
            members.sort(key=lambda i: len(sources[i]))
            for at in range(0, len(members), self.BATCH):
                batch = members[at : at + self.BATCH]
                outputs = self._batch([sources[i] for i in batch], [prefixes[i] for i in batch], max(limits[i] for i in batch), search)
                for i, output in zip(batch, outputs, strict=True):
                    found[i] = output
        return found

    def _numbers(self, tokens: Sequence[str]) -> list[int]:
        return [self._ids.get(t, self._unknown) for t in tokens]

    def _batch(self, sources: Sequence[Sequence[str]], prefixes: Sequence[Sequence[str]], limit: int, search: Search) -> list[list[Output]]:
        torch, config = self._torch, self._model.config
        pad, end = config.pad_token_id, config.eos_token_id
        width = max(map(len, sources))
        rows = [self._numbers(s) + [pad] * (width - len(s)) for s in sources]
        ids = torch.tensor(rows, device=self._model.device)
        mask = torch.tensor([[1] * len(s) + [0] * (width - len(s)) for s in sources], device=self._model.device)
        begin = [[config.decoder_start_token_id, *self._numbers(p)] for p in prefixes]
        with torch.inference_mode():
            made = self._model.generate(
                input_ids=ids,
                attention_mask=mask,
                decoder_input_ids=torch.tensor(begin, device=self._model.device),
                num_beams=max(search.beam_size, search.n_best),
                num_return_sequences=search.n_best,
                max_length=limit + 1,
                no_repeat_ngram_size=search.no_repeat,
                bad_words_ids=[self._numbers(s) for s in search.suppress] or None,
                forced_eos_token_id=None,
                forced_bos_token_id=None,
                return_dict_in_generate=True,
                output_scores=search.n_best > 1 or search.beam_size > 1,
                do_sample=False,
            )
            sequences = made.sequences
            scores = made.sequences_scores.tolist() if getattr(made, "sequences_scores", None) is not None else [0.0] * len(sequences)
            attention = self._attention(ids, mask, sequences, search.n_best) if search.attention else None
        outputs: list[list[Output]] = []
        for i, source in enumerate(sources):
            ranked = []
            for k in range(i * search.n_best, (i + 1) * search.n_best):
                row = sequences[k].tolist()[1:]
                stop = row.index(end) if end in row else None
                kept = row[:stop] if stop is not None else [t for t in row if t != pad]
                weights = attention[k, : len(kept), : len(source)].tolist() if attention is not None else []
                ranked.append(Output(tuple(self._names[t] for t in kept), scores[k], weights, stop is None))
            outputs.append(ranked)
        return outputs

    def _attention(self, ids: Any, mask: Any, sequences: Any, n_best: int) -> Any:
        """Cross-attention of finished outputs, by one teacher-forced pass: simpler and surer than tracing beams."""
        result = self._model(
            input_ids=ids.repeat_interleave(n_best, 0),
            attention_mask=mask.repeat_interleave(n_best, 0),
            decoder_input_ids=sequences[:, :-1],
            output_attentions=True,
            use_cache=False,
        )
        return result.cross_attentions[-1].float().mean(1)


def vocabulary(folder: Path) -> tuple[dict[str, int], dict[int, str]]:
    """Token to id and back, as the checkpoint's tokenizer has them."""
    from transformers import AutoTokenizer

    ids = dict(AutoTokenizer.from_pretrained(str(folder)).get_vocab())
    return ids, {i: t for t, i in ids.items()}
