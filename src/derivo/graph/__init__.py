"""Inert data: dimensions, specs, nodes, graphs."""
