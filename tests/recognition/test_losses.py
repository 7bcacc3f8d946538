"""Losses against formulas written another way, pytorch-metric-learning, finite differences, and their extremes."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_metric_learning import distances, losses, miners
from torch.nn import functional as F

from faceline.core.errors import FacelineError
from faceline.recognition.heads.registry import loss_names
from faceline.settings.schema import load_params
from faceline.recognition.losses import CosineHead, build_head
from faceline.recognition.losses.triplet import COLLAPSED_STEPS

PARAMS = load_params(Path(__file__).parents[2] / "params" / "sample.yaml").recognition.losses
PEOPLE, DIM, SCALE = 7, 12, PARAMS.arcface.scale
MARGIN_LOSSES = [name for name in loss_names() if name not in ("ce", "triplet")]


def head_of(name, people=PEOPLE, dim=DIM, **changes):
    torch.manual_seed(1)
    return build_head(name, getattr(PARAMS, name).model_copy(update=changes), people, dim)


def batch(count=20, dim=DIM, people=PEOPLE, dtype=torch.float32, seed=2):
    generator = torch.Generator().manual_seed(seed)
    embeddings = 3 * torch.randn(count, dim, generator=generator, dtype=dtype)
    return embeddings, torch.arange(count) % people


def cosines(head, embeddings):
    """Straight from the definition, in numpy and float64."""
    weight = head.weight.detach().double().numpy()
    rows = embeddings.detach().double().numpy()
    table = rows @ weight.T / np.linalg.norm(rows, axis=1)[:, None] / np.linalg.norm(weight, axis=1)
    return table.reshape(len(rows), head.centers, -1).max(axis=1)


def softmax_loss(logits, labels):
    """-log softmax of the target, in numpy and float64."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    own = shifted[np.arange(len(labels)), labels]
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - own))


def expected(head, name, embeddings, labels, target_of):
    table = cosines(head, embeddings)
    labels = labels.numpy()
    rows = np.arange(len(labels))
    logits = SCALE * table
    logits[rows, labels] = SCALE * target_of(table[rows, labels])
    return softmax_loss(logits, labels)


@pytest.mark.parametrize("name", loss_names())
def test_signature_is_the_same_for_all(name):
    head = head_of(name)
    embeddings, labels = batch()
    output = head(embeddings, labels)
    assert output.loss.shape == ()
    assert output.loss > 0
    assert all(value.shape == () and not value.requires_grad for value in output.statistics.values())
    scores = head.predict(embeddings)
    assert scores is None if name == "triplet" else scores.shape == (len(labels), PEOPLE)


def test_arcface_adds_the_margin_to_the_angle():
    head = head_of("arcface", margin_rad=0.4)
    embeddings, labels = batch()
    # cos(t + m) by the addition theorem; no angle of this batch passes pi - m
    wanted = expected(
        head,
        "arcface",
        embeddings,
        labels,
        lambda c: c * math.cos(0.4) - np.sqrt(1 - c**2) * math.sin(0.4),
    )
    output = head(embeddings, labels)
    assert output.loss.item() == pytest.approx(wanted, rel=1e-5)
    own = cosines(head, embeddings)[np.arange(len(labels)), labels.numpy()]
    assert output.statistics["target_angle_rad"].item() == pytest.approx(np.arccos(own).mean(), rel=1e-5)


def test_cosface_takes_the_margin_off_the_cosine():
    head = head_of("cosface", margin_cos=0.3)
    embeddings, labels = batch()
    wanted = expected(head, "cosface", embeddings, labels, lambda c: c - 0.3)
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-5)


def test_subcenters_compete_within_a_person():
    head = head_of("subcenter_arcface", margin_rad=0.4, centers=3)
    assert head.weight.shape == (3 * PEOPLE, DIM)
    embeddings, labels = batch()
    wanted = expected(head, "subcenter_arcface", embeddings, labels, lambda c: np.cos(np.arccos(c) + 0.4))
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-5)


def test_one_subcenter_is_arcface():
    one, arcface = head_of("subcenter_arcface", centers=1, margin_rad=0.4), head_of("arcface", margin_rad=0.4)
    embeddings, labels = batch()
    assert one(embeddings, labels).loss.item() == arcface(embeddings, labels).loss.item()


