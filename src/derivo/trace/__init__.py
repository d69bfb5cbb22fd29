"""From a function to a graph."""
