"""The `accelsim` command: its subcommands, and what happens when something goes wrong."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from accelsim import __version__
from accelsim.cli.lazy_group import LazyCommand, LazyGroup
from accelsim.errors import AccelsimError, nearest

__all__ = ["explained", "root", "run"]

EXIT_USAGE = 2
EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE, as a shell reports it

_COMMANDS = {
    "multipliers": LazyCommand(
        "accelsim.cli.multipliers",
        "multipliers",
        "List, show, compare, import and remove multipliers; save a look-up table.",
    ),
    "multiply": LazyCommand(
        "accelsim.cli.multiply", "multiply", "Multiply two numbers, exactly and approximately."
    ),
    "verify-mult": LazyCommand(
        "accelsim.cli.verify_mult",
        "verify_mult",
        "Compare a multiplier's hardware with what it should compute.",
    ),
    "export-verilog": LazyCommand(
        "accelsim.cli.export_verilog", "export_verilog", "Write a multiplier as Verilog with a test bench."
    ),
    "evolve": LazyCommand(
        "accelsim.cli.evolve", "evolve", "Search for a small approximate multiplier under an error bound."
    ),
    "record-operands": LazyCommand(
        "accelsim.cli.record_operands",
        "record_operands",
        "Count the operand pairs that a network multiplies.",
    ),
    "cost": LazyCommand(
        "accelsim.cli.cost", "cost", "Estimate area, delay, leakage and energy of multipliers."
    ),
    "train": LazyCommand(
        "accelsim.cli.train",
        "train",
        "Train a network, in floats or with DoReFa-Net's weights and inputs, and save its checkpoint.",
    ),
    "evaluate": LazyCommand(
        "accelsim.cli.evaluate", "evaluate", "Measure a network's accuracy with approximate multipliers."
    ),
    "simulate": LazyCommand(
        "accelsim.cli.simulate", "simulate", "Run a network on an accelerator: cycles, traffic, energy."
    ),
    "bench": LazyCommand("accelsim.cli.bench", "bench", "Measure how fast this machine simulates layers."),
    "attack": LazyCommand(
        "accelsim.cli.attack", "attack", "Measure a network's robustness with approximate multipliers."
    ),
    "sweep": LazyCommand(
        "accelsim.cli.sweep", "sweep", "Run grids of attacks and multipliers that survive a crash."
    ),
    "reproduce": LazyCommand(
        "accelsim.cli.reproduce", "reproduce", "Repeat the experiments of a paper, beside its figures."
    ),
    "run": LazyCommand("accelsim.cli.run", "run", "Train, attack and transfer, as a YAML file says."),
    "audit": LazyCommand(
        "accelsim.cli.audit", "audit", "Put a network's robustness to an honest test: flags and a verdict."
    ),
}


class _Root(LazyGroup):
    def invoke(self, ctx: click.Context) -> Any:
        """Call the command that the arguments name."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            if sys.stderr.isatty():
                click.echo(err=True)  # the terminal has printed ^C
            raise click.Abort from interrupt
        except BrokenPipeError:
            raise click.exceptions.Exit(_reader_gone()) from None


@click.group(
    cls=_Root,
    lazy_commands=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Each command has its own --help. To complete names in bash: "
    'eval "$(_ACCELSIM_COMPLETE=bash_source accelsim)"; zsh_source and fish_source do it for those shells.',
)
@click.version_option(__version__, prog_name="accelsim", message="%(prog)s %(version)s")
def root() -> None:
    """Simulate approximate DNN accelerators, from the gates of a multiplier to the robustness of a network.

    `accelsim attack` without options is a good first command.
    """


def run(arguments: Sequence[str] | None) -> int:
    """Run the command that the arguments name and return its exit code.

    Raises
    ------
    KeyboardInterrupt
        If it was interrupted.
    Exception
        Whatever went wrong, for `explained`.
    """
    try:
        code = root.main(arguments, prog_name="accelsim", standalone_mode=False)
    except click.Abort as abort:
        raise KeyboardInterrupt from abort
    if sys.stdout:  # none where it was closed
        sys.stdout.flush()
    return code if isinstance(code, int) else 0


def explained(error: BaseException) -> int:
    """Tell the user's error in one line and return the exit code; raise any other again."""
    if isinstance(error, click.UsageError):
        return _fail(_one_line(error))
    if isinstance(error, AccelsimError | click.ClickException):
        return _fail(str(error))
    if isinstance(error, BrokenPipeError):
        return _reader_gone()
    if isinstance(error, OSError):  # a full disk, say
        _discard_output()
        return _fail(str(error))
    raise error


def _reader_gone() -> int:
    _discard_output()
    return EXIT_BROKEN_PIPE


def _discard_output() -> None:
    """Let what is still buffered vanish: else Python tries to print it while it exits, and complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> int:
    click.echo(f"accelsim: {' '.join(message.split())}", err=True)
    return EXIT_USAGE


def _one_line(error: click.UsageError) -> str:
    """Say what is wrong with the arguments, with the nearest option and where the help is."""
    message = error.format_message().rstrip(".")
    if error.ctx is None:
        return message
    if isinstance(error, click.NoSuchOption):
        options = [name for parameter in error.ctx.command.get_params(error.ctx) for name in parameter.opts]
        message = f"no option {error.option_name}{nearest(error.option_name, options)}"
    return f"{message} (see {error.ctx.command_path} --help)"
