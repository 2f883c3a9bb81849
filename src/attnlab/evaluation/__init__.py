"""How good translations are, by source length, and what the model looked at."""
