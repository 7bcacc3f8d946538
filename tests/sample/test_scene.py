"""Photos agree with their points, attributes and traits."""

import cv2
import numpy as np
import pytest

from faceline.boxes.boxes import box_around
from faceline.core.columns import ATTRIBUTES
from faceline.sample.face_texture import FaceTexture
from faceline.sample.head_shape import Camera, HeadShape, rotation
from faceline.sample.scene import Figure, draw_photo
from faceline.sample.synthetic_person import Shot, SyntheticPerson, attribute_row, draw_person, draw_shot

SIZE = (260, 300)


def changed(thing, **traits):
    return type(thing)(**{**vars(thing), **traits})


def somebody(seed=1, **traits):
    person = changed(draw_person(np.random.default_rng(seed)), haircut="short", bangs=False)
    shot = draw_shot(np.random.default_rng([seed, 1]), person)
    plain = changed(shot, glasses="", hat=False, microphone=False, yaw_rad=0.0, pitch_rad=0.0, roll_rad=0.0)
    return person, changed(plain, noise_sd=0.0, **traits)


def portrait(person, shot):
    return draw_photo([Figure(person, shot, 120.0, (130.0, 160.0))], SIZE, np.random.default_rng(0))


def held(person, shot):
    return {name for name, value in zip(ATTRIBUTES, attribute_row(person, shot), strict=True) if value == 1}


def around(photo, point, radius):
    x, y = np.round(point).astype(int)
    return photo[y - radius : y + radius + 1, x - radius : x + radius + 1].astype(float)


def test_the_figure_fills_the_box_asked_for():
    _, points = portrait(*somebody(yaw_rad=0.3, roll_rad=-0.2, pitch_rad=0.1))
    box = box_around(points)
    assert box[2] == pytest.approx(120, rel=0.01)
    np.testing.assert_allclose(box[:2] + box[2:] / 2, (130, 160), atol=0.6)


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (0.35, 0.1, 0.2), (-0.3, -0.15, -0.25)])
def test_casting_a_projected_point_finds_it_again(yaw, pitch, roll):
    head = HeadShape(draw_person(np.random.default_rng(2)))
    camera = Camera(rotation(yaw, pitch), roll, 1.7, (210.0, 190.0))
    for spot in ((-31, 0), (31, 0), (0, 40), (-20, 70), (25, 72), (0, -40)):
        x, y = camera.project(head.point_mm(*spot))
        column, row, inside_mm = head.cast(camera, np.float32([[x]]), np.float32([[y]]))
        np.testing.assert_allclose((column.item(), row.item()), head.texture_px(spot), atol=1.0)
        assert inside_mm.item() > 0


def test_a_camera_is_a_rigid_turn_and_plane_undoes_place():
    turn = rotation(0.4, -0.2)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    assert (turn @ (0, 0, 1))[0] > 0  # the nose goes to the viewer's right
    assert (rotation(0, 0.2) @ (0, 0, 1))[1] < 0  # and up
    camera = Camera(turn, 0.3, 1.4, (50.0, 60.0))
    places = np.random.default_rng(0).normal(0, 40, (9, 2))
    np.testing.assert_allclose(np.stack(camera.plane(*camera.place(places).T), 1), places, atol=1e-9)


def test_pupils_are_where_the_eye_points_are():
    for seed in range(6):
        person, shot = somebody(seed, gaze_mm=0.0, squint=0.0)
        photo, points = portrait(changed(person, skin_melanin=0.1, eye_opening_mm=11.0), shot)
        for eye in points[:2]:
            patch = cv2.GaussianBlur(around(photo, eye, 7).mean(2), (0, 0), 1)
            darkest = np.unravel_index(patch[4:11, 4:11].argmin(), (7, 7))
            assert np.hypot(*np.subtract(darkest, 3)) <= 3.2


