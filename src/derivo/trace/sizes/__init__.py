"""Sizes that are known by name only: computed with, divided, tied to each other."""
