"""Layers of networks: plain NumPy functions with the shapes of their parameters."""

from derivo.layers.dense import Dense as Dense
