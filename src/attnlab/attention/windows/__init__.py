"""Where a query may look."""
