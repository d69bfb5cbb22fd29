import numpy as np


def matrix_factorisation(u, v, ratings, seen):
    ratings_minus_u_at_v = ratings - u @ v.T  # (N, M)
    error = seen * ratings_minus_u_at_v       # (N, M)
    out = np.sum(error ** 2) + 0.01 * (np.sum(u ** 2) + np.sum(v ** 2))
    return out, (u, v, seen, ratings_minus_u_at_v, error)


def matrix_factorisation_gradient(saved):
    u, v, seen, ratings_minus_u_at_v, error = saved
    d_error = 2 * error
    d_seen = d_error * ratings_minus_u_at_v
    d_ratings = d_error * seen
    d_u_at_v = -d_ratings
    d_u = d_u_at_v @ v + 0.02 * u    # u is read more than once: add what comes back
    d_v = d_u_at_v.T @ u + 0.02 * v  # v is read more than once: add what comes back
    return d_u, d_v, d_ratings, d_seen


def matrix_factorisation_backward(saved, d_matrix_factorisation=1.0):
    return tuple(
        d_matrix_factorisation * d for d in matrix_factorisation_gradient(saved)
    )
