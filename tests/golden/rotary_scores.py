import numpy as np

CONSTANT = np.array([1.  , 0.01], dtype=np.float64)


def rotate(u, c, s):
    a = u[:, :2]  # (T, 2)
    b = u[:, 2:]  # (T, 2)
    out = np.concatenate([a * c - b * s, a * s + b * c], axis=1)  # (T, 4)
    return out, (c, s)


def rotate_backward(saved, d_out):
    c, s = saved
    # a is read more than once: add what comes back
    d_a = d_out[:, 2:] * s + d_out[:, :2] * c
    d_b = d_out[:, 2:] * c - d_out[:, :2] * s
    d_u = np.concatenate([d_a, d_b], axis=1)
    return d_u


def rotary_scores(x, wq, wk):
    angle = np.arange(x.shape[0])[:, None].astype(x.dtype) * CONSTANT.astype(x.dtype)
    c = np.cos(angle)  # (T, 2)
    s = np.sin(angle)  # (T, 2)
    u = x @ wq         # (T, 4)
    u_2 = x @ wk       # (T, 4)
    rotate_out, saved_rotate = rotate(u, c, s)  # (T, 4)
    rotate_out_2, saved_rotate_2 = rotate(u_2, c, s)  # (T, 4)
    return rotate_out @ rotate_out_2.T, (
        x, wq, wk, saved_rotate, rotate_out, saved_rotate_2, rotate_out_2
    )


def rotary_scores_backward(saved, d_rotary_scores):
    x, wq, wk, saved_rotate, rotate_out, saved_rotate_2, rotate_out_2 = saved
    d_u = rotate_backward(saved_rotate, d_rotary_scores @ rotate_out_2)
    d_wq = x.T @ d_u                 # (4, T) @ (T, 4)
    d_u_2 = rotate_backward(saved_rotate_2, d_rotary_scores.T @ rotate_out)
    d_x = d_u_2 @ wk.T + d_u @ wq.T  # x is read more than once: add what comes back
    d_wk = x.T @ d_u_2               # (4, T) @ (T, 4)
    return d_x, d_wq, d_wk
