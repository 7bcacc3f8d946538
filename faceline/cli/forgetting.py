"""The verb forget: one person taken out of everything, and what remains to be done."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceline.cli.output import answer

if TYPE_CHECKING:
    from faceline.forgetting.data_sets import PersonInData
    from faceline.forgetting.outputs import Project

log = logging.getLogger(__name__)


def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who; in data sets without people.csv, their number.")],
    galleries: Annotated[
        list[str] | None,
        typer.Option("--gallery", metavar="DB", help="A gallery, also in Qdrant; several times for several."),
    ] = None,
    exports: Annotated[
        list[Path] | None,
        typer.Option("--export", metavar="FILE.npz", help="What `faceline export` wrote; several times for several."),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", metavar="DIR", help="A data set's folder, or a params.yaml that names one; several."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep-experiment", metavar="EXP", help="One of DVC's that may go on holding the person."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show all of it and change nothing.")] = False,
) -> None:
    """Takes one person out of galleries, exports and data sets, and says what else holds them.

    Rows of every list and photos in folders are deleted. What the chain made from them is named with its files in
    DVC's cache, and `commands` are what remains to be run: photos in archives, all outputs made again, the cache and
    the remotes collected. Look at it with --dry-run first; docs/privacy.md has the rest.

    \b
    faceline forget "Ada Lovelace" --gallery people.db --data data/mine --dry-run
    faceline forget 2880 --data data/celeba
    """
    from faceline.forgetting.forget import carry_out, plan

    made = plan(name, galleries or [], exports or [], data or [])
    unfinished = [] if dry_run else carry_out(made)
    remaining = []
    if made.data:
        from faceline.forgetting.outputs import commands

        remaining = commands(made.project, made.data, keep or [])
    by_hand = any(person.originals for person in made.data)
    answer(
        {
            "name": made.name,
            "dry_run": dry_run,
            "complete": not (dry_run or unfinished or remaining or by_hand),
            "galleries": [{"gallery": path, "photos": photos} for path, photos in made.galleries.items()],
            "exports": [{"file": path, "photos": photos} for path, photos in made.exports.items()],
            "data": [_data_record(person) for person in made.data],
            **_project_record(made.project),
            "commands": remaining,
        },
        unfinished[0] if unfinished else None,
    )
    if remaining:
        log.info("%d commands remain to be run: `commands` in the answer", len(remaining))


def _data_record(person: PersonInData) -> dict:
    return {
        "data": person.data.place,
        "photos": sorted(person.photos),
        "rows": {str(path): rows for path, rows in person.rows.items()},
        "deleted": list(person.files),
        "in_archives": {str(path): names for path, names in person.archived.items()},
        "originals": list(person.originals),
    }


def _project_record(project: Project | None) -> dict:
    if project is None:
        return {"outputs": [], "tracked": {}, "leftovers": [], "remotes": []}
    return {
        "outputs": [
            {"path": out.path, "stage": out.stage, "photos": out.photos, "cache": list(out.cache)}
            for out in project.outputs
        ],
        "tracked": {str(path): list(files) for path, files in project.tracked.items()},
        "leftovers": list(project.leftovers),
        "remotes": list(project.remotes),
    }
