"""Sentence pairs: where they come from, how long they are, and how they are batched."""
