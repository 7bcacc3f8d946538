"""How each loss's learning rate is chosen, with DVC's runs made up."""

import json
from subprocess import CalledProcessError

import pytest
from tiny_faces import sample_params, tiny_params

from benchmarks import losses
from faceline.core.errors import FacelineError

RECOGNITION = tiny_params(epochs=10, warmup_epochs=1.0, margin_warmup_epochs=4.0, learning_rate=0.01).recognition


def test_tuning_is_a_training_of_half_the_length() -> None:
    settings = losses.tuning_settings(RECOGNITION)
    changed = {key.removeprefix("recognition."): value for key, value in settings.items()}
    assert changed == {"seed": 0, "epochs": 5, "warmup_epochs": 0.5, "margin_warmup_epochs": 2.0}


def summary(tpr: float, auc: float) -> str:
    return json.dumps({"best": {"dev_tpr_at_fpr_1e-2": tpr, "dev_auc": auc}})


def made_up_runs(monkeypatch: pytest.MonkeyPatch, figures: dict[float, tuple[float, float] | None]) -> dict:
    """Stands in for DVC: what training at each learning rate gives, None where it fails; returns what is asked."""
    asked = {}

    def run(name: str, settings: dict, target: str) -> str:
        asked[name] = settings
        assert target == "train_recognition"
        if figures[settings["recognition.learning_rate"]] is None:
            raise CalledProcessError(1, "dvc")
        return name

    def read(path: str, rev: str) -> str:
        assert path == "reports/train_recognition/summary.json"
        return summary(*figures[asked[rev]["recognition.learning_rate"]])

    monkeypatch.setattr(losses, "dvc_run", run)
    monkeypatch.setattr(losses.dvc.api, "read", read)
    return asked


def test_the_rate_that_dev_people_prefer_is_taken_and_ties_go_by_area(monkeypatch: pytest.MonkeyPatch) -> None:
    # best at twice the rate, level with half of it by TPR alone
    figures = {0.005: (0.5, 0.8), 0.01: (0.4, 0.99), 0.02: (0.5, 0.9), 0.04: (0.3, 0.9)}
    asked = made_up_runs(monkeypatch, figures)
    shared = {"recognition.loss": "cosface", "recognition.dropout": 0.2}
    rate, note = losses.tuned_rate("light", shared, RECOGNITION)
    assert rate == 0.02
    assert note == "learning rate 0.02 (dev TPR 0.500 with 0.005, 0.400 with 0.01, 0.500 with 0.02, 0.300 with 0.04)"
    assert list(asked) == [f"light-cosface-rate-{factor}" for factor in ("0.5", "1", "2", "4")]
    for settings in asked.values():
        assert settings["recognition.loss"] == "cosface"
        assert settings["recognition.dropout"] == 0.2
        assert settings["recognition.seed"] == losses.TUNING_SEED


def test_the_search_goes_on_below_and_the_note_says_where_it_had_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = [0.01 / 16, 0.01 / 8, 0.01 / 4, 0.01 / 2, 0.01, 0.02]
    asked = made_up_runs(monkeypatch, {rate: (0.5 - rate, 0.9) for rate in rates})
    rate, note = losses.tuned_rate("light", {"recognition.loss": "ce"}, RECOGNITION)
    assert rate == 0.01 / 16
    assert sorted(one["recognition.learning_rate"] for one in asked.values()) == rates
    assert note.endswith(", at the limit of the search")


def test_a_rate_that_training_fails_at_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up_runs(monkeypatch, {0.0025: (0.3, 0.8), 0.005: (0.5, 0.8), 0.01: None, 0.02: None})
    rate, note = losses.tuned_rate("light", {"recognition.loss": "triplet"}, RECOGNITION)
    assert rate == 0.005
    assert "fails with 0.01, fails with 0.02)" in note
    made_up_runs(monkeypatch, dict.fromkeys((0.005, 0.01, 0.02)))
    with pytest.raises(FacelineError, match="triplet: training failed at every"):
        losses.tuned_rate("light", {"recognition.loss": "triplet"}, RECOGNITION)


def test_all_losses_are_compared_unless_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = {}
    monkeypatch.setattr(losses, "load_params", tiny_params)
    monkeypatch.setattr(losses, "check_workspace", lambda: None)
    monkeypatch.setattr(losses, "restore", lambda: None)
    monkeypatch.setattr(losses, "run_seeds", lambda name, entry, seeds: [entry.settings] * seeds)
    monkeypatch.setattr(losses, "tuned_rate", lambda name, settings, recognition: (0.25, "a quarter"))
    monkeypatch.setattr(losses, "write_comparison", lambda stem, title, runs, *rest: compared.update(runs))
    monkeypatch.setattr("sys.argv", ["losses", "--seeds", "5"])
    losses.main()
    assert [entry.name for entry in compared] == sorted(sample_params()["losses"])
    for entry, runs in compared.items():
        assert runs == [{"recognition.loss": entry.name, "recognition.learning_rate": 0.25}] * 5
        assert entry.note == "a quarter"
