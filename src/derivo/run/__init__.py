"""From emitted text to functions."""
