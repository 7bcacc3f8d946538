"""One whole photo: background, people with clothes, hair and glasses, camera faults; and where the face lies."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceline.boxes.boxes import box_around
from faceline.sample.face_texture import FaceTexture
from faceline.sample.head_shape import Camera, rotation
from faceline.sample.paint import blend, curve, fill, mirrored, oval, shape_mask, smooth_noise, step, stroke, tinted
from faceline.sample.synthetic_person import Shot, SyntheticPerson

SUPERSAMPLING = 2
EAR_TURN_RAD = 0.12  # turned further than this, the near ear lies over the head's outline


@dataclass(frozen=True)
class Figure:
    """Somebody in a photo; box width and box centre say how large and where, in photo pixels."""

    person: SyntheticPerson
    shot: Shot
    box_width_px: float
    center_px: tuple[float, float]


def draw_photo(figures: list[Figure], size_px: tuple, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws a photo of size (width, height); the last figure stands in front.

    Returns (height, width, 3) uint8 RGB and the last figure's (5, 2) landmarks in photo pixels (pixel centres are
    whole numbers).
    """
    width, height = size_px
    background = draw_background(rng, height // 2, width // 2)
    image = cv2.resize(background, (width * SUPERSAMPLING, height * SUPERSAMPLING))
    for figure in figures:
        points = _draw_figure(image, figure)
    shot = figures[-1].shot
    photo = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    photo = cv2.GaussianBlur(photo, (0, 0), shot.blur_px) if shot.blur_px else photo
    photo *= np.tile(np.array([1 + shot.warmth, 1, 1 - shot.warmth], np.float32) * shot.exposure, (width, 1))
    photo += rng.standard_normal(photo.shape, np.float32) * shot.noise_sd
    return cv2.convertScaleAbs(np.maximum(photo, 0)), (points + 0.5) / SUPERSAMPLING - 0.5


def draw_background(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(height, width, 3) float32 RGB: a gradient under clutter, stripes, a horizon or cloth, more or less sharp."""
    vivid, size = rng.uniform(0.1, 0.7), max(height, width)
    palette = ((1 - vivid) * rng.uniform(15, 240, (30, 1)) + vivid * rng.uniform(0, 255, (30, 3))).astype(np.float32)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    slope, kind = rng.uniform(-1, 1, 2), rng.choice(["blobs", "blocks", "stripes", "horizon", "cloth"])
    image = np.tile(palette[0], (height, width, 1))
    blend(image, np.s_[:], np.clip(0.5 + slope[0] * (y - 0.5) + slope[1] * (x - 0.5), 0, 1), palette[1])
    for colour in palette[: rng.integers(6, 30)] if kind in ("blobs", "blocks") else ():
        (mid_x, mid_y), (rx, ry) = rng.uniform(0, 1, 2) * (width, height), size * rng.uniform(0.02, 0.16, 2)
        shape = oval(mid_x, mid_y, rx, ry, rng.uniform(0, 3), power=2 if kind == "blobs" else 8)
        fill(image, shape, colour, rng.uniform(0.3, 0.95))
    if kind == "stripes":
        wave = np.sin((x * rng.normal() + y * rng.normal()) * rng.uniform(20, 100))
        blend(image, np.s_[:], 0.5 * step(wave, -0.2, 0.2), palette[2])
    if kind == "horizon":
        ridge = rng.uniform(0.3, 0.8) + 0.08 * smooth_noise(rng, (1, width), (1, 7))
        blend(image, np.s_[:], step(y - ridge, -0.01, 0.01), palette[2])
    cells, depth = (12, 0.12) if kind in ("horizon", "cloth") else (40, 0.04)
    image *= tinted(1 + depth * smooth_noise(rng, (height, width), (cells, cells)), (1, 1, 1))
    return cv2.GaussianBlur(np.clip(image, 0, 255), (0, 0), rng.uniform(0.4, size * 0.016))


def _draw_figure(image: np.ndarray, figure: Figure) -> np.ndarray:
    """Draws one person into the enlarged canvas; returns (5, 2) landmarks in canvas pixels."""
    shot = figure.shot
    camera = Camera(rotation(shot.yaw_rad, shot.pitch_rad), shot.roll_rad)
    face = FaceTexture(figure.person, shot, camera.rotation)
    points_mm = face.landmarks_mm()
    box = box_around(camera.project(points_mm))
    scale = float(figure.box_width_px * SUPERSAMPLING / box[2])
    origin = np.asarray(figure.center_px) * SUPERSAMPLING - (box[:2] + box[2:] / 2) * scale
    camera = replace(camera, px_per_mm=scale, origin_px=tuple(origin.tolist()))
    _draw_body(image, face, camera)
    near = -1 if shot.yaw_rad > 0 else 1
    over = abs(shot.yaw_rad) > EAR_TURN_RAD
    for side in (-near,) if over else (-1, 1):
        _draw_ear(image, face, camera, side)
    _draw_head(image, face, camera)
    if over:
        _draw_ear(image, face, camera, near)
    _draw_worn(image, face, camera)
    return camera.project(points_mm)


def _draw_body(image: np.ndarray, face: FaceTexture, camera: Camera) -> None:
    """Long hair behind the neck, shoulders and clothes, then the neck with the chin's shadow."""
    p, s, chin = face.person, face.shot, face.person.chin_mm
    upright = replace(camera, roll_rad=camera.roll_rad * 0.35)
    if p.haircut in ("long", "bob"):
        wide, end = p.face_half_width_mm * (1.12 + p.hair_volume), chin + (70 if p.haircut == "long" else -8)
        top = curve((0, -118), (wide * 0.9, -124), (wide * 1.06, -60), (wide, 0))
        side = curve((wide, 0), (wide, 50), (wide * (1.05 + 0.25 * p.hair_wave), end - 30), (wide * 0.8, end))
        outline = mirrored(np.concatenate([top, side]))
        outline[:, 0] -= 0.35 * np.tan(camera.roll_rad) * np.maximum(outline[:, 1], 0) + 14 * camera.rotation[0, 2]
        hair, grain = p.hair * (0.6 + 0.25 * s.ambient), smooth_noise(face.rng, (4, 60), (4, 60))
        _fill_round(image, outline, hair, camera, grain)
    wide, neck = (205, 50) if p.male else (172, 41)
    slope = curve((neck, chin + 8), (neck + 16, chin + 34), (wide - 30, chin + 34), (wide, chin + 72), count=14)
    torso = mirrored(np.concatenate([slope, [(wide + 30, chin + 2500)]]))
    _fill_round(image, torso, s.clothes, upright, 0.6 * smooth_noise(face.rng, (64, 64), (7, 9)))
    throat = curve((neck, chin - 60), (neck, chin + 5), (neck, chin + 18), (neck + 9, chin + 28))
    bib = curve(throat[-1], (neck * 0.55, chin + s.neckline_mm), (0, chin + s.neckline_mm + 4))
    throat, skin = mirrored(np.concatenate([throat, bib])), (0.62 + 0.28 * s.ambient) * face.skin
    _fill_round(image, throat, skin, upright, np.linspace(-4, 1, 9, dtype=np.float32)[:, None])


def _fill_round(image: np.ndarray, shape: np.ndarray, colour: np.ndarray, camera: Camera, grain: np.ndarray) -> None:
    """Fills a mirrored outline (mm) like something round, darker aside, under `grain` stretched over what shows."""
    part, mask = shape_mask(image.shape[:2], camera.place(shape), 0.4 * camera.px_per_mm)
    if mask.size:
        y, x = (axis.astype(np.float32) for axis in np.ogrid[part])
        across = camera.plane(x, y)[0] / (1.15 * shape[:, 0].max())
        shade = 0.65 + 0.35 * np.sqrt(np.clip(1 - across**2, 0, 1))
        shade *= 1 + 0.14 * cv2.resize(grain, mask.shape[::-1])
        blend(image, part, mask, tinted(shade, np.asarray(colour, np.float32)))


def _draw_head(image: np.ndarray, face: FaceTexture, camera: Camera) -> None:
    corners = camera.place(mirrored(np.array([(98, -150), (98, face.head.chin_mm + 25)])))
    low = np.maximum(corners.min(0), 0).astype(int) // 2 * 2
    high = np.minimum(corners.max(0), image.shape[1::-1]).astype(int)
    part = np.s_[low[1] : high[1], low[0] : high[0]]
    y, x = np.mgrid[low[1] : high[1] : 2, low[0] : high[0] : 2].astype(np.float32)
    # the cast is smooth: half the canvas's resolution will do, enlarged so that sample i lies at pixel 2 i
    half, flags = np.array([[0.5, 0, 0], [0, 0.5, 0]], np.float32), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    column, row, inside_mm = (
        cv2.warpAffine(found, half, tuple((high - low).tolist()), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for found in face.head.cast(camera, x, y)
    )
    rgb = np.clip(face.rgb, 0, 255).astype(np.uint8)
    seen = cv2.remap(rgb, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    blend(image, part, np.clip(inside_mm * camera.px_per_mm * 0.6 + 0.5, 0, 1), seen)


def _draw_ear(image: np.ndarray, face: FaceTexture, camera: Camera, side: int) -> None:
    p, tone = face.person, face.skin * (0.72 + 0.23 * face.shot.ambient) * (0.9, 0.82, 0.8)
    if p.haircut in ("short", "bald"):
        (x, y), px = camera.project((side * (p.face_half_width_mm + 1), 12, -6)), camera.px_per_mm
        tilt = camera.roll_rad + side * 0.12
        wide, high = (8 + 12 * abs(camera.rotation[0, 2])) * px * p.ear_size, 29 * px * p.ear_size
        fill(image, oval(x, y, wide, high, tilt), tone, 1, 0.5 * px)
        fill(image, oval(x, y, wide * 0.5, high * 0.62, tilt), tone * 0.68, 0.8, 2 * px)


def _draw_worn(image: np.ndarray, face: FaceTexture, camera: Camera) -> None:
    """Glasses, and a microphone held before the chin."""
    p, s, px = face.person, face.shot, camera.px_per_mm
    eye, front = p.eye_x_mm, face.head.point_mm(p.eye_x_mm, 0)[2] + 13
    for side in (-1, 1) if s.glasses else ():
        rim = oval(side * (eye + 2), 3, 23, 19, power=2.2 if s.glasses == "round" else 4.5)
        rim = camera.project(np.column_stack([rim, front - 0.004 * rim[:, 0] ** 2]))
        fill(image, rim, (28, 26, 30) if s.glasses == "sun" else (235, 240, 250), 0.86 if s.glasses == "sun" else 0.1)
        bridge = camera.project([(side * (eye - 20), -1, front), (0, -5, front)])
        temple = camera.project([(side * (eye + 24), -2, front - 12), (side * (p.face_half_width_mm + 1), -3, 8)])
        for line in (rim[[*range(len(rim)), 0]], bridge, temple):
            fixed, width = np.round(line * 16).astype(np.int32), max(1, round(3.2 * px))
            cv2.polylines(image, [fixed], False, s.frame_colour.tolist(), width, cv2.LINE_AA, 4)
    if s.microphone:
        at = camera.project((10 + 8 * s.gaze_mm, p.mouth_y_mm + 36, 110))
        stroke(image, np.linspace(at, at + np.array([15 * s.gaze_mm, 190]) * px, 6), 26 * px, (30, 30, 34))
        fill(image, oval(at[0], at[1], 19 * px, 21 * px), (62, 62, 66), 1, px)
