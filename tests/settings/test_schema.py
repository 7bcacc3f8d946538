from pathlib import Path

import pytest
import yaml

from faceline.core.errors import InputError
from faceline.settings.schema import load_params
from stages.check_params import check_params

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree():
    return yaml.safe_load((ROOT / "params/base.yaml").read_text())


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda t: t["recognition"].update(looss="ce"), ["recognition.looss", "unknown key", "loss, pretrained"]),
        (lambda t: t["recognition"].update(loss="arcfaces"), ["recognition.loss", "arcface", "subcenter_arcface"]),
        (lambda t: t["recognition"].update(backbone="vgg"), ["recognition.backbone", "efficientnet_b1"]),
        (lambda t: t["recognition"].update(epochs=0), ["recognition.epochs", "recognition.pretrained is none"]),
        (lambda t: t["recognition"].update(head_start="means"), ["recognition.head_start", "pretrained is none"]),
        (lambda t: t["recognition"].update(frozen=0.5), ["recognition.frozen:", "pretrained is none"]),
        (lambda t: t["recognition"].update(frozen_batchnorm=True), ["recognition.frozen_batchnorm", "is none"]),
        (lambda t: t["recognition"].update(distillation=1.0), ["recognition.distillation", "is none"]),
        (
            lambda t: t["recognition"].update(backbone="sface", pretrained="sface", neck="fc_bn", input_px=96),
            [
                "recognition.input_px: Value error, the sface weights are made for 112 (got 96)",
                "recognition.stem_stride: Value error, the sface weights are made for 1 (got 2)",
                "recognition.embedding_dim: Value error, the sface weights are made for 128 (got 512)",
                "recognition.neck: Value error, the sface weights are made for bn_fc_bn or flat_bn_fc_bn",
            ],
        ),
        (
            lambda t: t["recognition"].update(backbone="spherenet4", pretrained="imagenet"),
            [
                "recognition.pretrained",
                "spherenet4 has no weights imagenet; it has: none, PATH of a file (.safetensors,",
            ],
        ),
        (
            lambda t: t["filter"]["roles"]["train"].update(min_photos=2),
            ["filter.roles", "train.min_photos: 3 at least"],
        ),
        (lambda t: t["filter"].update(excluded="../wrong"), ["filter.excluded", "pattern"]),
        (lambda t: t["runtime"].update(engine="spark"), ["runtime.engine", "'local' or 'ray'", "spark"]),
        (lambda t: t["runtime"].update(engines="ray"), ["runtime.engines", "unknown key", "engine, "]),
        (lambda t: t["wild"].update(detector="haar"), ["wild.detector", "mtcnn"]),
        (lambda t: t["data"].update(licence=""), ["data.licence", "at least 1 character"]),
        (lambda t: t["data"].update(labels_by=""), ["data.labels_by", "at least 1 character"]),
        (lambda t: t["crop"].pop("context"), ["crop.context", "missing"]),
        (lambda t: t.pop("crop"), ["crop", "missing"]),
        (lambda t: t["landmarks"].update(stacks=0), ["landmarks.stacks", "greater than or equal to 1"]),
        (lambda t: t.update(extra={}), ["extra", "unknown key", "runtime"]),
        (lambda t: t["filter"]["roles"]["dev"].update(min_photos=9), ["filter.roles.dev", "min_photos is larger"]),
        (lambda t: t["filter"].update(target_shares={"Tall": 0.5}), ["filter.target_shares.Tall"]),
        (lambda t: t["losses"]["cosface"].update(margin_rad=1), ["losses.cosface.margin_rad", "margin_cos"]),
        (lambda t: t["losses"].pop("triplet"), ["losses.triplet", "missing"]),
        (lambda t: t["losses"].update(proxy={}), ["losses.proxy", "unknown key", "curricularface"]),
        (lambda t: (t["crop"].update(max_px=1), t["wild"].pop("min_iou")), ["crop.max_px", "wild.min_iou"]),
    ],
)
def test_a_mistake_anywhere_names_the_key_and_what_is_allowed(tree, tmp_path, edit, words):
    edit(tree)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(tree))
    with pytest.raises(InputError) as error:
        check_params(path, tmp_path / "checked.txt")
    for word in words:
        assert word in str(error.value)
    assert not (tmp_path / "checked.txt").exists()


def test_files_of_weights_must_be_there(tree, tmp_path, monkeypatch):
    tree["recognition"]["pretrained"] = "own/net.pth"
    tree["wild"].update(detector="yunet", detector_model="own/yunet.onnx")
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises(InputError) as error:
        check_params(Path("params.yaml"), Path("checked.txt"))
    assert "  recognition.pretrained: own/net.pth\n" in str(error.value)
    assert "  wild.detector_model: own/yunet.onnx\n" in str(error.value)
    Path("own").mkdir()
    Path("own/net.pth").touch()
    Path("own/yunet.onnx").touch()
    check_params(Path("params.yaml"), Path("checked.txt"))


def test_a_list_of_excluded_photos_must_be_there(tree, tmp_path, monkeypatch):
    tree["filter"]["excluded"] = "mine"
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises(InputError, match=r"filter\.excluded: params/excluded/mine\.csv"):
        check_params(Path("params.yaml"), Path("checked.txt"))
    Path("params/excluded").mkdir(parents=True)
    Path("params/excluded/mine.csv").write_text("image_id\n")
    check_params(Path("params.yaml"), Path("checked.txt"))


def test_what_check_params_writes_does_not_depend_on_the_values(tree, tmp_path):
    tree["landmarks"]["epochs"] += 1
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    check_params(ROOT / "params/base.yaml", tmp_path / "a.txt")
    check_params(tmp_path / "params.yaml", tmp_path / "b.txt")
    assert (tmp_path / "a.txt").read_bytes() == (tmp_path / "b.txt").read_bytes()


def test_what_the_photos_are_may_be_left_unsaid(tree, tmp_path):
    for key in ("source", "licence"):
        del tree["data"][key]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    data = load_params(tmp_path / "params.yaml").data
    assert (data.source, data.licence) == (None, None)


def test_params_are_as_in_the_file_and_frozen():
    params = load_params(ROOT / "params/base.yaml")
    assert (params.crop.context, params.losses.arcface.margin_rad, params.embedding.flip) == (0.3, 0.25, True)
    with pytest.raises(ValueError, match="frozen"):
        params.crop.context = 1.0
