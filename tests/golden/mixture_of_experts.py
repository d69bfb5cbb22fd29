import numpy as np


def mixture_of_experts(x, experts, router):
    logits = x @ router    # (N, K)
    e = np.exp(logits - np.max(logits, axis=1, keepdims=True))  # (N, K)
    weight = e / np.sum(e, axis=1, keepdims=True)  # (N, K)
    outputs = x @ experts  # (K, N, M)
    return np.sum(weight.T[:, :, None] * outputs, axis=0), (
        x, experts, router, weight, outputs
    )


def mixture_of_experts_backward(saved, d_mixture_of_experts):
    x, experts, router, weight, outputs = saved
    d_weight = np.sum(d_mixture_of_experts * outputs, axis=2).T
    d_outputs = d_mixture_of_experts * weight.T[:, :, None]
    sum_weight_times_d_weight = np.sum(weight * d_weight, axis=1, keepdims=True)
    d_logits = weight * (d_weight - sum_weight_times_d_weight)
    # x was copied to K x M places: add up
    sum_d_outputs_at_experts = np.sum(d_outputs @ np.swapaxes(experts, -2, -1), axis=0)
    # x is read more than once: add what comes back
    d_x = sum_d_outputs_at_experts + d_logits @ router.T
    d_experts = x.T @ d_outputs  # (L, N) @ (K, N, M)
    d_router = x.T @ d_logits    # (L, N) @ (N, K)
    return d_x, d_experts, d_router