def test_adaface_holds_clear_photos_to_more():
    head = head_of("adaface", margin=0.4, norm_concentration=0.333)
    embeddings, labels = batch()
    norms = np.linalg.norm(embeddings.numpy(), axis=1)
    quality = np.clip(0.333 * (norms - norms.mean()) / (norms.std() + 1e-3), -1, 1)
    assert quality.std() > 0.1

    def target(cosine):
        return np.cos(np.clip(np.arccos(cosine) - 0.4 * quality, 0, np.pi)) - (0.4 + 0.4 * quality)

    wanted = expected(head, "adaface", embeddings, labels, target)
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-4)


def test_adaface_follows_the_norms_slowly():
    head = head_of("adaface", norm_momentum=0.01)
    embeddings, labels = batch()
    head(embeddings, labels)
    before = head.norm_mean.item()
    assert before == pytest.approx(embeddings.norm(dim=1).mean().item(), rel=1e-5)
    head(2 * embeddings, labels)
    assert head.norm_mean.item() == pytest.approx(1.01 * before, rel=1e-5)
    head.eval()
    head(9 * embeddings, labels)
    assert head.norm_mean.item() == pytest.approx(1.01 * before, rel=1e-5)


def test_curricularface_weighs_hard_wrong_people():
    head = head_of("curricularface", margin_rad=0.4, momentum=0.01)
    head.progress.fill_(0.6)
    embeddings, labels = batch()
    table = cosines(head, embeddings)
    rows, own = np.arange(len(labels)), labels.numpy()
    progress = 0.01 * table[rows, own].mean() + 0.99 * 0.6
    target = np.cos(np.arccos(table[rows, own]) + 0.4)
    hard = table > target[:, None]
    assert 0.1 < hard.mean() < 0.95
    changed = np.where(hard, table * (progress + table), table)
    changed[rows, own] = target
    wanted = softmax_loss(SCALE * changed, own)
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-5)
    assert head.progress.item() == pytest.approx(progress, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_ce_is_cross_entropy_of_a_linear_layer(smoothing):
    head = head_of("ce", label_smoothing=smoothing)
    embeddings, labels = batch()
    logits = embeddings.numpy() @ head.linear.weight.detach().numpy().T + head.linear.bias.detach().numpy()
    log_softmax = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    goal = np.full(logits.shape, smoothing / PEOPLE)
    goal[np.arange(len(labels)), labels.numpy()] += 1 - smoothing
    assert head(embeddings, labels).loss.item() == pytest.approx(-(goal * log_softmax).sum(1).mean(), rel=1e-5)


def copy_weight(theirs, head):
    theirs.W.data = head.weight.detach().double().T.clone()
    return theirs.double()


def wide_batch():
    """Angles over the whole range, those beyond pi - m among them."""
    head = head_of("arcface")
    unit = F.normalize(head.weight.detach().double())
    labels = torch.arange(40) % PEOPLE
    angles = torch.linspace(0.05, math.pi - 0.05, 40, dtype=torch.float64)
    other = torch.randn(40, DIM, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    other = F.normalize(other - (other * unit[labels]).sum(1, keepdim=True) * unit[labels])
    rows = angles.cos()[:, None] * unit[labels] + angles.sin()[:, None] * other
    return rows, labels


@pytest.mark.parametrize(
    ("name", "changes", "oracle"),
    [
        (
            "arcface",
            {"margin_rad": 0.5},
            lambda: losses.ArcFaceLoss(PEOPLE, DIM, margin=math.degrees(0.5), scale=SCALE),
        ),
        ("cosface", {"margin_cos": 0.35}, lambda: losses.CosFaceLoss(PEOPLE, DIM, margin=0.35, scale=SCALE)),
        ("sphereface", {"margin_factor": 2.0}, lambda: losses.SphereFaceLoss(PEOPLE, DIM, margin=2, scale=SCALE)),
        ("sphereface", {"margin_factor": 4.0}, lambda: losses.SphereFaceLoss(PEOPLE, DIM, margin=4, scale=SCALE)),
    ],
)
def test_agrees_with_metric_learning(name, changes, oracle):
    head = head_of(name, **changes).double()
    embeddings, labels = wide_batch()
    ours, theirs = embeddings.clone().requires_grad_(), embeddings.clone().requires_grad_()
    mine = head(ours, labels).loss
    other = copy_weight(oracle(), head)(theirs, labels)
    assert mine.item() == pytest.approx(other.item(), rel=1e-6)
    if name != "sphereface":  # theirs scales by the norm, which lets the gradient through
        mine.backward()
        other.backward()
        assert torch.allclose(ours.grad, theirs.grad, rtol=1e-4, atol=1e-7)


def test_subcenter_agrees_with_metric_learning():
    head = head_of("subcenter_arcface", margin_rad=0.5, centers=3).double()
    embeddings, labels = batch(dtype=torch.float64)
    oracle = losses.SubCenterArcFaceLoss(
        num_classes=PEOPLE, embedding_size=DIM, margin=math.degrees(0.5), scale=SCALE, sub_centers=3
    )
    copy_weight(oracle, head)
    # theirs holds a person's centres side by side
    oracle.W.data = oracle.W.data.view(DIM, 3, PEOPLE).transpose(1, 2).reshape(DIM, -1)
    ours, theirs = embeddings.clone().requires_grad_(), embeddings.clone().requires_grad_()
    mine, other = head(ours, labels).loss, oracle(theirs, labels)
    assert mine.item() == pytest.approx(other.item())
    mine.backward()
    other.backward()
    assert torch.allclose(ours.grad, theirs.grad, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("mining", ["batch_hard", "semi_hard"])
def test_triplet_agrees_with_metric_learning(mining):
    # wide apart: every anchor and positive has a negative farther away, where all define semi-hard alike
    embeddings, labels = batch(24, dtype=torch.float64)
    embeddings += 4 * F.one_hot(labels, DIM)
    distance = distances.CosineSimilarity()
    oracle = losses.TripletMarginLoss(margin=0.3, distance=distance)
    output = head_of("triplet", mining=mining, margin_cos=0.3)(embeddings, labels)
    if mining == "batch_hard":
        triplets = miners.BatchHardMiner(distance=distance)(embeddings, labels)
    else:
        triplets = hand_mined(embeddings, labels)
    assert output.loss.item() == pytest.approx(oracle(embeddings, labels, triplets).item(), rel=1e-6)
    unit = F.normalize(embeddings)
    anchor, positive, negative = triplets
    violations = (unit[anchor] * (unit[negative] - unit[positive])).sum(1) + 0.3
    assert output.statistics["active_share"].item() == pytest.approx((violations > 0).double().mean().item())
    upper = (1 - unit @ unit.T)[torch.triu_indices(24, 24, 1).unbind()]
    assert output.statistics["mean_distance"].item() == pytest.approx(upper.mean().item())


def hand_mined(embeddings, labels):
    """Semi-hard triplets one by one."""
    unit = F.normalize(embeddings).numpy()
    apart = 1 - unit @ unit.T
    chosen = []
    for a in range(len(labels)):
        negatives = [n for n in range(len(labels)) if labels[n] != labels[a]]
        for p in range(len(labels)):
            if p != a and labels[p] == labels[a]:
                farther = [n for n in negatives if apart[a, n] > apart[a, p]]
                pick = (
                    min(farther, key=lambda n: apart[a, n]) if farther else max(negatives, key=lambda n: apart[a, n])
                )
                chosen.append((a, p, pick))
    return tuple(torch.tensor(column) for column in zip(*chosen, strict=True))


def test_triplets_need_positives_and_negatives():
    head = head_of("triplet")
    embeddings, _ = batch(4)
    embeddings.requires_grad_()
    for labels in (torch.arange(4), torch.zeros(4, dtype=torch.long)):
        output = head(embeddings, labels)
        output.loss.backward()
        assert output.loss.item() == 0
        assert torch.isfinite(embeddings.grad).all()


def test_collapse_is_an_error_after_many_steps():
    head = head_of("triplet")
    same = torch.ones(8, DIM) + 1e-4 * torch.randn(8, DIM, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(8) // 2
    for _ in range(COLLAPSED_STEPS - 1):
        head(same, labels)
    spread, _ = batch(8)
    head(spread, labels)  # one good step, and counting starts anew
    for _ in range(COLLAPSED_STEPS - 1):
        head(same, labels)
    with pytest.raises(FacelineError, match=r"all embeddings have been the same.*learning_rate"):
        head(same, labels)


@pytest.mark.parametrize("name", MARGIN_LOSSES)
def test_without_margin_all_are_normalised_cross_entropy(name):
    head = head_of(name)
    head.margin_factor = 0.0
    embeddings, labels = batch()
    wanted = softmax_loss(SCALE * cosines(head, embeddings), labels.numpy())
    assert head(embeddings, labels).loss.item() == pytest.approx(wanted, rel=1e-5)
    scores = head.predict(embeddings).detach().numpy()
    assert np.allclose(scores, SCALE * cosines(head, embeddings), atol=1e-4)


@pytest.mark.parametrize("name", MARGIN_LOSSES)
def test_the_margin_makes_it_harder_and_warms_up(name):
    head = head_of(name)
    embeddings, labels = batch()
    values = []
    for factor in (0.0, 0.3, 1.0):
        head.margin_factor = factor
        values.append(head(embeddings, labels).loss.item())
    assert values[0] < values[1] < values[2]


@pytest.mark.parametrize("name", ["arcface", "cosface", "sphereface", "subcenter_arcface"])
def test_the_target_falls_with_the_angle_everywhere(name):
    head = head_of(name).double()
    cosine = torch.cos(torch.linspace(0, math.pi, 2001, dtype=torch.float64)[1:-1])
    target = head.with_margin(cosine, torch.zeros(len(cosine), DIM))
    assert (target.diff() < 0).all()
    assert (target < cosine).all()


@pytest.mark.parametrize("name", loss_names())
def test_gradients_are_those_of_finite_differences(name):
    head = head_of(name).double().eval()  # running averages stand still
    if name == "adaface":
        head.norm_mean.fill_(9.0)
        head.norm_spread.fill_(2.0)
    embeddings, labels = batch(8, dtype=torch.float64)
    embeddings.requires_grad_()
    weights = [weight.detach().clone().requires_grad_() for weight in head.parameters()]
    names = [key for key, _ in head.named_parameters()]

    def loss(rows, *values):
        return torch.func.functional_call(head, dict(zip(names, values, strict=True)), (rows, labels)).loss

    if name == "adaface":  # the norm only sets the margin and is no path for gradients: hold it still
        fixed = embeddings.detach().clone()
        plain = head.with_margin
        head.with_margin = lambda cosine, _: plain(cosine, fixed)
    assert torch.autograd.gradcheck(loss, (embeddings, *weights), atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("count", [1, 512])
@pytest.mark.parametrize("name", loss_names())
def test_finite_at_the_ends(name, count, dtype):
    head = head_of(name)
    weight = (
        head.weight[: PEOPLE * head.centers : head.centers]
        if isinstance(head, CosineHead)
        else head_of("arcface").weight
    )
    labels = torch.arange(count) % PEOPLE
    sign = 1 - 2 * (torch.arange(count) // PEOPLE % 2)[:, None]
    for rows in (1e3 * weight.detach()[labels] * sign, torch.zeros(count, DIM), 1e-20 * weight.detach()[labels]):
        embeddings = rows.to(dtype).requires_grad_()
        head.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            output = head(embeddings, labels)
        output.loss.backward()
        assert output.loss.dtype == torch.float32
        assert torch.isfinite(output.loss)
        assert torch.isfinite(embeddings.grad).all()
        assert all(torch.isfinite(value.grad).all() for value in head.parameters())
        assert all(torch.isfinite(value) for value in output.statistics.values()) or count == 1


@pytest.mark.parametrize("name", MARGIN_LOSSES)
def test_logits_are_float32_under_autocast(name):
    head = head_of(name)
    embeddings, labels = batch()
    embeddings = embeddings.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        inside = head(embeddings, labels).loss
        scores = head.predict(embeddings)
    assert scores.dtype == torch.float32
    head = head_of(name)
    assert inside.item() == head(embeddings.float(), labels).loss.item()
