"""Cuts the faces out of their photos."""

from pathlib import Path

from faceline.core.columns import is_synthetic
from faceline.core.files import replacing_folder, write_json
from faceline.core.stage import run_stage
from faceline.data.crops.cropping import crop_faces, summarise_crops
from faceline.data.crops.params import CropParams
from faceline.data.selection.selected import read_selected
from faceline.engines.opening import open_engine
from faceline.engines.params import EngineParams
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.photos.photos import open_photos


def crop(crop: CropParams, engine: EngineParams, images: Path, selected: Path, out: Path, metrics: Path) -> None:
    """Stores a square window round each chosen face, with the exact map back to its photo."""
    rows = read_selected(selected)
    metadata = {"kind": "crops", "context": crop.context, "synthetic": is_synthetic(rows.image_id)}
    with open_photos(images) as photos, replacing_folder(out) as folder, PackedWriter(folder, metadata) as writer:
        for chunk, encoded in crop_faces(photos, rows, crop, engine=open_engine(engine)):
            writer.write(chunk, encoded)
    write_json(metrics, summarise_crops(PackedSet(out).rows))


if __name__ == "__main__":
    run_stage(crop)
