"""A GPT-2 forward pass and its loss in plain NumPy, as public repositories write it."""

import numpy as np


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def layer_norm(x, g, b, eps=1e-5):
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.var(x, axis=-1, keepdims=True)
    return g * (x - mean) / np.sqrt(variance + eps) + b


def linear(x, w, b):
    return x @ w + b


def ffn(x, c_fc, c_proj):
    return linear(gelu(linear(x, **c_fc)), **c_proj)


def attention(q, k, v, mask):
    return softmax(q @ k.T / np.sqrt(q.shape[-1]) + mask) @ v


def mha(x, c_attn, c_proj, n_head):
    x = linear(x, **c_attn)
    qkv = np.split(x, 3, axis=-1)
    heads = [np.split(part, n_head, axis=-1) for part in qkv]
    causal_mask = (1 - np.tri(x.shape[0])) * -1e10
    out = [attention(q, k, v, causal_mask) for q, k, v in zip(*heads, strict=True)]
    return linear(np.hstack(out), **c_proj)


def transformer_block(x, mlp, attn, ln_1, ln_2, n_head):
    x = x + mha(layer_norm(x, **ln_1), **attn, n_head=n_head)
    x = x + ffn(layer_norm(x, **ln_2), **mlp)
    return x


def gpt2(inputs, wte, wpe, blocks, ln_f, n_head):
    x = wte[inputs] + wpe[range(len(inputs))]
    for block in blocks:
        x = transformer_block(x, **block, n_head=n_head)
    return layer_norm(x, **ln_f) @ wte.T


def gpt2_loss(inputs, targets, wte, wpe, blocks, ln_f, n_head=4):
    logits = gpt2(inputs, wte, wpe, blocks, ln_f, n_head)
    p = softmax(logits)
    return -np.mean(np.log(p[np.arange(len(targets)), targets]))


def init_params(blocks, width, words, longest, rng):
    """Draw parameters as GPT-2 does: normal, a fiftieth wide; gains are 1."""

    def linear_params(inputs, outputs):
        w = rng.normal(size=(inputs, outputs)) * 0.02
        return {"w": w, "b": np.zeros(outputs)}

    def norm_params():
        return {"g": np.ones(width), "b": np.zeros(width)}

    return {
        "wte": rng.normal(size=(words, width)) * 0.02,
        "wpe": rng.normal(size=(longest, width)) * 0.02,
        "blocks": [
            {
                "mlp": {
                    "c_fc": linear_params(width, 4 * width),
                    "c_proj": linear_params(4 * width, width),
                },
                "attn": {
                    "c_attn": linear_params(width, 3 * width),
                    "c_proj": linear_params(width, width),
                },
                "ln_1": norm_params(),
                "ln_2": norm_params(),
            }
            for _ in range(blocks)
        ],
        "ln_f": norm_params(),
    }
