import numpy as np


def convolution_2d(images, w, b):
    columns = np.stack(
        [
            images[:, :, :3, :3], images[:, :, :3, 1:4], images[:, :, :3, 2:],
            images[:, :, 1:4, :3], images[:, :, 1:4, 1:4], images[:, :, 1:4, 2:],
            images[:, :, 2:, :3], images[:, :, 2:, 1:4], images[:, :, 2:, 2:],
        ],
        axis=2,
    )
    columns_2 = np.transpose(columns, (0, 3, 4, 1, 2)).reshape(
        (9 * images.shape[0], 18)
    )
    rows_of_w = w.reshape((18, w.shape[3]))  # (18, M)
    out = (columns_2 @ rows_of_w + b).reshape((images.shape[0], 3, 3, w.shape[3]))
    return out, (columns_2, rows_of_w)


def convolution_2d_backward(saved, d_out):
    columns_2, rows_of_w = saved
    delta = d_out.reshape((columns_2.shape[0], rows_of_w.shape[1]))
    d_columns_2 = delta @ rows_of_w.T  # (9*N, M) @ (M, 18)
    d_w = (columns_2.T @ delta).reshape((2, 3, 3, rows_of_w.shape[1]))
    delta_2 = d_columns_2.reshape((d_out.shape[0], 3, 3, 2, 9))
    d_columns = np.transpose(delta_2, (0, 3, 4, 1, 2))
    d_b = np.sum(delta, axis=0)        # b was copied to 9*N rows: add up
    d_images = np.zeros((d_out.shape[0], 2, 5, 5), dtype=columns_2.dtype)
    d_images[:, :, :3, :3] = d_columns[:, :, 0]
    d_images[:, :, :3, 1:4] += d_columns[:, :, 1]
    d_images[:, :, :3, 2:] += d_columns[:, :, 2]
    d_images[:, :, 1:4, :3] += d_columns[:, :, 3]
    d_images[:, :, 1:4, 1:4] += d_columns[:, :, 4]
    d_images[:, :, 1:4, 2:] += d_columns[:, :, 5]
    d_images[:, :, 2:, :3] += d_columns[:, :, 6]
    d_images[:, :, 2:, 1:4] += d_columns[:, :, 7]
    d_images[:, :, 2:, 2:] += d_columns[:, :, 8]
    return d_images, d_w, d_b
