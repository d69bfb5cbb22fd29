import numpy as np


def words_loss(words, table, u, v):
    h = np.zeros(table.shape[1], dtype=table.dtype)  # (H,)
    loss = table.dtype.type(0)
    h_all = np.empty((words.shape[0] - 1, *h.shape), dtype=table.dtype)  # (T - 1, H)
    scores_all = np.empty((words.shape[0] - 1, table.shape[0]), dtype=table.dtype)
    for t in range(words.shape[0] - 1):
        h = np.tanh(table[words[t]] + h @ u)  # (H,)
        scores = h @ v                        # (V,)
        shifted_scores = scores - np.max(scores)  # (V,)
        p = np.exp(shifted_scores)            # (V,)
        h_all[t] = h                          # (H,)
        scores_all[t] = scores                # (V,)
        loss = loss - (shifted_scores - np.log(np.sum(p)))[words[t + 1]]
    return loss, (words, u, v, h_all, scores_all)


def words_loss_gradient(saved):
    words, u, v, h_all, scores_all = saved
    zeros = np.zeros((u.shape[0],), dtype=u.dtype)
    d_h = zeros
    d_table = np.zeros((v.shape[1], u.shape[0]), dtype=u.dtype)
    d_u = np.zeros_like(u)
    d_v = np.zeros_like(v)
    for t in reversed(range(h_all.shape[0])):
        h_prev = h_all[t - 1] if t > 0 else zeros
        shifted_scores_all = scores_all[t] - np.max(scores_all[t], keepdims=True)
        exp_scores_all = np.exp(shifted_scores_all)
        d_scores = exp_scores_all / np.sum(exp_scores_all, keepdims=True)
        d_scores[words[t + 1]] -= 1
        # h is read more than once: add what comes back
        d_h = d_h + v @ d_scores
        delta = d_h * (1 - h_all[t] * h_all[t])
        d_table[words[t]] += delta           # table is used at every step: add up
        d_u += delta * h_prev[:, None]       # u is used at every step: add up
        d_v += d_scores * h_all[t][:, None]  # v is used at every step: add up
        d_h = u @ delta                      # (H, H) @ (H,)
    return d_table, d_u, d_v


def words_loss_backward(saved, d_loss=1.0):
    return tuple(d_loss * d for d in words_loss_gradient(saved))
