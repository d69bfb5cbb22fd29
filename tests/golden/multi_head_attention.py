import numpy as np


def multi_head_attention(x, wq, wk, wv, wo):
    u = x @ wq           # (N, T, 6)
    q = np.swapaxes(u.reshape((x.shape[0], x.shape[1], 2, 3)), 1, 2)  # (N, 2, T, 3)
    u_2 = x @ wk         # (N, T, 6)
    k = np.swapaxes(u_2.reshape((x.shape[0], x.shape[1], 2, 3)), 1, 2)  # (N, 2, T, 3)
    u_3 = x @ wv         # (N, T, 6)
    v = np.swapaxes(u_3.reshape((x.shape[0], x.shape[1], 2, 3)), 1, 2)  # (N, 2, T, 3)
    s = q @ np.swapaxes(k, -2, -1) / 1.7320508075688772  # (N, 2, T, T)
    e = np.exp(s - np.max(s, axis=3, keepdims=True))  # (N, 2, T, T)
    softmax_out = e / np.sum(e, axis=3, keepdims=True)  # (N, 2, T, T)
    y = softmax_out @ v  # (N, 2, T, 3)
    split_y = np.swapaxes(y, 1, 2).reshape(x.shape)  # (N, T, 6)
    return split_y @ wo, (x, wq, wk, wv, wo, q, k, v, softmax_out, split_y)


def multi_head_attention_backward(saved, d_multi_head_attention):
    x, wq, wk, wv, wo, q, k, v, softmax_out, split_y = saved
    d_turned_y = (d_multi_head_attention @ wo.T).reshape((x.shape[0], x.shape[1], 2, 3))
    d_y = np.swapaxes(d_turned_y, 1, 2)
    d_softmax_out = d_y @ np.swapaxes(v, -2, -1)  # (N, 2, T, 3) @ (N, 2, 3, T)
    rows_of_x = x.reshape((x.shape[0] * x.shape[1], 6))
    reshaped = d_multi_head_attention.reshape((x.shape[0] * x.shape[1], 6))
    d_wo = split_y.reshape(rows_of_x.shape).T @ reshaped  # (6, N*T) @ (N*T, 6)
    d_v = np.swapaxes(softmax_out, -2, -1) @ d_y  # (N, 2, T, T) @ (N, 2, T, 3)
    sum_product = np.sum(d_softmax_out * softmax_out, axis=3, keepdims=True)
    d_s = softmax_out * (d_softmax_out - sum_product)
    d_q_at_k = d_s / 1.7320508075688772
    d_q = d_q_at_k @ k                       # (N, 2, T, T) @ (N, 2, T, 3)
    d_k = np.swapaxes(d_q_at_k, -2, -1) @ q  # (N, 2, T, T) @ (N, 2, T, 3)
    d_u_3 = np.swapaxes(d_v, 1, 2).reshape(x.shape)
    d_u = np.swapaxes(d_q, 1, 2).reshape(x.shape)
    d_u_2 = np.swapaxes(d_k, 1, 2).reshape(x.shape)
    # x is read more than once: add what comes back
    d_x = d_u_3 @ wv.T + d_u_2 @ wk.T + d_u @ wq.T
    rows_of_d_v = np.swapaxes(d_v, 1, 2).reshape(rows_of_x.shape)
    d_wv = rows_of_x.T @ rows_of_d_v         # (6, N*T) @ (N*T, 6)
    rows_of_d_k = np.swapaxes(d_k, 1, 2).reshape(rows_of_x.shape)
    d_wk = rows_of_x.T @ rows_of_d_k         # (6, N*T) @ (N*T, 6)
    rows_of_d_q = np.swapaxes(d_q, 1, 2).reshape(rows_of_x.shape)
    d_wq = rows_of_x.T @ rows_of_d_q         # (6, N*T) @ (N*T, 6)
    return d_x, d_wq, d_wk, d_wv, d_wo
