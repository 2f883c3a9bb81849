"""Search for the best target sentence under any model that predicts one token at a time."""
