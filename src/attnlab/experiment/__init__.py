"""The composition root: from a configuration to a run, its results and where they are shown."""
