"""How each loss's learning rate is chosen, with DVC's runs made up."""

import io
import json
from subprocess import CalledProcessError

import pytest
from tiny_faces import tiny_params

from benchmarks import losses
from faceline.core.errors import FacelineError

RECOGNITION = tiny_params(epochs=10, warmup_epochs=1.0, margin_warmup_epochs=4.0, learning_rate=0.01).recognition


def test_tuning_is_a_training_of_half_the_length() -> None:
    settings = losses.tuning_settings(RECOGNITION)
    changed = {key.removeprefix("recognition."): value for key, value in settings.items()}
    assert changed == {"seed": 0, "epochs": 5, "warmup_epochs": 0.5, "margin_warmup_epochs": 2.0}


def test_the_rate_that_dev_people_prefer_is_taken_and_ties_go_by_area(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}
    # best at twice the rate, level with half of it by TPR alone
    figures = {0.005: (0.5, 0.8), 0.01: (0.4, 0.99), 0.02: (0.5, 0.9)}

    def run(name: str, settings: dict, target: str) -> str:
        asked[name] = settings
        assert target == "train_recognition"
        return name

    def opened(path: str, rev: str) -> io.StringIO:
        tpr, auc = figures[asked[rev]["recognition.learning_rate"]]
        return io.StringIO(json.dumps({"best": {"dev_tpr_at_fpr_1e-2": tpr, "dev_auc": auc}}))

    monkeypatch.setattr(losses, "dvc_run", run)
    monkeypatch.setattr(losses.dvc.api, "open", opened)
    shared = {"recognition.loss": "cosface", "recognition.dropout": 0.2}
    rate, looks = losses.tuned_rate("light", shared, RECOGNITION)
    assert rate == 0.02
    assert looks == {rate: tpr for rate, (tpr, _) in figures.items()}
    assert list(asked) == [f"light-cosface-rate-{factor}" for factor in ("0.5", "1", "2")]
    for settings in asked.values():
        assert settings["recognition.loss"] == "cosface"
        assert settings["recognition.dropout"] == 0.2
        assert settings["recognition.seed"] == losses.TUNING_SEED


def test_a_rate_that_training_fails_at_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(name: str, settings: dict, target: str) -> str:
        if settings["recognition.learning_rate"] >= failing:
            raise CalledProcessError(1, "dvc")
        return name

    summary = json.dumps({"best": {"dev_tpr_at_fpr_1e-2": 0.5, "dev_auc": 0.8}})
    monkeypatch.setattr(losses, "dvc_run", run)
    monkeypatch.setattr(losses.dvc.api, "open", lambda path, rev: io.StringIO(summary))
    failing = 0.01
    assert losses.tuned_rate("light", {"recognition.loss": "triplet"}, RECOGNITION) == (0.005, {0.005: 0.5})
    failing = 0.0
    with pytest.raises(FacelineError, match="triplet: training failed at every"):
        losses.tuned_rate("light", {"recognition.loss": "triplet"}, RECOGNITION)
