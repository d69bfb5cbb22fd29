"""Training: a network whose step is derived, explained and compiled as one graph."""
