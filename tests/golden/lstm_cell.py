import numpy as np


def lstm_cell(x, h, c, wi, wf, wo, wg, ui, uf, uo, ug, bi, bf, bo, bg):
    i = 1 / (1 + np.exp(-(x @ wi + h @ ui + bi)))  # (N, H)
    f = 1 / (1 + np.exp(-(x @ wf + h @ uf + bf)))  # (N, H)
    o = 1 / (1 + np.exp(-(x @ wo + h @ uo + bo)))  # (N, H)
    g = np.tanh(x @ wg + h @ ug + bg)  # (N, H)
    h_2 = f * c                        # (N, H)
    h_3 = i * g                        # (N, H)
    c_next = h_2 + h_3                 # (N, H)
    tanh_c_next = np.tanh(c_next)      # (N, H)
    h_next = o * tanh_c_next           # (N, H)
    return (h_next, c_next), (x, h, wi, wf, wo, wg, ui, uf, uo, ug, i, f, o, g, h_2, h_3, tanh_c_next, h_next)


def lstm_cell_backward(saved, d_output):
    x, h, wi, wf, wo, wg, ui, uf, uo, ug, i, f, o, g, h_2, h_3, tanh_c_next, h_next = saved
    d_h_next, d_c_next = d_output
    # c_next is read more than once: add the adjoints
    d_c_next_2 = d_c_next + d_h_next * o * (1 - tanh_c_next * tanh_c_next)
    d_c = d_c_next_2 * f
    delta = d_h_next * h_next * (1 - o)
    delta_2 = d_c_next_2 * h_2 * (1 - f)
    delta_3 = d_c_next_2 * h_3 * (1 - i)
    delta_4 = d_c_next_2 * (i - g * h_3)
    d_bg = np.sum(delta_4, axis=0)  # bg was copied to N rows: add up
    # h is read more than once: add the adjoints
    d_h = delta_4 @ ug.T + delta @ uo.T + delta_2 @ uf.T + delta_3 @ ui.T
    d_ug = h.T @ delta_4            # (H, N) @ (N, H)
    # x is read more than once: add the adjoints
    d_x = delta_4 @ wg.T + delta @ wo.T + delta_2 @ wf.T + delta_3 @ wi.T
    d_wg = x.T @ delta_4            # (D, N) @ (N, H)
    d_bo = np.sum(delta, axis=0)    # bo was copied to N rows: add up
    d_uo = h.T @ delta              # (H, N) @ (N, H)
    d_wo = x.T @ delta              # (D, N) @ (N, H)
    d_bf = np.sum(delta_2, axis=0)  # bf was copied to N rows: add up
    d_uf = h.T @ delta_2            # (H, N) @ (N, H)
    d_wf = x.T @ delta_2            # (D, N) @ (N, H)
    d_bi = np.sum(delta_3, axis=0)  # bi was copied to N rows: add up
    d_ui = h.T @ delta_3            # (H, N) @ (N, H)
    d_wi = x.T @ delta_3            # (D, N) @ (N, H)
    return d_x, d_h, d_c, d_wi, d_wf, d_wo, d_wg, d_ui, d_uf, d_uo, d_ug, d_bi, d_bf, d_bo, d_bg
