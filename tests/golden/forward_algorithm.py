import numpy as np


def forward_algorithm(scores, moves, first):
    alpha = first + scores[0]         # (K,)
    alpha_2 = alpha                   # (K,)
    a_all = np.empty((scores.shape[0] - 1, *moves.shape), dtype=scores.dtype)
    for t in range(1, scores.shape[0]):
        a = alpha_2[:, None] + moves  # (K, K)
        top = np.max(a, axis=0, keepdims=True)  # (1, K)
        log_sum_exp_a = np.log(np.sum(np.exp(a - top), axis=0, keepdims=True))  # (1, K)
        a_all[t - 1] = a              # (K, K)
        alpha_2 = (top + log_sum_exp_a)[0] + scores[t]
    return alpha_2, (a_all, scores.shape)


def forward_algorithm_backward(saved, d_alpha_2):
    a_all, scores_shape = saved
    d_alpha = d_alpha_2
    delta = np.empty((a_all.shape[0], *d_alpha_2.shape), dtype=a_all.dtype)
    d_moves = np.zeros((a_all.shape[1], a_all.shape[1]), dtype=a_all.dtype)
    for t in reversed(range(1, scores_shape[0])):
        shifted_a_all = a_all[t - 1] - np.max(a_all[t - 1], axis=0, keepdims=True)
        exp_a_all = np.exp(shifted_a_all)
        d_a = exp_a_all / np.sum(exp_a_all, axis=0, keepdims=True) * d_alpha
        delta[t - 1] = d_alpha
        d_moves += d_a  # moves is used at every step: add up
        d_alpha = np.sum(d_a, axis=1)
    d_scores = np.zeros(scores_shape, dtype=a_all.dtype)
    d_scores[0] = d_alpha
    d_scores[1:] = delta
    d_first = d_alpha
    return d_scores, d_moves, d_first
