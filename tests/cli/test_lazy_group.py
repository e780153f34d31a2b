import click
import pytest

from accelsim.cli.lazy_group import LazyCommand, LazyGroup


@pytest.fixture
def group():
    return LazyGroup(
        name="g",
        lazy_commands={
            "there": LazyCommand("accelsim.cli.multiply", "multiply", "Is there."),
            "missing": LazyCommand("accelsim.cli.no_such_module", "nothing", "Is not there."),
        },
    )


def test_help_shows_commands_that_cannot_even_be_imported(group):
    text = group.get_help(click.Context(group))
    assert text.index("there    Is there.") < text.index("missing  Is not there.")


def test_commands_are_imported_when_asked_for(group):
    context = click.Context(group)
    assert group.get_command(context, "there").name == "multiply"
    assert group.get_command(context, "nowhere") is None
    with pytest.raises(ModuleNotFoundError):
        group.get_command(context, "missing")
