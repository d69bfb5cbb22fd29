import numpy as np


def energy(position, velocity):
    kinetic = 0.5 * np.sum(velocity ** 2)
    root_total = np.sqrt(1 + position[:, 0] ** 2)  # (N,)
    potential = np.sum(root_total + np.cos(position[:, 1]))
    return kinetic + potential, (position, velocity, root_total)


def energy_gradient(saved):
    position, velocity, root_total = saved
    d_position = np.stack(
        [position[:, 0] / root_total, -np.sin(position[:, 1])], axis=1
    )
    d_velocity = velocity
    return d_position, d_velocity


def energy_backward(saved, d_energy=1.0):
    return tuple(d_energy * d for d in energy_gradient(saved))
