"""attnlab: what attention changes in a sequence-to-sequence model."""
