import torch

from faceline.training.checkpoint import Checkpoint, checkpoint_key


def test_state_comes_back_and_goes_away(tmp_path):
    checkpoint = Checkpoint("one", tmp_path)
    assert checkpoint.load() is None
    checkpoint.save({"weights": torch.arange(3.0), "curves": [{"epoch": 1, "loss": 0.5}]})
    back = Checkpoint("one", tmp_path).load()
    assert back["curves"] == [{"epoch": 1, "loss": 0.5}]
    assert torch.equal(back["weights"], torch.arange(3.0))
    assert Checkpoint("two", tmp_path).load() is None
    checkpoint.remove()
    checkpoint.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_counts_as_none(tmp_path, caplog):
    checkpoint = Checkpoint("one", tmp_path)
    checkpoint.save({"weights": torch.arange(1000.0)})
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:200])
    assert checkpoint.load() is None
    assert "starts anew" in caplog.text


class Planted:
    def __reduce__(self):
        return print, ("code ran while loading",)


def test_a_file_with_code_in_it_is_not_run(tmp_path, capsys):
    checkpoint = Checkpoint("one", tmp_path)
    torch.save({"weights": Planted()}, checkpoint.path)
    assert checkpoint.load() is None
    assert capsys.readouterr().out == ""


def test_the_key_changes_with_parameters_and_with_any_byte_of_the_inputs(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a").write_bytes(b"1")
    keys = [checkpoint_key("x", {"rate": rate}, [folder]) for rate in (1, 2, 1)]
    assert keys[0] == keys[2] != keys[1]
    (folder / "a").write_bytes(b"2")
    assert checkpoint_key("x", {"rate": 1}, [folder]) != keys[0]
