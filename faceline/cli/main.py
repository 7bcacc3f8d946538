"""`faceline`: the verbs, and how errors become exit codes: 0 done, 1 failed, 2 bad input.

Nothing heavy is imported before a verb runs, so that `--help` answers at once.
"""

import logging
import os
import sys
from contextlib import suppress

import typer
from typer.core import TyperGroup

from faceline.cli import clusters, faces, forgetting, labels, measuring, people, sets
from faceline.core.errors import REFUSED, FacelineError, InputError, refusal

_MEASURE = {"jinja2", "pandas", "pyarrow", "ruamel", "scipy", "sklearn", "vl_convert"}  # modules of that extra


class _Faceline(TyperGroup):
    """Turns a user's mistake into a message and an exit code instead of a traceback."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # typer names its private base only
        logging.basicConfig(level=logging.INFO, format="faceline: %(message)s", stream=sys.stderr)
        for chatty in ("onnxscript", "onnx_ir", "torch", "httpx"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        try:
            return super().invoke(ctx)
        except (InputError, FacelineError) as error:
            print(f"faceline: {error}", file=sys.stderr)
            raise typer.Exit(error.exit_code) from None
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package in ("", "faceline"):
                raise
            way_out = f"pip install 'faceline[{'measure' if package in _MEASURE else 'train'}]'"
            if package == "torch":
                way_out += "; exported models run without it, with --runtime onnx"
            print(f"faceline: this needs the package {package}: {way_out}", file=sys.stderr)
            raise typer.Exit(InputError.exit_code) from None
        except REFUSED as error:
            print(f"faceline: {refusal(error)}", file=sys.stderr)
            _drop_output()
            raise typer.Exit(FacelineError.exit_code) from None


def _drop_output() -> None:
    """What was not printed yet goes nowhere: Python would try again when it ends, and complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=_Faceline,
    name="faceline",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Finds, aligns, embeds and names faces. Results are JSON on stdout, messages go to stderr. "
    "Exit codes: 0 done, 1 failed, 2 bad input.",
)
for verb in (faces.detect, faces.align, faces.embed):
    app.command(rich_help_panel="Faces")(verb)
for verb in (people.enroll, people.identify, clusters.cluster, people.remove, forgetting.forget):
    app.command(rich_help_panel="People")(verb)
for verb in (people.export, people.index):
    app.command(rich_help_panel="People")(verb)
app.command("list", rich_help_panel="People")(people.list_people)
app.command("import", rich_help_panel="People")(people.import_people)
for verb in (measuring.fetch, measuring.calibrate, measuring.evaluate, labels.labels):
    app.command(rich_help_panel="Any model on your people")(verb)
for verb in (sets.verify, sets.annotate, sets.pack, sets.export_onnx, sets.export_images, sets.params):
    app.command(verb.__name__.replace("_", "-"), rich_help_panel="Sets and models")(verb)


if __name__ == "__main__":
    app()
