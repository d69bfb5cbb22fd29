import numpy as np


def advantages(rewards, values, decay):
    found_t = rewards.dtype.type(0)
    found_all = np.empty_like(rewards)  # (T,)
    for t in reversed(range(rewards.shape[0])):
        found_t = rewards[t] - values[t] + decay * found_t
        found_all[t] = found_t
    return found_all, (decay, found_all)


def advantages_backward(saved, d_found_all):
    decay, found_all = saved
    zeros = np.zeros((), dtype=found_all.dtype)
    d_found_t = found_all.dtype.type(0)
    d_rewards = np.empty_like(found_all)
    d_values = np.empty_like(found_all)
    d_decay = found_all.dtype.type(0)
    for t in range(found_all.shape[0]):
        found_t_prev = found_all[t + 1] if t + 1 < found_all.shape[0] else zeros
        delta = d_found_t + d_found_all[t]
        d_rewards[t] = delta
        d_values[t] = -delta
        d_decay += delta * found_t_prev  # decay is used at every step: add up
        d_found_t = delta * decay
    return d_rewards, d_values, d_decay
