import numpy as np

CONSTANT = np.array([1.  , 0.01], dtype=np.float64)


def rotary_scores(x, wq, wk):
    # (T, 2)
    angle = np.arange(x.shape[0])[:, None].astype(x.dtype) * CONSTANT.astype(x.dtype)
    c = np.cos(angle)  # (T, 2)
    s = np.sin(angle)  # (T, 2)
    u = x @ wq         # (T, 4)
    a = u[:, :2]       # (T, 2)
    b = u[:, 2:]       # (T, 2)
    rotate_out = np.concatenate([a * c - b * s, a * s + b * c], axis=1)  # (T, 4)
    u_2 = x @ wk       # (T, 4)
    a_2 = u_2[:, :2]   # (T, 2)
    b_2 = u_2[:, 2:]   # (T, 2)
    # (T, 4)
    rotate_out_2 = np.concatenate([a_2 * c - b_2 * s, a_2 * s + b_2 * c], axis=1)
    return rotate_out @ rotate_out_2.T, (x, wq, wk, c, s, rotate_out, rotate_out_2)


def rotary_scores_backward(saved, d_rotary_scores):
    x, wq, wk, c, s, rotate_out, rotate_out_2 = saved
    d_rotate_out = d_rotary_scores @ rotate_out_2  # (T, T) @ (T, 4)
    d_b = d_rotate_out[:, 2:] * c - d_rotate_out[:, :2] * s
    # a is read more than once: add the adjoints
    d_a = d_rotate_out[:, 2:] * s + d_rotate_out[:, :2] * c
    # u is read more than once: add the adjoints
    d_u = np.concatenate([d_a, d_b], axis=1)
    d_wq = x.T @ d_u                          # (4, T) @ (T, 4)
    d_rotate_out_2 = d_rotary_scores.T @ rotate_out  # (T, T) @ (T, 4)
    # a is read more than once: add the adjoints
    d_a_2 = d_rotate_out_2[:, 2:] * s + d_rotate_out_2[:, :2] * c
    d_b_2 = d_rotate_out_2[:, 2:] * c - d_rotate_out_2[:, :2] * s
    # u is read more than once: add the adjoints
    d_u_2 = np.concatenate([d_a_2, d_b_2], axis=1)
    # x is read more than once: add the adjoints
    d_x = d_u_2 @ wk.T + d_u @ wq.T
    d_wk = x.T @ d_u_2                        # (4, T) @ (T, 4)
    return d_x, d_wq, d_wk
