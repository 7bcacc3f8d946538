"""Every command that README and docs show: its form, and the test that runs it or the reason why none does."""

import ast
import re

import pytest
from command_forms import KNOWN_OPTIONS, wrong_form
from documents import PAGES, ROOT, code, commands, name

from graph import PARAMS

SHOWN = [page for page in PAGES if page.name != "CHANGELOG.md"]  # which names commands of earlier versions
CLI = "tests/cli/test_main.py"
PACK = "tests/annotating/test_pack_records.py"
CHAIN = "tests/stages/test_chain.py"
SMALL = "tests/docs/test_dvc_commands.py"
IGNORED = "tests/docs/test_ignored_data.py"
FROZEN = "tests/stages/test_dvc_yaml.py"

# what commands begin with -> the test, or the fixture of tests, that runs it: with what it says, in a process or in
# the one of the tests
RUN_BY = {
    "faceline --help": f"{CLI}::test_help_of_every_verb_shows_examples",
    "faceline align": f"{CLI}::test_align_writes_tiles",
    "faceline annotate": f"{CLI}::test_annotate_makes_a_data_set",
    "faceline calibrate": "tests/cli/test_measuring.py::test_calibrate_serves_identify",
    "faceline cluster": f"{CLI}::test_cluster_groups_faces_and_a_name_enrolls_a_group",
    "faceline detect": f"{CLI}::test_detect_gives_boxes_and_sizes",
    "faceline embed": f"{CLI}::test_embed_writes_one_row_for_each_face",
    "faceline enroll": f"{CLI}::test_enroll_adds_to_a_person",
    "faceline evaluate": "tests/cli/test_measuring.py::test_evaluate_measures_and_writes_a_page",
    "faceline export": f"{CLI}::test_remove_export_and_import",
    "faceline export-images": f"{CLI}::test_export_images",
    "faceline export-onnx": f"{CLI}::test_export_onnx_reports_how_far_answers_differ",
    "faceline fetch": "tests/cli/test_measuring.py::test_fetch_takes_a_file_that_is_there_and_no_other",
    "faceline forget": "tests/forgetting/test_forget.py::forget",
    "faceline identify": f"{CLI}::test_identify_names_the_enrolled_and_nobody_else",
    "faceline index": f"{CLI}::test_a_gallery_with_an_index_answers_as_without",
    "faceline labels": "tests/cli/test_measuring.py::test_labels_lists_a_photo_in_the_wrong_folder",
    "faceline list": f"{CLI}::test_every_photo_is_listed_with_its_quality_and_can_be_taken_back",
    "faceline pack": f"{PACK}::test_a_recogniser_is_trained_on_the_set_and_measured_on_pairs",
    "faceline params": "tests/cli/test_sets.py::test_a_variant_becomes_the_parameter_file",
    "faceline remove": f"{CLI}::test_remove_export_and_import",
    "faceline verify": f"{CLI}::test_verify_pairs",
    "dvc add": f"{IGNORED}::test_data_that_dvc_tracks_need_no_option",
    "dvc cache dir": f"{SMALL}::test_the_cache_is_put_elsewhere",
    "dvc checkout": f"{SMALL}::test_what_a_killed_training_left_is_replaced",
    "dvc dag": f"{SMALL}::test_the_graph_is_drawn",
    "dvc exp apply": f"{SMALL}::test_an_experiment_is_put_back",
    "dvc exp remove": f"{SMALL}::test_experiments_are_removed",
    "dvc exp run": f"{CHAIN}::test_a_new_loss_repeats_training_and_what_follows_only",
    "dvc exp run --queue": f"{IGNORED}::test_copied_paths_go_into_temporary_and_queued_experiments",
    "dvc exp run --temp": f"{IGNORED}::test_copied_paths_go_into_temporary_and_queued_experiments",
    "dvc exp show": f"{CHAIN}::test_a_new_loss_repeats_training_and_what_follows_only",
    "dvc freeze": f"{FROZEN}::test_freezing_adds_its_line_and_unfreezing_takes_it_away",
    "dvc gc": f"{SMALL}::test_space_is_freed_with_and_without_the_experiments_files",
    "dvc metrics diff": f"{CHAIN}::test_a_new_loss_repeats_training_and_what_follows_only",
    "dvc plots": "tests/plots/test_offline_plots.py::pages",
    "dvc pull": "tests/stages/test_remote.py::fresh",
    "dvc push": "tests/stages/test_remote.py::fresh",
    "dvc remote add": "tests/stages/test_remote.py::fresh",
    "dvc repro": "tests/conftest.py::tiny_chain",
    "dvc status": "tests/stages/test_invalidation.py::repeated",
    "dvc unfreeze": f"{FROZEN}::test_freezing_adds_its_line_and_unfreezing_takes_it_away",
    "make docs": "tests/docs/test_site.py::site",
    "python -m faceline.plots.offline_plots": "tests/plots/test_offline_plots.py::repository",
    "python -m stages.": f"{CHAIN}::test_a_stage_alone_with_its_deps_writes_its_outs_the_same_and_nothing_else",
}

