import numpy as np


def lstm_cell(x, h, c, wi, wf, wo, wg, ui, uf, uo, ug, bi, bf, bo, bg):
    i = 1 / (1 + np.exp(-(x @ wi + h @ ui + bi)))  # (N, H)
    f = 1 / (1 + np.exp(-(x @ wf + h @ uf + bf)))  # (N, H)
    o = 1 / (1 + np.exp(-(x @ wo + h @ uo + bo)))  # (N, H)
    g = np.tanh(x @ wg + h @ ug + bg)  # (N, H)
    f_times_c = f * c                  # (N, H)
    i_times_g = i * g                  # (N, H)
    c_next = f_times_c + i_times_g     # (N, H)
    tanh_c_next = np.tanh(c_next)      # (N, H)
    h_next = o * tanh_c_next           # (N, H)
    return (h_next, c_next), (
        x, h, wi, wf, wo, wg, ui, uf, uo, ug, i, f, o, g, f_times_c, i_times_g,
        tanh_c_next, h_next,
    )


def lstm_cell_backward(saved, d_output):
    (
        x, h, wi, wf, wo, wg, ui, uf, uo, ug, i, f, o, g, f_times_c, i_times_g,
        tanh_c_next, h_next,
    ) = saved
    d_h_next, d_c_next = d_output
    # c_next is read more than once: add what comes back
    d_c_next_2 = d_h_next * (o - tanh_c_next * h_next) + d_c_next
    d_c = d_c_next_2 * f
    d_pre_o = d_h_next * h_next * (1 - o)
    d_pre_f = d_c_next_2 * f_times_c * (1 - f)
    d_pre_i = d_c_next_2 * i_times_g * (1 - i)
    d_pre_g = d_c_next_2 * (i - g * i_times_g)
    d_bg = np.sum(d_pre_g, axis=0)  # bg was copied to N rows: add up
    # h is read more than once: add what comes back
    d_h = d_pre_g @ ug.T + d_pre_o @ uo.T + d_pre_f @ uf.T + d_pre_i @ ui.T
    d_ug = h.T @ d_pre_g            # (H, N) @ (N, H)
    # x is read more than once: add what comes back
    d_x = d_pre_g @ wg.T + d_pre_o @ wo.T + d_pre_f @ wf.T + d_pre_i @ wi.T
    d_wg = x.T @ d_pre_g            # (D, N) @ (N, H)
    d_bo = np.sum(d_pre_o, axis=0)  # bo was copied to N rows: add up
    d_uo = h.T @ d_pre_o            # (H, N) @ (N, H)
    d_wo = x.T @ d_pre_o            # (D, N) @ (N, H)
    d_bf = np.sum(d_pre_f, axis=0)  # bf was copied to N rows: add up
    d_uf = h.T @ d_pre_f            # (H, N) @ (N, H)
    d_wf = x.T @ d_pre_f            # (D, N) @ (N, H)
    d_bi = np.sum(d_pre_i, axis=0)  # bi was copied to N rows: add up
    d_ui = h.T @ d_pre_i            # (H, N) @ (N, H)
    d_wi = x.T @ d_pre_i            # (D, N) @ (N, H)
    return (
        d_x, d_h, d_c, d_wi, d_wf, d_wo, d_wg, d_ui, d_uf, d_uo, d_ug, d_bi, d_bf, d_bo,
        d_bg,
    )