def test_the_mouth_line_runs_between_the_corner_points():
    person, shot = somebody(mouth_open=0.0, smile=0.0)
    photo, points = portrait(changed(person, skin_melanin=0.2, beard=0, moustache=0, goatee=0), shot)
    grey = photo.astype(float).mean(2)
    for corner, outwards in ((points[3], -8), (points[4], 8)):
        x, y = np.round(corner).astype(int)
        assert grey[y - 2 : y + 3, x].min() < grey[y - 2 : y + 3, x + outwards].min() - 25


def test_smiling_widens_the_mouth_and_lifts_its_corners():
    person, grave = somebody(smile=0.0)
    (_, before), (_, after) = (portrait(person, changed(grave, smile=smile)) for smile in (0.0, 1.0))
    width = [np.linalg.norm(p[4] - p[3]) / np.linalg.norm(p[1] - p[0]) for p in (before, after)]
    assert width[1] > 1.08 * width[0]
    assert after[3:, 1].mean() - after[2, 1] < before[3:, 1].mean() - before[2, 1] - 1
    assert "Smiling" in held(person, changed(grave, smile=1.0)) - held(person, grave)


def test_glasses_change_the_eyes_and_leave_the_chin():
    person, bare = somebody()
    worn = changed(bare, glasses="square", frame_colour=np.array([20.0, 20.0, 20.0]))
    (a, points), (b, _) = portrait(person, bare), portrait(person, worn)
    difference = np.abs(a.astype(int) - b).mean(2)
    assert around(difference, points[0], 14).max() > 60
    assert around(difference, np.add(points[3:].mean(0), (0, 18)), 6).max() == 0
    assert held(person, worn) - held(person, bare) == {"Eyeglasses"}


def test_a_hat_covers_the_top_of_the_head():
    person, bare = somebody()
    worn = changed(bare, hat=True, hat_colour=np.array([20.0, 200.0, 40.0]))
    (_, points), (photo, _) = portrait(person, bare), portrait(person, worn)
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    red, green, blue = around(photo, eyes - 1.2 * (mouth - eyes), 5).mean((0, 1))
    assert green > 2 * max(red, blue)
    assert "Wearing_Hat" in held(person, worn)


@pytest.mark.parametrize(
    ("colour", "name"),
    [((22, 20, 20), "Black"), ((105, 70, 45), "Brown"), ((215, 180, 120), "Blond"), ((170, 170, 172), "Gray")],
)
def test_hair_has_the_colour_its_attribute_says(colour, name):
    person, shot = somebody()
    person = changed(person, hair=np.array(colour, np.float32))
    photo, points = portrait(person, shot)
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    seen = np.median(around(photo, eyes - 1.25 * (mouth - eyes), 6).reshape(-1, 3), 0)
    colours = {"Black_Hair", "Brown_Hair", "Blond_Hair", "Gray_Hair"}
    assert held(person, shot) & colours == {f"{name}_Hair"}
    np.testing.assert_allclose(seen / seen.max(), np.array(colour) / max(colour), atol=0.12)


def test_a_bald_head_shows_skin_and_no_hair_colour():
    person, shot = somebody()
    photos = [
        portrait(changed(person, haircut=cut, hair=np.float32([20, 20, 20]), skin_melanin=0.1), shot)
        for cut in ("short", "bald")
    ]
    eyes, mouth = photos[0][1][:2].mean(0), photos[0][1][3:].mean(0)
    brightness = [around(photo, eyes - 0.95 * (mouth - eyes), 4).mean() for photo, _ in photos]
    assert brightness[1] > brightness[0] + 60
    assert "Bald" in held(changed(person, haircut="bald"), shot)
    assert not {
        n
        for n in held(changed(person, haircut="bald"), shot)
        if n in ("Black_Hair", "Brown_Hair", "Blond_Hair", "Gray_Hair")
    }


def test_bangs_cover_the_forehead():
    person, shot = somebody()
    person = changed(person, hair=np.float32([20, 20, 20]), skin_melanin=0.05, hairline_mm=-66.0)
    (a, points), (b, _) = portrait(person, shot), portrait(person, changed(shot, bangs=True))
    forehead = points[:2].mean(0) - 0.55 * (points[3:].mean(0) - points[:2].mean(0))
    assert around(b, forehead, 3).mean() < around(a, forehead, 3).mean() - 60
    assert "Bangs" in held(person, changed(shot, bangs=True)) - held(person, shot)


