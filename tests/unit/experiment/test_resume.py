"""Which run a command line continues."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from attnlab.errors import RunError
from attnlab.experiment.resume import resumed_config, take_resume


@pytest.mark.parametrize(
    "name", ["plain", "with space", "it's", 'a "quoted" one', "a,b=[c]{d}$", "back\\slash", "\\' both", "übung"]
)
def test_a_folder_may_have_any_name(conf_folder: Path, tmp_path: Path, name: str) -> None:
    """Hydra, and a further process that gets the same arguments once more, read what was meant."""
    folder = tmp_path / name
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "composed.yaml").touch()
    arguments = take_resume([f"resume={folder}", "paths.cache=cache"])
    assert arguments[0] == "paths.cache=cache"
    assert set(take_resume(arguments)) == set(arguments)
    with initialize_config_dir(str(conf_folder)):
        config = compose("train", overrides=arguments, return_hydra_config=True)
    assert config.resume == config.hydra.run.dir == str(folder)
    assert config.hydra.output_subdir is None


@pytest.mark.parametrize("arguments", [[], ["seed=2"], ["resume=null", "seed=2"], ["resume="], ["-m", "seed=1,2"]])
def test_without_a_run_the_command_line_is_as_it_was(arguments: list[str]) -> None:
    assert take_resume(arguments) == arguments


def test_a_run_of_an_older_attnlab_is_not_continued(compose_config: Callable[..., DictConfig], tmp_path: Path) -> None:
    command = compose_config("train")
    own = command.copy()
    del own.compile
    with pytest.raises(RunError, match="has no compile, since an older attnlab began it: train it again"):
        resumed_config(tmp_path, own, command, [])
