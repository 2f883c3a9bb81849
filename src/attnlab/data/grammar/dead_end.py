"""How a chooser says that the words it was given do not work out."""


class DeadEnd(Exception):  # noqa: N818  (no mistake: the caller rolls again)
    """The choices made so far leave no sentence of the requested length."""
