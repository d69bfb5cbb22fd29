import numpy as np


def three_diagonals(middle, beside):
    places = np.arange(middle.shape[0])  # (N,) int
    places_2 = np.arange(middle.shape[0] - 1)  # (N - 1,) int
    places_2_plus_one = places_2 + 1     # (N - 1,) int
    a = np.zeros((middle.shape[0], middle.shape[0]), dtype=middle.dtype)  # (N, N)
    a[places, places] = middle
    a[places_2, places_2_plus_one] = beside[1:]
    a[places_2_plus_one, places_2] = -beside[1:]
    return a @ a, (places_2_plus_one, a)


def three_diagonals_backward(saved, d_three_diagonals):
    places_2_plus_one, a = saved
    places = np.arange(a.shape[0])
    places_2 = np.arange(places_2_plus_one.shape[0])
    # a is read more than once: add what comes back
    d_a = d_three_diagonals @ a.T + a.T @ d_three_diagonals
    new_d_a = d_a.copy()
    new_d_a[places_2, places_2_plus_one] = 0
    new_d_a[places_2_plus_one, places_2] = 0
    d_middle = new_d_a[places, places]
    new_d_a_2 = d_a.copy()
    new_d_a_2[places_2_plus_one, places_2] = 0
    delta = new_d_a_2[places_2, places_2_plus_one] - d_a[places_2_plus_one, places_2]
    d_beside = np.zeros(places.shape, dtype=a.dtype)
    d_beside[1:] = delta
    return d_middle, d_beside
