"""Chooses photos and gives every person one role."""

from pathlib import Path

from faceline.annotations.celeba import read_annotations
from faceline.core.files import replacing, write_json
from faceline.core.stage import run_stage
from faceline.data.filtering.excluded import read_excluded
from faceline.data.filtering.params import FilterParams
from faceline.data.filtering.rejection import join_photos, rejection_reasons
from faceline.data.filtering.roles import assert_disjoint, select, summarise
from faceline.data.filtering.scanned import read_scan


def filter(
    filter: FilterParams,
    identity: Path,
    attributes: Path,
    boxes: Path,
    landmarks: Path,
    scan: Path,
    excluded: Path,
    out: Path,
    metrics: Path,
) -> None:
    """Drops unusable photos and fills the roles; the metrics say what was dropped and why."""
    annotations = read_annotations(identity, attributes, boxes, landmarks)
    joined = join_photos(annotations, read_scan(scan))
    reasons = rejection_reasons(joined, filter, read_excluded(excluded, joined.image_id))
    selected = select(joined[reasons == ""], filter)
    assert_disjoint(selected)
    with replacing(out) as path:
        selected.to_csv(path, index=False)
    write_json(metrics, summarise(joined, reasons, selected, filter))


if __name__ == "__main__":
    run_stage(filter)
