"""The shape of a head, its projection into a photo, and the ray cast back from photo to skin.

A point of the surface has two coordinates: the angle phi round the neck's axis (0: straight ahead) and the height v.
Every horizontal slice is half an ellipse; relief (nose, cheeks) and shell (hair, hat) enlarge it. The texture lays
phi and v out as columns and rows.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from faceline.sample.synthetic_person import SyntheticPerson

TEXTURE_PX_PER_MM = 1.0
PHI_MAX = 2.2
ARC_MM = 75.0
CROWN_MM = 118.0
COLUMNS = int(2 * PHI_MAX * ARC_MM * TEXTURE_PX_PER_MM)
CAST_STEPS = 5


@dataclass(frozen=True)
class Camera:
    """A weak-perspective view: rotation matrix (camera x right, y down, z to the viewer), roll, scale and place."""

    rotation: np.ndarray
    roll_rad: float
    px_per_mm: float = 1.0
    origin_px: tuple[float, float] = (0.0, 0.0)

    def project(self, points_mm: ArrayLike) -> np.ndarray:
        """(..., 3) head millimetres -> (..., 2) photo pixels."""
        return self.place((np.asarray(points_mm) @ self.rotation.T)[..., :2])

    def place(self, plane_mm: np.ndarray) -> np.ndarray:
        """(..., 2) millimetres in the image plane, before roll -> (..., 2) photo pixels."""
        c, s = np.cos(self.roll_rad), np.sin(self.roll_rad)
        return np.asarray(plane_mm) @ np.array([[c, s], [-s, c]]) * self.px_per_mm + self.origin_px

    def plane(self, x_px: np.ndarray, y_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Photo pixels -> millimetres in the image plane, roll undone: the inverse of `place`."""
        c, s = float(np.cos(self.roll_rad)) / self.px_per_mm, float(np.sin(self.roll_rad)) / self.px_per_mm
        dx, dy = x_px - self.origin_px[0], y_px - self.origin_px[1]
        return dx * c + dy * s, dy * c - dx * s


def rotation(yaw_rad: float, pitch_rad: float) -> np.ndarray:
    """(3, 3) turn by yaw (positive: nose to the viewer's right), then by pitch (positive: nose up)."""
    (c, ct), (s, st) = np.cos((yaw_rad, pitch_rad)), np.sin((yaw_rad, pitch_rad))
    return np.array([[1, 0, 0], [0, ct, -st], [0, st, ct]]) @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


