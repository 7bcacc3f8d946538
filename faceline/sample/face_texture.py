"""A person's face in one photo: relief and colours painted on the head's texture, then lit."""

import cv2
import numpy as np
from numpy.typing import ArrayLike

from faceline.sample.head_shape import ARC_MM, TEXTURE_PX_PER_MM, HeadShape
from faceline.sample.paint import blend, curve, fill, oval, shape_mask, smooth_noise, step, stroke, tinted
from faceline.sample.synthetic_person import Shot, SyntheticPerson

SKIN = np.array([(240, 206, 188), (232, 188, 160), (204, 152, 118), (160, 110, 80), (104, 70, 52)], np.float32)
LIP, LIPSTICK = np.array([(176, 74, 80), (172, 32, 52)], np.float32)
HAIR_REACH_MM = {"long": 74, "bob": 56, "short": 22, "bald": 22}


class FaceTexture:
    """Paints a face as soon as it is made: `rgb` is the lit texture (float32, 0..255) of `head`."""

    def __init__(self, person: SyntheticPerson, shot: Shot, rotation: np.ndarray) -> None:
        self.person, self.shot, self.rotation = person, shot, rotation
        self.rng = np.random.default_rng(shot.seed)
        self.head = HeadShape(person, 7 * shot.mouth_open)
        self.x, self.y = np.broadcast_arrays(self.head.x_mm, self.head.v_mm[:, None])
        self.smile = max(shot.smile, 0)
        tone = [np.interp(person.skin_melanin * (len(SKIN) - 1), range(len(SKIN)), channel) for channel in SKIN.T]
        self.skin = np.array(tone, np.float32) * (1 + person.skin_hue * np.array([0.02, -0.012, -0.045], np.float32))
        self.rgb = np.tile(self.skin, (*self.x.shape, 1))
        corner_x = person.mouth_half_width_mm * (1 + 0.14 * shot.smile - 0.08 * shot.mouth_open)
        self.corner = np.array((corner_x, person.mouth_y_mm - 1 - 5 * shot.smile + 2.5 * shot.mouth_open))
        self._model()
        self._complexion()
        self._beard()
        for side in (-1, 1):
            self._eye(np.array((side, 1)))
            self._brow(np.array((side, 1)))
        self._nose()
        self._mouth()
        self._hair()
        self._light()

    def landmarks_mm(self) -> np.ndarray:
        """(5, 3) left eye, right eye, nose tip, left and right mouth corner, as seen by the viewer."""
        eye, (x, y) = self.person.eye_x_mm, self.corner
        spots = ((-eye, 0), (eye, 0), (0, self.person.nose_y_mm), (-x, y), (x, y))
        return np.stack([self.head.point_mm(*spot) for spot in spots])

    def _bell(self, x: float, y: float, rx: float, ry: float) -> tuple[tuple, np.ndarray]:
        """(slices of the texture round a point of the front, Gaussian bell of height 1 there)."""
        at, reach = self.head.texture_px((x, y)), np.array((3.2 * rx, 2.2 * ry)) * TEXTURE_PX_PER_MM
        size = np.array(self.x.shape[::-1])
        (left, top), (right, bottom) = np.clip([at - reach, at + reach], (size[0] // 7, 0), size - (size[0] // 7, 0))
        part = np.s_[int(top) : int(bottom), int(left) : int(right)]
        return part, np.exp(-(((self.x[part] - x) / rx) ** 2) - ((self.y[part] - y) / ry) ** 2)

    def _raise(self, height_mm: float, *place: float) -> None:
        part, bell = self._bell(*place)
        self.head.relief_mm[part] += height_mm * bell

    def _glow(self, strength: float, colour: np.ndarray, *place: float) -> None:
        part, bell = self._bell(*place)
        blend(self.rgb, part, strength * bell, colour)

    def _tint(self, mask: np.ndarray, colour: np.ndarray) -> None:
        """Blends in a whole-texture mask, over the rows where it is not zero."""
        rows = np.flatnonzero(mask.any(1))
        if len(rows):
            part = np.s_[rows[0] : rows[-1] + 1]
            blend(self.rgb, part, mask[part].astype(np.float32), colour[part] if colour.ndim == 3 else colour)

    def _fill(self, points_mm: np.ndarray, colour: ArrayLike, strength: float = 1, soft_mm: float = 0) -> None:
        fill(self.rgb, self.head.texture_px(points_mm), colour, strength, soft_mm * TEXTURE_PX_PER_MM)

    def _stroke(self, points_mm: np.ndarray, width_mm: float, colour: np.ndarray, strength: float = 1) -> None:
        stroke(self.rgb, self.head.texture_px(points_mm), width_mm * TEXTURE_PX_PER_MM, colour, strength)

    def _model(self) -> None:
        """Relief: nose, sockets, brow ridge, cheeks, mouth, chin."""
        p, tip = self.person, self.person.nose_y_mm
        y = self.head.v_mm[:, None]
        along = np.clip((y + 8) / (tip + 8), 0, None)
        rise = np.where(along < 1, along**1.3, np.exp(-(((y - tip) / 7.5) ** 2)))
        spread = p.nose_bridge_mm + (0.62 * p.nose_half_width_mm - p.nose_bridge_mm) * np.clip(along, 0, 1.1) ** 2.5
        nose = 0.9 * p.nose_height_mm * rise * np.exp(-((self.x / spread) ** 2))
        self.head.relief_mm += nose * (np.abs(self.head.phi) < 1.5)
        for side in (-1, 1):
            eye = side * p.eye_x_mm
            self._raise(6, side * p.nose_half_width_mm * 0.78, tip + 3, 5.5, 6)
            self._raise(-p.eye_depth_mm, eye - side * 4, -4, 17, 10)
            self._raise(2.2, eye, 0, 11, 7.5)
            self._raise(3, eye, p.brow_y_mm, 20, 8)
            self._raise(p.cheek_mm + 3 * self.smile, eye + side * 8, 34, 19, 17)
            self._raise(-1 - 2 * self.smile, side * (self.corner[0] + 7), self.corner[1], 6, 12)
        self._raise(5, 0, p.mouth_y_mm, p.mouth_half_width_mm, 15)
        self._raise(-3.5, 0, p.mouth_y_mm + p.lower_lip_mm + 8, 16, 5)
        self._raise(6, 0, self.head.chin_mm - 12, 16, 11)

    def _complexion(self) -> None:
        """Blush, shadows round the eyes, folds and wrinkles, freckles, moles."""
        p = self.person
        red, dark = self.skin * np.array([(1.0, 0.8, 0.8), (0.72, 0.62, 0.58)], np.float32)[:, None]
        for side in (-1, 1):
            eye, m = side * p.eye_x_mm, (side, 1)
            self._glow(0.15 + 0.5 * p.blush, red, eye + side * 8, 36, 20, 16)
            self._glow(0.34, dark, eye - side * 6, -7, 15, 8)
            self._glow(0.15 + 0.4 * p.age, dark, eye - side * 2, 11, 13, 4)
            cheek, x = p.nose_y_mm + 10, self.corner[0] + 6
            fold = curve((p.nose_half_width_mm + 2, p.nose_y_mm + 1), (x, cheek), (x, self.corner[1] + 2)) * m
            self._stroke(fold, 3.5, dark, 0.15 + 0.4 * p.age + 0.35 * self.smile)
        for y in (-44, -52, -60):
            self._stroke(curve((-32, y), (0, y - 6), (32, y)), 1.8, dark, 0.55 * max(0.0, p.age - 0.35))
        speckle, own = np.zeros(self.x.shape, np.uint8), np.random.default_rng(p.moles_seed)
        for x, y in self.head.texture_px(own.normal((0, 28), (24, 11), (int(90 * p.freckles), 2))) * 16:
            cv2.circle(speckle, (round(x), round(y)), round(own.uniform(11, 23)), 150, -1, cv2.LINE_AA, 4)
        self._tint(speckle / np.float32(255), dark * np.array((0.95, 0.8, 0.7), np.float32))
        for x, y, size in p.moles:
            self._fill(oval(x, y, size, size), self.skin * 0.36, 0.85, 0.25)

    def _beard(self) -> None:
        p, hair = self.person, self.person.hair * 0.85
        if not p.male:
            return
        grain = 0.78 + 0.22 * np.clip(self.rng.standard_normal(self.x.shape, np.float32), -1.5, 1.5)
        aside = np.abs(self.head.phi * ARC_MM)[None]
        jaw = step(self.y - (p.mouth_y_mm - 16) - 0.35 * (p.face_half_width_mm - aside), -7, 7) * step(aside, 14, 30)
        jaw = np.maximum(jaw, step(self.y, p.mouth_y_mm + 13, p.mouth_y_mm + 24))
        jaw = np.maximum(jaw, step(aside, 62, 72) * step(self.y, -2, 8))
        low = self.y - p.mouth_y_mm + p.upper_lip_mm - 5 * (self.x / p.mouth_half_width_mm) ** 2
        lip = step(-np.abs(self.x), -p.mouth_half_width_mm - 4, 8 - p.mouth_half_width_mm)
        lip = lip * step(low, -12, -7) * step(-low, -5, 0) * (np.abs(self.head.phi) < 1)
        self._tint(np.maximum(0.95 * p.beard * jaw, max(p.moustache, 0.5 * p.beard) * lip) * grain, hair)
        part, bell = self._bell(0, p.mouth_y_mm + p.lower_lip_mm + 21, 21, 15)
        blend(self.rgb, part, np.clip(p.goatee * 1.5 * bell, 0, 0.95) * grain[part], hair)

    def _eye(self, m: np.ndarray) -> None:
        """Lids, eyeball, iris, pupil, glint, lashes; `m` mirrors a right eye to its side."""
        p, s, cx, half = self.person, self.shot, self.person.eye_x_mm, self.person.eye_half_width_mm
        high = p.eye_opening_mm * (1 - 0.5 * s.squint) * (1 - 0.22 * self.smile)
        inner, outer = (cx - half, 1.2), (cx + half, 1.2 - 2 * half * p.eye_tilt)
        left, right = cx - 0.52 * half, cx + 0.5 * half
        upper = curve(inner, (left, -0.9 * high), (right, -0.95 * high), outer) * m
        lower = curve(outer, (right, 0.62 * high), (left, 0.6 * high), inner) * m
        self._fill(np.concatenate([np.add(upper, (0, -3.8)), upper[::-1]]), self.skin * 0.72, 0.7, 0.8)
        self._stroke(np.add(upper, (0, -3.6 - 1.6 * p.lid_fold)), 1.5, self.skin * 0.5, 0.25 + 0.6 * p.lid_fold)
        self._stroke(np.add(lower, (0, 1.2)), 1.4, self.skin * 0.6, 0.4)
        outline = self.head.texture_px(np.concatenate([upper, lower]))
        part, mask = shape_mask(self.rgb.shape[:2], outline, 0.3)
        x, y = self.x[part] - m[0] * cx - s.gaze_mm, self.y[part]
        eye = (0.7 + 0.3 * step(y, -high * 0.75, 0))[..., None] * np.array((226, 222, 218), np.float32)
        away = np.hypot(x, y + 0.7)
        iris = p.iris * (1.25 - 0.5 * step(away, 2.5, 6.4))[..., None]
        eye += step(-away, -6.9, -5.9)[..., None] * (iris - eye)
        eye *= 1 - 0.93 * step(-away, -3.3, -2.4)[..., None]
        eye += step(-np.hypot(x - 2, y + 2.6), -1.6, -0.7)[..., None] * (250 - eye)
        blend(self.rgb, part, mask, eye)
        tail = np.add(upper[-1:], (1.6 * m[0], -1))
        self._stroke(np.concatenate([upper, tail]), 2.3 if p.male else 3.2, np.minimum(self.skin * 0.3, 50), 0.92)

    def _brow(self, m: np.ndarray) -> None:
        p, y = self.person, self.person.brow_y_mm - self.shot.brow_raise_mm
        cx, half, drop = p.eye_x_mm + 1, p.brow_half_length_mm, p.brow_half_length_mm * p.brow_tilt
        bow = (cx, y - 2 * p.brow_arch_mm), (cx + half * 0.6, y - 1.6 * p.brow_arch_mm)
        top = curve((cx - half, y + 1 + drop), *bow, (cx + half, y + 3 - drop)) * m
        thick = p.brow_thickness_mm * np.linspace(1, 0.35, len(top))[:, None] * (0, 1)
        colour = p.hair * 0.75 + 0.08 * self.skin
        self._fill(np.concatenate([top, (top + thick)[::-1]]), colour, 0.88, 0.8)
        for root, tip in zip((top + 0.9 * thick)[1:-1], np.add(top, (3 * m[0], -0.6))[1:-1], strict=True):
            self._stroke(curve(root, tip, count=3), 0.9, colour * 0.8, 0.5)

    def _nose(self) -> None:
        p, tip, wing = self.person, self.person.nose_y_mm, self.person.nose_half_width_mm
        shade = self.skin * np.array([0.55, 0.45, 0.42], np.float32)
        self._fill(curve((-wing, tip + 7), (0, tip + 16), (wing, tip + 7), (0, tip + 9), count=20), shade, 0.5, 1.6)
        for side in (-1, 1):
            m = (side, 1)
            self._fill(oval(wing * 0.45, tip + 8.6, wing * 0.24, 1.9, -0.25) * m, shade * 0.35, 0.9, 0.5)
            edge = curve((wing * 0.95, tip - 4), (wing * 1.2, tip + 4), (wing * 0.8, tip + 9)) * m
            self._stroke(edge, 2.2, shade, 0.6)
            flank = curve((5, -10), (p.nose_bridge_mm + 4, 10), (9, tip - 6), (8, -6)) * m
            self._fill(flank, shade, 0.22, 2)

    def _mouth(self) -> None:
        p, s, right, gap = self.person, self.shot, self.corner, 11 * self.shot.mouth_open
        cx, left, middle = right[0], right * (-1, 1), p.mouth_y_mm + 0.5 * s.smile
        lip = LIP * (0.35 + 0.65 * self.skin / 255) * 0.9 + (0.44 - 0.36 * p.lip_redness) * (self.skin - LIP)
        lip = 0.35 * lip + 0.65 * LIPSTICK if s.lipstick else lip
        top, depth = middle - gap * 0.25 - p.upper_lip_mm, middle + gap * 1.05 + 1.33 * p.lower_lip_mm
        bow = curve(left, (-cx * 0.45, top - 1), (-4.5, top - 2), (0, top + 1.6))
        upper_y, lower_y = middle - gap * 0.35 + 1, middle + gap * 1.1 + 1
        upper_in = curve(right, (cx * 0.4, upper_y), (-cx * 0.4, upper_y), left, count=18)
        lower_in = curve(left, (-cx * 0.45, lower_y), (cx * 0.45, lower_y), right, count=18)
        lower_out = curve(right, (cx * 0.55, depth), (-cx * 0.55, depth), left, count=18)
        self._fill(np.add(lower_out, (0, 3.5)), self.skin * 0.62, 0.4, 2)
        self._fill(np.concatenate([lower_in, lower_out]), lip * 1.1, 0.92, 0.5)
        self._fill(np.concatenate([bow, bow[::-1] * (-1, 1), upper_in]), lip * 0.82, 0.92, 0.5)
        self._glow(0.35, np.minimum(lip * 1.45, 250), 0, depth - p.lower_lip_mm + 1, cx * 0.3, 1.8)
        if gap > 1:
            self._fill(np.concatenate([upper_in, lower_in]), (52, 20, 22))
            edge = upper_in[3:-3] * (0.95, 1)
            self._fill(np.concatenate([edge, np.add(edge, (0, min(gap * 0.6, 6)))[::-1]]), (226, 220, 208), 0.95, 0.3)
        self._stroke(upper_in, 1.7, self.skin * 0.25, 0.8)
        for corner in (left, right):
            self._fill(oval(corner[0], corner[1], 2.2, 1.6), self.skin * 0.4, 0.6, 0.7)

    def _hair(self) -> None:
        """Hair or hat: colour, and a shell that lifts it off the skin."""
        p, s, turn, v, bald = self.person, self.shot, np.abs(self.head.phi), self.y, self.person.haircut == "bald"
        low, side = HAIR_REACH_MM[p.haircut], 1.02 if p.haircut in ("long", "bob") else 1.22
        strand = smooth_noise(self.rng, v.shape, (5, 90)) + 0.6 * smooth_noise(self.rng, v.shape, (9, 220))
        temples = p.temples_mm * np.sin(np.clip(turn / 0.85, 0, 1) * np.pi)
        line = p.hairline_mm + s.hair_shift_mm - temples + 5 * turn**2
        if s.bangs:
            line = np.where(turn < 0.85, p.brow_y_mm - 7 + 3 * np.sin(9 * self.head.phi + p.chin_mm), line)
        line += (low - line) * step(turn, side - 0.25, side + 0.06)
        if bald:
            line = np.where(turn < 1.35, -200, -35 + (low + 35) * step(turn, 1.35, 1.55))
        edge = line + 1.6 * strand * (turn < side - 0.1)
        wave = p.hair_wave * np.sin(v / 8 + 2.5 * strand)
        sheen = 0.28 * np.exp(-(((v + 88 + 5 * strand) / 14) ** 2))
        lift = p.hair_volume * (0.35 if bald else 1) + 0.02 * wave
        self._cover(edge, 5, lift, p.hair, 0.17 * strand + sheen + 0.1 * wave)
        if s.hat:
            edge = -47 + 10 * turn**1.5 + 0 * v
            band = 0.15 * step(v, edge - 16, edge - 18) - 0.15
            self.head.shell *= v > edge
            self._cover(edge, 2.4, 0.17, s.hat_colour, 0.12 * np.sin(self.head.phi * 60) + band)

    def _cover(
        self, edge: np.ndarray, soft: float, lift: np.ndarray | float, colour: np.ndarray, grain: np.ndarray
    ) -> None:
        """Covers what lies above `edge` (mm), lifted by the share `lift`, with a shadow below the edge."""
        mask = step(self.y - edge, soft / 2, -soft / 2).astype(np.float32)
        self.head.shell += (cv2.GaussianBlur(mask, (0, 0), 0.8 * soft) * lift).astype(np.float32)
        self._tint(0.45 * step(self.y - edge, 10, 0), self.skin * 0.45)
        self._tint(mask, tinted(np.clip(1 + grain, 0.4, 1.7), colour).astype(np.float32))

    def _light(self) -> None:
        """Lambert shading by one soft key light, light from above, a soft cast shadow and a little gloss."""
        s, turn = self.shot, self.rotation.astype(np.float32)
        key = np.array([s.light_side, -s.light_up, 1], np.float32)
        key = key / np.linalg.norm(key) @ turn
        normals, relief = self.head.normals(), np.ascontiguousarray(self.head.relief_mm[::2, ::2])
        shadow = np.zeros_like(relief)
        for reach_mm in (5, 10, 16):
            shift = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
            shift[:, 2] = -key[:2] * reach_mm * TEXTURE_PX_PER_MM / 2
            moved = cv2.warpAffine(relief, shift, relief.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
            shadow = np.maximum(shadow, np.clip((moved - relief) / 5 - 0.15 * reach_mm * max(key[2], 0.3), 0, 1))
        facing = np.clip((normals @ key + 0.18) / 1.18, 0, 1) * (1 - 0.55 * cv2.GaussianBlur(shadow, (0, 0), 1))
        sky, rim = 0.5 - 0.5 * (normals @ turn[1]), np.clip(normals @ turn[2], 0, 1)
        bright = s.ambient * (0.72 + 0.28 * sky) * (0.8 + 0.2 * rim) + (1 - s.ambient) * 1.15 * facing + 0.08
        half = (key + turn[2]) / np.linalg.norm(key + turn[2])
        gloss = 26 * (1 - s.ambient) * np.clip(normals @ half, 0, 1) ** 22 * (self.head.shell[::2, ::2] < 0.01)
        lit = cv2.resize(np.dstack([bright, gloss]).astype(np.float32), self.rgb.shape[1::-1])
        factor, added = (tinted(part, (1, 1, 1)) for part in cv2.split(lit))
        self.rgb = self.rgb * factor + added
