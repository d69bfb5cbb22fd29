"""What stands in for an array while the function runs."""