def test_skin_beard_and_lips_are_as_said():
    person, shot = somebody(mouth_open=0.0)
    person = changed(person, male=True, beard=0.0, moustache=0.0, goatee=0.0, hair=np.float32([30, 24, 22]))
    pale, dark = (portrait(changed(person, skin_melanin=m), shot) for m in (0.05, 0.95))
    cheek = pale[1][0] * 0.4 + pale[1][3] * 0.6 + (-6, 0)
    assert around(pale[0], cheek, 4).mean() > around(dark[0], cheek, 4).mean() + 60
    assert "Pale_Skin" in held(changed(person, skin_melanin=0.05), shot)
    bearded = changed(person, skin_melanin=0.05, beard=1.0, goatee=0.9)
    chin = pale[1][3:].mean(0) * 2 - pale[1][2] + (0, 4)
    assert around(portrait(bearded, shot)[0], chin, 3).mean() < around(pale[0], chin, 3).mean() - 40
    assert "Goatee" in held(bearded, shot)
    assert "No_Beard" not in held(bearded, shot)
    assert "No_Beard" in held(person, shot)


def test_an_open_mouth_is_dark_or_shows_teeth():
    person, shut = somebody(mouth_open=0.0, smile=0.0)
    wide = changed(shut, mouth_open=1.0)
    (a, points), (b, moved) = portrait(person, shut), portrait(person, wide)
    spread = [around(photo, np.add(p[3:].mean(0), (0, 3)), 6).mean(2).std() for photo, p in ((a, points), (b, moved))]
    assert spread[1] > 1.3 * spread[0]
    assert "Mouth_Slightly_Open" in held(person, wide) - held(person, shut)


def test_a_blurry_photo_is_less_sharp():
    person, sharp = somebody()
    laplacians = [
        cv2.Laplacian(
            cv2.cvtColor(portrait(person, changed(sharp, blur_px=blur))[0], cv2.COLOR_RGB2GRAY), cv2.CV_64F
        ).var()
        for blur in (0.0, 3.5)
    ]
    assert laplacians[1] < 0.1 * laplacians[0]
    assert held(person, changed(sharp, blur_px=3.5)) - held(person, sharp) == {"Blurry"}


def test_turning_moves_the_nose_against_the_eyes():
    for yaw, sign in ((0.3, 1), (-0.3, -1)):
        _, points = portrait(*somebody(yaw_rad=yaw))
        offset = (points[2, 0] - points[:2, 0].mean()) / np.ptp(points[:2, 0])
        assert sign * offset > 0.1


def test_people_differ_more_than_a_persons_photos():
    """In landmark shape alone, the spread between people exceeds the spread within when nobody turns."""

    def shape(person, shot):
        face = FaceTexture(person, changed(shot, yaw_rad=0.0, pitch_rad=0.0), np.eye(3))
        points = face.landmarks_mm()[:, :2]
        return (points[2:] / np.linalg.norm(points[1] - points[0])).ravel()

    shapes = []
    for i in range(12):
        person = draw_person(np.random.default_rng([9, i]))
        shapes.append([shape(person, draw_shot(np.random.default_rng([9, i, j]), person)) for j in range(3)])
    shapes = np.array(shapes)
    assert shapes.mean(1)[:, 1].std() > 2 * shapes[:, :, 1].std(1).mean()  # nose height
    assert shapes.mean(1).var(0).sum() > shapes.var(1).mean(0).sum()


def test_traits_are_finite_and_continuous():
    people = [draw_person(np.random.default_rng([5, i])) for i in range(40)]
    assert len({p.eye_x_mm for p in people}) > 35  # the tails are cut
    assert {p.male for p in people} == {True, False}
    assert isinstance(people[0], SyntheticPerson)
    assert isinstance(draw_shot(np.random.default_rng(0), people[0]), Shot)
    for p in people:
        assert not (p.beard + p.moustache + p.goatee and not p.male)
