"""The embedded corpus: a synchronous English-German grammar that derives sentence pairs with gold word alignments."""
