"""The schedule of a step: what is computed together, in which order, from what."""
