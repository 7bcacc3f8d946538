"""Describes the whole data set before anything is chosen."""

from pathlib import Path

from faceline.annotations.celeba import read_annotations
from faceline.core.files import replacing_folder, write_json
from faceline.core.stage import run_stage
from faceline.data.analysis.tables import analyse, summarise, write_analysis
from faceline.data.filtering.excluded import read_excluded
from faceline.data.filtering.params import FilterParams
from faceline.data.filtering.rejection import join_photos
from faceline.data.filtering.scanned import read_scan


def analyze(
    filter: FilterParams,
    scan: Path,
    excluded: Path,
    identity: Path,
    attributes: Path,
    boxes: Path,
    landmarks: Path,
    metrics: Path,
    report: Path,
) -> None:
    """Attribute shares, photos per person, box sizes, near-duplicates, and what each filter would remove."""
    joined = join_photos(read_annotations(identity, attributes, boxes, landmarks), read_scan(scan))
    tables = analyse(joined, filter, read_excluded(excluded, joined.image_id))
    with replacing_folder(report) as folder:
        write_analysis(tables, folder)
    write_json(metrics, summarise(joined, tables))


if __name__ == "__main__":
    run_stage(analyze)
