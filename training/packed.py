"""The forward pass and the losses of a transformers `MarianMTModel` over packed (unpadded) sequences.

Belongs here: tensors from token ids to losses. Must not: optimize, or read files (see `train.py`).
Why packed: on CPU cores arithmetic is the limit, and padding costs a third of it. The forward pass
concatenates the tokens of a batch for all linear layers, pads for attention only, and computes the
loss of the output layer chunk by chunk so that logits never leave the cache.
Why guided alignment (Chen et al. 2016, "Guided Alignment Training for Topic-Aware NMT"): statistical
word alignments supervise the last decoder layer's cross-attention. Attention forms earlier, and it is
what the enforcement layer reads to place terms.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from transformers import MarianMTModel


class ChunkedCrossEntropy(torch.autograd.Function):
    """Label-smoothed cross-entropy of an output layer, gradients computed in the forward pass.

    hidden [T, D], weight [C, D], bias [C], target [T] in 0..C-1; returns the mean loss over T (a scalar).
    """

    @staticmethod
    def forward(ctx, hidden, weight, bias, target, smoothing, chunk):  # type: ignore[no-untyped-def]
        count, vocab = hidden.shape[0], weight.shape[0]
        grad_hidden = torch.empty_like(hidden)
        grad_weight = torch.zeros_like(weight)
        total = hidden.new_zeros(())
        low = smoothing / vocab
        kind = hidden.device.type
        product = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
        with torch.autocast(kind, enabled=False):  # the products in what autocast asks for, what is summed over words in 32 bits
            matrix = weight.to(product)
            for start in range(0, count, chunk):
                h, y = hidden[start : start + chunk].to(product), target[start : start + chunk]
                logits = torch.mm(h, matrix.t()).float().add_(bias)
                logsum = logits.logsumexp(1)
                gold = logits.gather(1, y[:, None]).squeeze(1)
                total += (logsum - (1 - smoothing) * gold - smoothing * logits.mean(1)).sum()
                grad = logits.sub_(logsum[:, None]).exp_()
                grad -= low
                grad[torch.arange(len(y)), y] -= 1 - smoothing
                grad = (grad / count).to(product)
                grad_hidden[start : start + chunk] = torch.mm(grad, matrix)
                grad_weight += torch.mm(grad.t(), h)
        ctx.save_for_backward(grad_hidden, grad_weight)
        return total / count

    @staticmethod
    def backward(ctx, scale):  # type: ignore[no-untyped-def]
        grad_hidden, grad_weight = ctx.saved_tensors
        return grad_hidden * scale, grad_weight * scale, None, None, None, None


class Packed:
    """Forward pass of a Marian model over concatenated sequences.

    `loss(batch)` takes [(source ids, target ids, links)] without end symbols and returns the
    cross-entropy and the alignment loss, both in nats a token.
    """

    def __init__(self, model: MarianMTModel, smoothing: float, dropout: float):
        self.model, self.smoothing, self.dropout = model, smoothing, dropout
        self.negatives = 0  # 0: the whole vocabulary competes
        self.config = model.config
        self.heads = model.config.encoder_attention_heads
        self.head_dim = model.config.d_model // self.heads

    def embed(self, ids: torch.Tensor, positions: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        shared = self.model.model.shared
        x = F.embedding(ids, shared.weight) * self.config.d_model**0.5
        return self.drop(x + F.embedding(positions, table))

    def drop(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, self.dropout) if self.dropout else x

    def attend(self, attn, x, x_place, y, y_place, mask, weights=False):  # type: ignore[no-untyped-def]
        """Multi-head attention of packed x over packed y; a place is the padded shape (B, L) and the packed tokens' positions in it."""
        q, k, v = self.padded(attn.q_proj(x), x_place), self.padded(attn.k_proj(y), y_place), self.padded(attn.v_proj(y), y_place)
        probs = None
        # The products are small here: on a CPU converting costs more than bfloat16 gains.
        with torch.autocast(x.device.type, enabled=x.is_cuda and torch.is_autocast_enabled(x.device.type)):
            if weights:
                probs = (q @ k.transpose(2, 3) * self.head_dim**-0.5 + mask).softmax(-1)
                out = probs @ v
            else:
                out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.to(q.dtype))
        (batch, length), flat = x_place
        return attn.out_proj(out.transpose(1, 2).reshape(batch * length, -1)[flat]), probs

    def padded(self, x: torch.Tensor, place: tuple[tuple[int, int], torch.Tensor]) -> torch.Tensor:
        """Packed [T, D] as heads [B, heads, L, D / heads], zero where there is no token."""
        (batch, length), flat = place
        x = x if x.is_cuda else x.float()
        full = x.new_zeros(batch * length, x.shape[1]).index_copy(0, flat, x)
        return full.view(batch, length, self.heads, self.head_dim).transpose(1, 2)

    def feed_forward(self, layer, x):  # type: ignore[no-untyped-def]
        return layer.final_layer_norm(x + self.drop(layer.fc2(F.relu(layer.fc1(x)))))

    def classes(self, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Targets, output weights and bias, over the whole vocabulary or over a sample of it.

        Sampled softmax (Jean et al. 2015): the batch's own words compete, and `negatives` others, whose
        logits are raised to stand for all that were not drawn. On a CPU the output layer is a third of
        all arithmetic; this makes it a fifth of that.
        """
        weight, bias = self.model.model.shared.weight, self.model.final_logits_bias[0]
        if not self.negatives:
            return target, weight, bias
        own, inverse = torch.unique(target, return_inverse=True)
        others = torch.ones(len(weight), dtype=torch.bool, device=weight.device)
        others[own] = False
        rest = others.nonzero().squeeze(1)
        drawn = rest[torch.randperm(len(rest), device=weight.device)[: self.negatives]]
        raised = torch.zeros(len(own) + len(drawn), device=weight.device)
        raised[len(own) :] = np.log(len(rest) / len(drawn))
        chosen = torch.cat([own, drawn])
        return inverse, weight[chosen], bias[chosen] + raised

    def loss(self, batch, device="cpu"):  # type: ignore[no-untyped-def]
        eos, pad = self.config.eos_token_id, self.config.pad_token_id
        sources = [np.append(s, eos) for s, _, _ in batch]
        outputs = [np.append(t, eos) for _, t, _ in batch]
        inputs = [np.append(pad, t) for _, t, _ in batch]
        s_place, s_pos, s_mask = layout([len(x) for x in sources], device)
        t_place, t_pos, _ = layout([len(x) for x in outputs], device)
        causal = torch.full((t_place[0][1],) * 2, -1e9, device=device).triu(1)[None, None]
        place = lambda arrays: torch.from_numpy(np.concatenate(arrays)).to(device)
        core = self.model.model
        x = self.embed(place(sources), s_pos, core.encoder.embed_positions.weight)
        for layer in core.encoder.layers:
            out, _ = self.attend(layer.self_attn, x, s_place, x, s_place, s_mask)
            x = layer.self_attn_layer_norm(x + self.drop(out))
            x = self.feed_forward(layer, x)
        y = self.embed(place(inputs), t_pos, core.decoder.embed_positions.weight)
        for n, layer in enumerate(core.decoder.layers):
            out, _ = self.attend(layer.self_attn, y, t_place, y, t_place, causal)
            y = layer.self_attn_layer_norm(y + self.drop(out))
            last = n == len(core.decoder.layers) - 1
            out, probs = self.attend(layer.encoder_attn, y, t_place, x, s_place, s_mask, weights=last)
            y = layer.encoder_attn_layer_norm(y + self.drop(out))
            y = self.feed_forward(layer, y)
        target, weight, bias = self.classes(place(outputs))
        ce = ChunkedCrossEntropy.apply(y.float(), weight, bias, target, self.smoothing, 512)
        rows, cols, sents, weight = [], [], [], []
        for i, (s, t, links) in enumerate(batch):
            if len(links):
                per_row = np.bincount(links[:, 1], minlength=len(t) + 1)
                rows.append(links[:, 1]), cols.append(links[:, 0]), sents.append(np.full(len(links), i))
                weight.append(1 / per_row[links[:, 1]])
            rows.append([len(t)]), cols.append([len(s)]), sents.append([i]), weight.append([1.0])
        # The last layer's mean over heads is what CTranslate2 returns as attention.
        picked = probs.float().mean(1)[place(sents), place(rows), place(cols)]
        w = place(weight).float()
        return ce, -(w * (picked + 1e-6).log()).sum() / w.sum()


def layout(lengths: list[int], device: str):  # type: ignore[no-untyped-def]
    """For sequences of these lengths the padded shape with the tokens' places in it, their positions, and a mask [B, 1, 1, L]."""
    size = np.array(lengths)
    steps = np.arange(size.max())
    inside = steps[None] < size[:, None]
    flat = np.flatnonzero(inside.reshape(-1))
    positions = np.broadcast_to(steps, inside.shape)[inside]
    mask = np.where(inside, 0.0, -1e9).astype(np.float32)[:, None, None]
    flat, positions, mask = (torch.from_numpy(np.ascontiguousarray(x)).to(device) for x in (flat, positions, mask))
    return (inside.shape, flat), positions, mask
