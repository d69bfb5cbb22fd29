import numpy as np


def returns_backwards(rewards, gamma):
    value = rewards.dtype.type(0)
    value_all = np.empty_like(rewards)  # (T,)
    for t in reversed(range(rewards.shape[0])):
        value = rewards[t] + gamma * value
        value_all[t] = value
    return value, (gamma, value_all)


def returns_backwards_gradient(saved):
    gamma, value_all = saved
    d_value = value_all.dtype.type(1)
    d_rewards = np.empty_like(value_all)
    d_gamma = value_all.dtype.type(0)
    for t in range(value_all.shape[0]):
        value_prev = value_all[t + 1] if t + 1 < value_all.shape[0] else 0.0
        d_rewards[t] = d_value
        d_gamma += d_value * value_prev  # gamma is used at every step: add up
        d_value = d_value * gamma
    return d_rewards, d_gamma


def returns_backwards_backward(saved, d_value=1.0):
    return tuple(d_value * d for d in returns_backwards_gradient(saved))
