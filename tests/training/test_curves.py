import pandas as pd

from faceline.training.curves import LiveCurves, write_curves

ROWS = [{"epoch": 1, "loss": 0.123456789}, {"epoch": 2, "loss": float("nan"), "dev": 0.5}]


def test_a_row_is_an_epoch_and_what_was_not_taken_is_empty(tmp_path):
    write_curves(tmp_path, ROWS)
    assert (tmp_path / "curves.csv").read_text() == "epoch,loss,dev\n1,0.123457,\n2,,0.5\n"
    assert [file.name for file in tmp_path.iterdir()] == ["curves.csv"]


def test_while_a_training_runs_its_folder_holds_the_curves_and_nothing_else(tmp_path):
    report = tmp_path / "reports/training"
    report.mkdir(parents=True)
    (report / "samples.png").touch()
    live = LiveCurves(report)
    live([])
    assert (report / "samples.png").exists()  # an earlier training's, until there is something of this one
    live(ROWS[:1])
    assert [file.name for file in report.iterdir()] == ["curves.csv"]
    live(ROWS)
    assert pd.read_csv(report / "curves.csv").epoch.tolist() == [1, 2]
    assert [file.name for file in report.iterdir()] == ["curves.csv"]


def test_a_file_that_is_linked_elsewhere_stays_as_it_is(tmp_path):
    """DVC's cache may be linked into the folder."""
    live = LiveCurves(tmp_path / "report")
    live(ROWS[:1])
    cached = tmp_path / "cached"
    cached.hardlink_to(tmp_path / "report/curves.csv")
    before = cached.read_bytes()
    live(ROWS)
    assert cached.read_bytes() == before != (tmp_path / "report/curves.csv").read_bytes()
