"""Forgetting one person: what holds them, looked up and checked first, then changed all at once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faceline.core.errors import FacelineError, InputError
from faceline.core.files import replacing
from faceline.galleries.files import read_export, write_export
from faceline.galleries.opening import open_gallery
from faceline.galleries.rows import checked_name, normalised_name

if TYPE_CHECKING:
    from faceline.forgetting.data_sets import PersonInData
    from faceline.forgetting.outputs import Project


@dataclass(frozen=True)
class Plan:
    """Where a person is.

    Attributes:
        name: in the spelling of galleries.
        galleries, exports: photos enrolled there, by address or file; 0 where the person is not.
        data: the person in each data set that holds them.
        project: what was made from those data sets; None where no project is.
    """

    name: str
    galleries: dict[str, int]
    exports: dict[Path, int]
    data: tuple[PersonInData, ...]
    project: Project | None


def plan(
    name: str, galleries: Sequence[str], exports: Sequence[Path], data: Sequence[Path], root: Path = Path()
) -> Plan:
    """Looks a person up everywhere; everything that is to be changed is read and checked.

    Args:
        galleries: addresses, as `open_gallery` takes them.
        data: folders of data sets, or parameter files that name one.
        root: the project's folder, in which DVC runs.

    Raises:
        InputError: a file is not what it is to be or is named twice, or nobody of that name is anywhere.
    """
    name = checked_name(name)
    if not (galleries or exports or data):
        raise InputError("say where to look: --gallery DB, --export FILE.npz, --data DIR")
    _refuse_twice([*map(Path, galleries), *exports])
    found, project = _in_data_sets(name, data, root) if data else ((), None)
    made = Plan(
        name=name,
        galleries={address: _enrolled(address, name) for address in galleries},
        exports={
            path: sum(row.photos for row in read_export(path)[2] if normalised_name(row.name) == name)
            for path in exports
        },
        data=found,
        project=project,
    )
    if not (found or any(made.galleries.values()) or any(made.exports.values())):
        places = ", ".join(map(str, [*galleries, *exports, *data]))
        raise InputError(
            f"nobody called {name!r} in {places}; data sets without people.csv know people by their numbers"
        )
    return made


def carry_out(made: Plan) -> list[FacelineError]:
    """Changes everything that a plan names, and says what could not be completed yet.

    New files are written and checked beside the old ones before anything is changed. What an interruption leaves over
    is done by the same plan made again.
    """
    unfinished = []
    with ExitStack() as stack:
        for person in made.data:
            from faceline.forgetting.change import without_person

            stack.enter_context(without_person(person))
        for path in (path for path, photos in made.exports.items() if photos):
            model, dim, rows = read_export(path)
            temporary = stack.enter_context(replacing(path))
            write_export(temporary, model, dim, [row for row in rows if normalised_name(row.name) != made.name])
        for address in (address for address, photos in made.galleries.items() if photos):
            with open_gallery(address) as gallery:
                gallery.remove([made.name])
                unfinished.append(gallery.unfinished_removal())
    return [error for error in unfinished if error is not None]


def _in_data_sets(name: str, places: Sequence[Path], root: Path) -> tuple[tuple[PersonInData, ...], Project | None]:
    # galleries and exports are looked through without the packages that read tables
    from faceline.forgetting.data_sets import find_data_set, find_person
    from faceline.forgetting.outputs import find_outputs

    sets = [find_data_set(place) for place in places]
    _refuse_twice([path for one in sets for path in one.lists])
    found = tuple(person for one in sets if (person := find_person(one, name)))
    return found, find_outputs(root, found)


def _refuse_twice(paths: Sequence[Path]) -> None:
    """One file under two names would be changed twice."""
    files = [path.resolve() for path in paths]
    for path, file in zip(paths, files, strict=True):
        if files.count(file) > 1:
            raise InputError(f"{path}: named twice; name it once")


def _enrolled(address: str, name: str) -> int:
    with open_gallery(address) as gallery:
        return sum(person.photos for person in gallery.people() if person.name == name)
