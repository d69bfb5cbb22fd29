"""C text from a schedule."""
