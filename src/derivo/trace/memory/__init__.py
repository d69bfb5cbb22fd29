"""Memory as NumPy has it: views, parts that are written, what is the user's own."""
