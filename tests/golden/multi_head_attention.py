import numpy as np


def multi_head_attention(x, wq, wk, wv, wo):
    u = x @ wq                                # (N, T, 6)
    q = np.swapaxes(u.reshape((x.shape[0], x.shape[1], 2, 3)), 1, 2)  # (N, 2, T, 3)
    u_2 = x @ wk                              # (N, T, 6)
    k = np.swapaxes(u_2.reshape((x.shape[0], x.shape[1], 2, 3)), 1, 2)  # (N, 2, T, 3)
    u_3 = x @ wv                              # (N, T, 6)
    v = np.swapaxes(u_3.reshape((x.shape[0], x.shape[1], 2, 3)), 1, 2)  # (N, 2, T, 3)
    s = q @ np.swapaxes(k, -2, -1) / 1.7320508075688772  # (N, 2, T, T)
    e = np.exp(s - np.max(s, axis=3, keepdims=True))  # (N, 2, T, T)
    h = e / np.sum(e, axis=3, keepdims=True)  # (N, 2, T, T)
    y = h @ v                                 # (N, 2, T, 3)
    reshape_y = np.swapaxes(y, 1, 2).reshape(x.shape)  # (N, T, 6)
    return reshape_y @ wo, (x, wq, wk, wv, wo, q, k, v, h, reshape_y)


def multi_head_attention_backward(saved, d_multi_head_attention):
    x, wq, wk, wv, wo, q, k, v, h, reshape_y = saved
    reshape_d_multi_head_attention = d_multi_head_attention.reshape((x.shape[0] * x.shape[1], 6))
    delta = (d_multi_head_attention @ wo.T).reshape((x.shape[0], x.shape[1], 2, 3))
    d_y = np.swapaxes(delta, 1, 2)
    d_h = d_y @ np.swapaxes(v, -2, -1)      # (N, 2, T, 3) @ (N, 2, 3, T)
    reshape_x = x.reshape(reshape_d_multi_head_attention.shape)
    reshape_reshape_y = reshape_y.reshape(reshape_d_multi_head_attention.shape)
    d_wo = reshape_reshape_y.T @ reshape_d_multi_head_attention  # (6, N*T) @ (N*T, 6)
    d_v = np.swapaxes(h, -2, -1) @ d_y      # (N, 2, T, T) @ (N, 2, T, 3)
    d_s = h * (d_h - np.sum(d_h * h, axis=3, keepdims=True))
    delta_2 = d_s / 1.7320508075688772
    d_q = delta_2 @ k                       # (N, 2, T, T) @ (N, 2, T, 3)
    d_k = np.swapaxes(delta_2, -2, -1) @ q  # (N, 2, T, T) @ (N, 2, T, 3)
    d_u_3 = np.swapaxes(d_v, 1, 2).reshape(x.shape)
    d_u = np.swapaxes(d_q, 1, 2).reshape(x.shape)
    d_u_2 = np.swapaxes(d_k, 1, 2).reshape(x.shape)
    d_x = d_u_3 @ wv.T + d_u_2 @ wk.T + d_u @ wq.T  # x is read more than once: add the adjoints
    reshape_d_v = np.swapaxes(d_v, 1, 2).reshape(reshape_d_multi_head_attention.shape)
    d_wv = reshape_x.T @ reshape_d_v        # (6, N*T) @ (N*T, 6)
    reshape_d_k = np.swapaxes(d_k, 1, 2).reshape(reshape_d_multi_head_attention.shape)
    d_wk = reshape_x.T @ reshape_d_k        # (6, N*T) @ (N*T, 6)
    reshape_d_q = np.swapaxes(d_q, 1, 2).reshape(reshape_d_multi_head_attention.shape)
    d_wq = reshape_x.T @ reshape_d_q        # (6, N*T) @ (N*T, 6)
    return d_x, d_wq, d_wk, d_wv, d_wo
