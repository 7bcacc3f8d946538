"""Every ratio of docs/results/speed.md: what it is, what it is aimed at, and the command that measures it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A row of the page.

    Attributes:
        key: what benchmarks record it by.
        what: over `over`: the time of the one over that of the other.
        goal: what it is aimed at; empty where at nothing.
    """

    key: str
    what: str
    over: str
    goal: str = ""


@dataclass(frozen=True)
class Group:
    """The figures of one command: `python -m benchmarks.` and `command`.

    Attributes:
        name: for `make bench ONLY=...`.
        needs: a path without which it cannot run; empty where it needs none.
    """

    name: str
    command: str
    figures: tuple[Figure, ...]
    needs: str = ""


_LINEAR = "a linear layer of as many outputs"
_PRODUCTS = "the bare float32 products"
_FACENET = "facenet-pytorch's, photo by photo: their time over ours"

_PACKED = "a packed set of them"
_CROPS = "our crops, read, cut and packed"

GROUPS = (
    Group(
        "crops",
        "crops --celeba data/celeba --photos 400",
        (
            Figure("crop_loop", "a loop with Pillow: open, crop, resize, save; windows as ours", _CROPS, "8 or more"),
            Figure("crop_loop_jpg", "the same loop, the box alone, 224 px, JPEG of quality 75", _CROPS),
            Figure("crop_loop_png", "the same, PNG", _CROPS),
            Figure("crop_decode", "the photos decoded on all cores, nothing more", _CROPS, "0.8 or more"),
            Figure("crop_code", "the photos decoded and our windows encoded on all cores", _CROPS),
            Figure("crop_shrink", "our windows shrunk by area on all cores, where they are", _CROPS),
        ),
        needs="data/celeba",
    ),
    Group(
        "packed",
        "packed --faces 25000",
        (
            Figure(
                "dvc_add",
                "25,000 faces (34 kB of random bytes each), a file each, written and `dvc add`",
                _PACKED,
                "10 or more",
            ),
            Figure("dvc_status", "`dvc status` of these files", _PACKED),
        ),
    ),
    Group(
        "landmarks",
        "landmarks",
        (
            Figure("decode", "hourglass 2 x 64 with decoding", "its bare forward pass, same batch", "1.15 at most"),
            Figure("predict", "the same from windows in memory to photo px", "bare forward pass"),
            Figure("peer_align", "scikit-image, one face aligned", "ours", "10 or more"),
            Figure(
                "peer_decode", "a loop over heatmaps (the usual decoding; 0.79 px off, ours exact)", "our decoding"
            ),
            Figure("wait_hourglass", "waiting for data, hourglass training", "the training", "under 0.10"),
        ),
    ),
    Group(
        "step_resnet18",
        "recognition --variant celeba-small-notebook --only steps",
        (
            Figure(
                "step_resnet18",
                "training step, ResNet18 at 112 px, batch 64 (celeba-small-notebook)",
                "bare step",
                "1.05 at most",
            ),
            Figure(
                "wait_resnet18_memory", "waiting for photos in memory, recogniser training", "epoch", "under 0.05"
            ),
            Figure("wait_resnet18_decoded", "waiting for photos that are decoded", "epoch", "under 0.05"),
            Figure("wait_resnet18_streamed", "waiting for photos read from disk in blocks", "epoch", "under 0.05"),
        ),
    ),
    Group(
        "step_spherenet4",
        "recognition --variant sample --only steps",
        (Figure("step_spherenet4", "training step, spherenet4, batch 48 (sample)", "bare step", "1.05 at most"),),
    ),
    Group(
        "heads",
        "recognition --variant sample --only heads --rounds 21",
        tuple(
            Figure(f"head_{name}", f"{label} head, 10,000 people, batch 512", _LINEAR, "1.25 at most")
            for name, label in {
                "arcface": "ArcFace",
                "cosface": "CosFace",
                "sphereface": "SphereFace",
                "adaface": "AdaFace",
                "curricularface": "CurricularFace",
                "subcenter_arcface": "sub-centre ArcFace",
                "elasticface": "ElasticFace",
                "magface": "MagFace",
            }.items()
        ),
    ),
    Group(
        "id_rate",
        "id_rate",
        (
            Figure("id_rate_1", "exact ID rate, 4.2e9 comparisons, FPR 0.5 to 1e-6", _PRODUCTS, "1.3 at most"),
            Figure("id_rate_2", "the same with 2.2e9", _PRODUCTS),
            Figure("id_rate_4", "the same with 1.2e9", _PRODUCTS),
            Figure("id_rate_8", "the same with 0.7e9", _PRODUCTS),
            Figure(
                "id_rate_sklearn", "scikit-learn's `roc_curve` with its products, 5e7 scores", "ours", "10 or more"
            ),
        ),
    ),
    Group(
        "gallery",
        "gallery",
        (
            Figure(
                "gallery_search",
                "search among 100,000 people in memory",
                "one float32 matrix-vector product",
                "1.2 at most",
            ),
        ),
    ),
    Group(
        "gallery_index",
        "gallery_index --people 1000000 --gallery .faceline/million.db",
        tuple(
            Figure(
                f"index_{numbers}",
                f"search among 1,000,000 people, {numbers} on disk",
                "a float32 matrix-vector product of as many bytes in memory",
            )
            for numbers in ("float16", "int8")
        ),
    ),
    Group(
        "pipeline",
        "pipeline --celeba data/celeba --photos 60",
        (
            *(
                Figure(
                    f"detection_{px}", f"detection on CelebA's photos, smallest face {px} px", _FACENET, "at least 3"
                )
                for px in (20, 40)
            ),
            *(
                Figure(f"all_{px}", f"detection ({px} px), alignment, InceptionResnetV1", _FACENET, "at least 3")
                for px in (20, 40)
            ),
            *(
                Figure(
                    f"after_{px}",
                    "hourglass, alignment, ResNet18 with mirror images",
                    f"detection, {px} px",
                    "under 1",
                )
                for px in (20, 40)
            ),
        ),
        needs="data/celeba",
    ),
)
