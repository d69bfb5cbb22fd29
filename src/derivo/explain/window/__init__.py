"""The page that computes: one window with the graph, the code, the formula and play."""