class HeadShape:
    """One head's surface; `relief_mm` and `shell` start at zero and are modelled by whoever made it."""

    def __init__(self, person: SyntheticPerson, jaw_drop_mm: float = 0.0) -> None:
        self.chin_mm = person.chin_mm + jaw_drop_mm
        rows = int((CROWN_MM + self.chin_mm) * TEXTURE_PX_PER_MM)
        self.v_mm = ((np.arange(rows) + 0.5) / TEXTURE_PX_PER_MM - CROWN_MM).astype(np.float32)
        self.phi = (((np.arange(COLUMNS) + 0.5) / COLUMNS * 2 - 1) * PHI_MAX).astype(np.float32)
        up = np.clip((8 - self.v_mm) / (CROWN_MM + 8), 0, 1)
        down = np.clip((self.v_mm - 8) / (self.chin_mm - 8), 0, 1)
        skull = (1 - up**2.6) ** (1 / 2.4)
        jaw = (1 - down**person.jaw_fullness) ** (1 / person.chin_taper)
        self.half_width_mm = person.face_half_width_mm * skull * jaw
        self.depth_mm = 82 * skull * (1 - down**5) ** (1 / 2.6)
        self.x_mm = self.half_width_mm[:, None] * np.sin(self.phi)
        self.relief_mm, self.shell = np.zeros((2, rows, COLUMNS), np.float32)

    def texture_px(self, points_mm: ArrayLike) -> np.ndarray:
        """(..., 2) points of the front view -> (..., 2) texture pixels (column, row)."""
        points = np.array(points_mm, float)
        x_mm, y_mm = points[..., 0], points[..., 1]
        width = np.maximum(np.interp(y_mm, self.v_mm, self.half_width_mm), 1)
        phi = np.arcsin(np.minimum(np.maximum(x_mm / width, -0.99), 0.99))
        points[..., 0], points[..., 1] = self._pixels(phi, y_mm)
        return points

    def point_mm(self, x_mm: float, y_mm: float) -> np.ndarray:
        """(3,) head millimetres of the surface over a point of the front view."""
        at = tuple(self.texture_px((x_mm, y_mm)).tolist())
        relief, shell = (cv2.getRectSubPix(a, (1, 1), at).item() for a in (self.relief_mm, self.shell))
        width, depth = (np.interp(y_mm, self.v_mm, profile) for profile in (self.half_width_mm, self.depth_mm))
        grown, sine = (1 + shell) * (1 + relief / 80), x_mm / width
        return np.array([width * grown * sine, y_mm * (1 + shell), depth * grown * np.sqrt(1 - sine**2)])

    def _table(self) -> np.ndarray:
        """(rows, columns, 3): half width, depth and vertical stretch with relief and shell taken in."""
        grown = (1 + self.shell) * (1 + self.relief_mm / 80)
        return np.dstack([self.half_width_mm[:, None] * grown, self.depth_mm[:, None] * grown, 1 + self.shell])

    def normals(self) -> np.ndarray:
        """(about rows / 2, columns / 2, 3) unit normals of the surface, outwards, at every second texture pixel."""
        turn = np.stack(np.broadcast_arrays(np.sin(self.phi), self.v_mm[:, None], np.cos(self.phi)), -1)
        surface = cv2.GaussianBlur(self._table()[..., (0, 2, 1)] * turn, (0, 0), 1.2)[::2, ::2]
        (ax, ay, az), (bx, by, bz) = (cv2.split(cv2.Sobel(surface, cv2.CV_32F, *d)) for d in ((1, 0), (0, 1)))
        normal = np.dstack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])
        return normal / (cv2.sqrt(np.einsum("ijk,ijk->ij", normal, normal)) + 1e-6)[..., None]

    def cast(self, camera: Camera, x_px: np.ndarray, y_px: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Finds what each pixel sees, by fixed-point steps on height and relief.

        Returns texture column, texture row and by how many millimetres the ray passes inside the outline (negative
        outside), each shaped like `x_px` (float32).
        """
        yaw_c, yaw_s, pitch_c, pitch_s = (float(camera.rotation[at]) for at in ((0, 0), (0, 2), (1, 1), (2, 1)))
        x, y = camera.plane(x_px, y_px)
        table, v, phi = self._table(), y.copy(), np.arcsin(np.clip(x / 80, -1, 1))
        for _ in range(CAST_STEPS):
            seen = cv2.remap(table, *self._pixels(phi, v), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            width, depth, swell = cv2.split(seen)
            reach = cv2.magnitude(width * yaw_c, depth * yaw_s)
            phi = np.arcsin(np.clip(x / np.maximum(reach, 0.5), -1, 1)) - np.arctan2(depth * yaw_s, width * yaw_c)
            z = depth * np.cos(phi) * yaw_c - width * np.sin(phi) * yaw_s
            v += 0.8 * ((y + z * pitch_s) / (pitch_c * swell) - v)
        column, row = self._pixels(phi, v)
        ends = np.minimum(row + 0.5, len(self.v_mm) - 0.5 - row) / TEXTURE_PX_PER_MM
        return column, row, np.minimum(reach - np.abs(x), ends)

    def _pixels(self, phi: np.ndarray, v_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (phi / PHI_MAX + 1) / 2 * COLUMNS - 0.5, (v_mm + CROWN_MM) * TEXTURE_PX_PER_MM - 0.5
