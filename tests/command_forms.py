"""Whether a command that a page shows exists, as its program's own parser says; nothing is run.

Words in capitals (NAME, PHOTOS) stand for what a reader puts there.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
import subprocess
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cache
from unittest import mock

import yaml
from documents import ROOT, Command
from dvc.cli import parser as dvc_parser
from typer._click.exceptions import ClickException, MissingParameter
from typer.main import get_command

from faceline.cli.main import app
from faceline.core.errors import InputError
from faceline.core.params import parse_group
from faceline.evaluation.headline.headline import HEADLINE
from faceline.field.facts import model_names
from faceline.settings.schema import Params
from faceline.settings.variants import variant_names
from graph import GRAPH, PARAMS, STAGES

VERBS = get_command(app).commands
MADE_BY_ANNOTATE = "mine"  # the variant of `faceline annotate my_people/ --out data/mine`
NAMED = {stage["script"] for stage in STAGES.values()} | set(STAGES)
OUTS = {out for stage in STAGES.values() for out in stage["outs"]}
EXTRAS = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)


class WrongFormError(Exception):
    """What is wrong with a command."""


class ParsedError(Exception):
    """A program has read its arguments, and is not to go on."""


def wrong_form(command: Command) -> str:
    """What is wrong with a command; an empty string where nothing is, or where only its program would know."""
    words = [word for word in command.words if word != "..."]
    program, *arguments = words
    try:
        if program in CHECKS:
            CHECKS[program](arguments)
    except WrongFormError as error:
        if command.whole or not re.match("required: |the following arguments are required", str(error)):
            return str(error)
    return ""


def _faceline(arguments: Sequence[str]) -> None:
    verb, *rest = arguments
    if verb == "--help":
        return
    _among(verb, VERBS, "verb")
    try:
        given = VERBS[verb].make_context(verb, list(rest)).params
    except MissingParameter as error:
        raise WrongFormError(f"required: {error}") from None
    except ClickException as error:
        raise WrongFormError(error.format_message()) from None
    if verb == "params":
        _among(given["variant"], [*variant_names(ROOT / "params"), MADE_BY_ANNOTATE], "variant")
    for model in [given.get("recognizer"), *(given["models"] if verb == "fetch" else [])]:
        if model and not model.endswith((".yaml", ".onnx")):
            _among(model, model_names(), "model")


def _dvc(arguments: Sequence[str]) -> None:
    read = _read_by(lambda: dvc_parser.get_main_parser().parse_args(list(arguments)))
    verb = arguments[0] if arguments[0] != "exp" else arguments[1]
    if verb in ("repro", "run", "freeze", "unfreeze"):
        for target in read.targets:
            _among(target, NAMED, "stage")
    for setting in getattr(read, "set_param", None) or []:
        check_setting(setting)
    if verb == "metrics":
        for target in read.targets or []:
            if not [out for out in OUTS if re.fullmatch(target.replace("*", "[^/]*"), out)]:
                raise WrongFormError(f"no stage writes {target}")
    if verb == "show" and getattr(read, "sort_by", None):
        _among(read.sort_by, [name for names in HEADLINE.values() for name in names.values()], "figure")


def check_setting(setting: str) -> None:
    """Makes sure that `key=value` names a parameter and that it may have the value."""
    key, _, value = setting.partition("=")
    tree = group = deepcopy(PARAMS)
    *groups, last = key.split(".")
    for name in groups:
        _among(name, group, "group of parameters")
        group = group[name]
    _among(last, group, "parameter")
    group[last] = yaml.safe_load(value)
    try:
        parse_group(Params, tree)
    except InputError as error:
        raise WrongFormError(str(error)) from None


@cache
def _make(target: str) -> str:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def _make_all(arguments: Sequence[str]) -> None:
    for word in arguments:
        name, given, _ = word.partition("=")
        if given and not re.search(rf"^{name} =|\$\({name}\)", (ROOT / "Makefile").read_text(), re.MULTILINE):
            raise WrongFormError(f"the Makefile has no variable {name}")
        if not given and _make(word):
            raise WrongFormError(_make(word))


def _python(arguments: Sequence[str]) -> None:
    option, named, *rest = arguments
    if option == "-c":
        ast.parse(named)
    elif option == "-m" and not named.endswith(".NAME"):
        if not importlib.util.find_spec(named):
            raise WrongFormError(f"no module {named}")
        if named.startswith("stages."):
            _stage(named.removeprefix("stages."), rest)
        elif rest and named.startswith("benchmarks."):
            _benchmark(named, rest)


def _options(parser: argparse.ArgumentParser) -> set[str]:
    """Options of a parser and of its verbs'."""
    found = {option for action in parser._actions for option in action.option_strings}
    verbs = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return found.union(*(_options(verb) for choices in verbs for verb in choices.values()))


