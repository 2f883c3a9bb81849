"""The exceptions attnlab owns: each message is one line that says the rule, the value and the remedy."""


class AttnlabError(Exception):
    """A mistake its reader can mend; the commands print its message as one line and exit with status 2."""


class ConfigError(AttnlabError):
    """An experiment asks for something that cannot be built."""


class DataError(AttnlabError):
    """A corpus, a file or a line cannot be used as asked."""


class ShapeError(AttnlabError):
    """Tensors or sizes that must agree do not."""


class RunError(AttnlabError):
    """A run folder or a checkpoint cannot be found, read or matched."""


class Interrupted(KeyboardInterrupt):
    """A signal has ended the command, which has kept what it had: one line says where, and how to go on.

    Args:
        message: the line.
        status: of the process, as a shell gives it: 128 and the number of the signal.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


def first_line(error: BaseException) -> str:
    """What an error says first, or its name; some libraries go on for a page."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def one_line(error: BaseException) -> str:
    """The name of an error and all it says, cut where a line is full."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
