"""The order of rows: what a seed and the number of an epoch say, and nothing else."""

import numpy as np

from derivo.train.draw import Orders, generator


def test_an_order_depends_on_seed_and_epoch_and_not_on_what_was_drawn_before():
    for seed in (0, 7, 2**64 - 1):
        for rows in (1, 2, 37, 5000):
            orders = Orders(rows, seed, shuffle=True)
            for epoch in (3, 1, 2, 3, 1_000_000):
                # A generator made anew for this epoch: where a resumed run begins.
                fresh = generator(seed, "shuffle", epoch).permutation(rows)
                np.testing.assert_array_equal(orders.of_epoch(epoch), fresh)
                assert sorted(fresh) == list(range(rows))


def test_without_shuffling_rows_stay_as_they_are():
    np.testing.assert_array_equal(
        Orders(5, 3, shuffle=False).of_epoch(2), [0, 1, 2, 3, 4]
    )