def _stage(name: str, arguments: Sequence[str]) -> None:
    """A stage takes each path of its function's signature as an option; importing it would take seconds."""
    code = ast.parse((ROOT / f"stages/{name}.py").read_text()).body
    (function,) = [node for node in code if isinstance(node, ast.FunctionDef) and node.name == name]
    paths = [one.arg for one in function.args.args if ast.unparse(one.annotation) == "Path"]
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for path in paths:
        parser.add_argument(f"--{path.replace('_', '-')}", required=True)
    _read_by(lambda: parser.parse_args(list(arguments)))


def _benchmark(name: str, arguments: Sequence[str]) -> None:
    """Has a benchmark's own parser read the arguments; the benchmark stops there."""
    module = importlib.import_module(name)
    parse = argparse.ArgumentParser.parse_args

    def only_parse(parser: argparse.ArgumentParser, *_: object) -> None:
        parse(parser, list(arguments))
        raise ParsedError

    with mock.patch.object(argparse.ArgumentParser, "parse_args", only_parse):
        try:
            _read_by(module.main)
        except ParsedError:
            return
    raise WrongFormError(f"{name} takes no arguments")


def _read_by(parse: Callable) -> argparse.Namespace:
    def fail(_: argparse.ArgumentParser, message: str) -> None:
        raise WrongFormError(message)

    with (
        mock.patch.object(argparse.ArgumentParser, "error", fail),
        mock.patch.object(dvc_parser.DvcParser, "error", fail),
    ):
        return parse()


def _pip(arguments: Sequence[str]) -> None:
    for word in arguments[1:]:
        if extra := re.fullmatch(r"\.\[(\w+)\]", word):
            _among(extra[1], EXTRAS, "extra")
    if "-r" in arguments:
        _there(arguments[arguments.index("-r") + 1])


def _after(program: str) -> Callable[[Sequence[str]], None]:
    """Checks what follows a program's name among the arguments of another."""

    def check(arguments: Sequence[str]) -> None:
        if program in arguments:
            rest = arguments[arguments.index(program) + 1 :]
            if rest and rest[0] != ".":
                CHECKS[program](rest)

    return check


def _pytest(arguments: Sequence[str]) -> None:
    for word in arguments:
        _there(word.partition("::")[0])


def _export(arguments: Sequence[str]) -> None:
    known = {option.envvar for verb in VERBS.values() for option in verb.params if getattr(option, "envvar", None)}
    if arguments[0].partition("=")[0] not in known:
        raise WrongFormError(f"no verb reads {arguments[0]}")


def _gto(arguments: Sequence[str]) -> None:
    _among(arguments[1], GRAPH["artifacts"], "artifact")


def _there(path: str) -> None:
    if not path.startswith("-") and not (ROOT / path).exists():
        raise WrongFormError(f"no file {path}")


def _among(name: str, known: Sequence[str], kind: str) -> None:
    if name not in known and not re.fullmatch(r"[A-Z_=]+", name):
        raise WrongFormError(f"no {kind} {name}: there are {', '.join(sorted(known))}")


CHECKS: dict[str, Callable[[Sequence[str]], None]] = {
    "faceline": _faceline,
    "dvc": _dvc,
    "make": _make_all,
    "python": _python,
    "pip": _pip,
    "pytest": _pytest,
    "export": _export,
    "gto": _gto,
    "docker": _after("faceline"),
    "taskset": _after("dvc"),
}

KNOWN_OPTIONS = {
    "--user",  # Docker's
    *(option for verb in VERBS.values() for parameter in verb.params for option in parameter.opts),
    *(
        option
        for file in (ROOT / "benchmarks").glob("*.py")
        for option in re.findall(r'"(--[\w-]+)"', file.read_text())
    ),
    *_options(dvc_parser.get_main_parser()),
}
