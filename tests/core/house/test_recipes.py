"""The task files that are shipped."""

import pytest

from rallycross.catalogue import known
from rallycross.recipes import general
from rallycross.settings import CHECKOUT
from rallycross.task.file import load

RECIPES = general()


@pytest.mark.parametrize("name", [file.name for file in RECIPES])
def test_a_recipe_is_valid(name: str) -> None:
    """Each recipe is a valid task file."""
    file = f"include/recipes/{name}"
    assert load((CHECKOUT / file).read_text(), file=file, known=known()).workloads
