import numpy as np


def matrix_factorisation(u, v, ratings, seen):
    h = ratings - u @ v.T  # (N, M)
    error = seen * h       # (N, M)
    h_2 = np.sum(error ** 2) + 0.01 * (np.sum(u ** 2) + np.sum(v ** 2))
    return h_2, (u, v, seen, h, error)


def matrix_factorisation_gradient(saved):
    u, v, seen, h, error = saved
    d_error = 2 * error
    d_seen = d_error * h
    d_ratings = d_error * seen
    delta = -d_ratings
    d_u = delta @ v + 0.02 * u    # u is read more than once: add the adjoints
    d_v = delta.T @ u + 0.02 * v  # v is read more than once: add the adjoints
    return d_u, d_v, d_ratings, d_seen


def matrix_factorisation_backward(saved, d_matrix_factorisation=1.0):
    return tuple(d_matrix_factorisation * d for d in matrix_factorisation_gradient(saved))
