"""How a query scores a memory, and what comes of the scores."""