# what commands begin with -> why no test runs it
NOT_RUN = {
    "7z": "a program of the reader's own, for CelebA's archive",
    "RAY_ADDRESS=HOST:6379": "names a cluster; tests/stages/test_engines.py runs stages on one of its own",
    ".venv/bin/python": "of the page on GPUs; tests/gpu skips without one",
    ".venv": "activates an environment of the reader's own, on Windows",
    "chmod": "changes modes of the reader's own folders",
    "cp": "of a list that the reader has looked at",
    "dvc commit": "after a training on several machines, of which tests have one",
    "docker": "tests have no Docker; tests/cli/test_dockerfile.py reads the Dockerfile",
    "dvc exp pull": "from a Git remote of the reader's own",
    "dvc exp push": "to a Git remote of the reader's own",
    "export": "sets a variable of the reader's shell",
    "git": "changes this repository, or a remote one",
    "gto": "of the release, changes this repository",
    "ln": "links a folder of the reader's own",
    "make .venv/installed": "installs from the package index",
    "make bench": "minutes, and its figures are worth nothing beside other work",
    "make coverage": "these tests",
    "make faults": "minutes; tests/faults and tests/corpus run a part of it",
    "make lint": "the workflow runs it, and the hook before a commit",
    "make losses": "many trainings: hours",
    "make repro": "installs, then runs `dvc repro`",
    "make requirements": "asks the package index for versions",
    "make test": "these tests",
    "make types": "`make lint` runs it",
    "pip": "installs from the package index; tests/packaging builds and installs the wheel",
    "pre-commit": "changes the hooks of this repository",
    "py": "the launcher of Python on Windows",
    "pytest": "these tests",
    "python -c": "what PyTorch knows of a GPU depends on the machine",
    "python -m benchmarks.": "measures: minutes to hours, or photos that tests do not have",
    "ray": "starts a cluster of machines; tests/ray_cluster.py starts one of its own",
    "sky": "rents a machine",
    "source": "activates an environment of the reader's own",
    "taskset": "a program of Linux; what it starts is run",
    "tee": "keeps what is printed",
    "umask": "sets the mask of the reader's shell",
    "uv": "of the release: asks or changes the package index",
}


@pytest.mark.parametrize("page", SHOWN, ids=name)
def test_every_command_is_one_that_its_program_takes(page):
    faults = {" ".join(command.words): wrong_form(command) for command in commands(page)}
    assert not {line: fault for line, fault in faults.items() if fault}


@pytest.mark.parametrize("page", SHOWN, ids=name)
def test_every_command_is_run_by_a_test_or_there_is_a_reason_why_not(page):
    shown = {" ".join(command.words) for command in commands(page)}
    assert not [line for line in shown if not {key for key in RUN_BY | NOT_RUN if begins(line, key)}]


