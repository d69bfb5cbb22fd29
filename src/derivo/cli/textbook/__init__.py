"""`derivo textbook`: published backward passes beside those that derivo finds."""