def begins(line, key):
    """Whether a command begins with these words; a key that ends in a dot stands for all modules of a package."""
    return line.startswith(key) if key.endswith(".") else f"{line} ".startswith((f"{key} ", f"{key}\\"))


def test_nothing_is_listed_that_no_page_shows():
    shown = [" ".join(command.words) for page in SHOWN for command in commands(page)]
    assert [key for key in RUN_BY | NOT_RUN if not any(begins(line, key) for line in shown)] == []
    assert not set(RUN_BY) & set(NOT_RUN)
    assert len(shown) > 150


@pytest.mark.parametrize("key", RUN_BY)
def test_the_test_that_runs_it_is_there_and_does(key):
    file, _, test = RUN_BY[key].partition("::")
    text = (ROOT / file).read_text()
    (found,) = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == test]
    _, _, words = key.partition(" ")
    said = {"make docs": "mkdocs", "python -m stages.": "cmd", "python -m faceline.plots.offline_plots": "main()"}
    assert said.get(key, words) in ast.get_source_segment(text, found)


@pytest.mark.parametrize("page", SHOWN, ids=name)
def test_options_and_parameters_in_the_text_exist(page):
    spans = [span for span in code(page) if "\n" not in span]
    options = [span for span in spans if re.match("--[a-z]", span)]
    assert not [option for option in options if option.split()[0] not in KNOWN_OPTIONS]
    keys = [re.match(r"[a-z]+\.[\w.]+", span) for span in spans if span.split(".")[0] in PARAMS]
    assert not [key[0] for key in keys if key and not key[0].endswith(".json") and not is_parameter(key[0])]


def is_parameter(key):
    group = PARAMS
    for part in key.split("."):
        if part not in group:
            return False
        group = group[part]
    return True


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("faceline recognise party.jpg", "no verb recognise"),
        ("faceline identify party.jpg --galery people.db", "--galery"),
        ("faceline identify --gallery people.db", "required"),
        ("faceline params celeba-tiny", "no variant celeba-tiny"),
        ("faceline fetch arcnet", "no model arcnet"),
        ("dvc exp run -S recognition.los=arcface", "no parameter los"),
        ("dvc exp run -S recognition.loss=arcfaec", "arcfaec"),
        ("dvc exp rum", "rum"),
        ("dvc repro train", "no stage train"),
        ("dvc metrics diff --targets metrics/faces.json", "no stage writes"),
        ("dvc exp show --sort-by tpr", "no figure tpr"),
        ("make reprod", "reprod"),
        ("make repro PYTON=python3", "no variable PYTON"),
        ("python -m stages.embed --tiles data/aligned", "required"),
        ("python -m stages.embd --tiles data/aligned", "no module"),
        ("python -m benchmarks.gallery --peple 3", "--peple"),
        ("pip install '.[training]'", "no extra training"),
        ("pytest tests/nothing", "no file tests/nothing"),
        ("export FACELINE_MODEL=sface", "no verb reads FACELINE_MODEL"),
        ("docker run faceline identfy x", "no verb identfy"),
    ],
)
def test_a_wrong_one_is_told(tmp_path, line, words):
    page = tmp_path / "page.md"
    page.write_text(f"```\n{line}  # a comment\n```\n")
    (command,) = commands(page)
    assert words in wrong_form(command)


def test_commands_are_found_in_blocks_and_in_the_text(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "Run `dvc repro report`, not `report`.\n\n```\nmake repro && faceline detect a.jpg > out.json  # both\n"
        "python -m x \\\n  --y 'a b'\n```\n\n```bash\nls\n```\n\n```text\nmake nothing\n```\n\n- In a list:\n\n"
        "  ```console\n  dvc push\n  ```\n"
    )
    assert [(" ".join(command.words), command.whole) for command in commands(page)] == [
        ("make repro", True),
        ("faceline detect a.jpg", True),
        ("python -m x --y a b", True),
        ("ls", True),
        ("dvc push", True),
        ("dvc repro report", False),
    ]
