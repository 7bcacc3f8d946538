"""A person's traits (`SyntheticPerson`), those of one photo (`Shot`), and CelebA's attributes answered from both.

Lengths are millimetres on a head seen from the front: the origin between the eyes, x to the viewer's right, y down.
Every trait comes from a continuous distribution round one common mean.
"""

from types import SimpleNamespace

import numpy as np

from faceline.core.columns import ATTRIBUTES

# name, mean and standard deviation of normally distributed traits, cut at 2.2 standard deviations
PERSON_TRAITS = """
face_half_width_mm 70 4.8    chin_mm 113 6.8              jaw_fullness 3.1 0.75     chin_taper 1.95 0.33
eye_x_mm 31 2.4              eye_half_width_mm 14.5 1.7   eye_opening_mm 9.5 2.2    eye_tilt 0.05 0.08
eye_depth_mm 6 1.8           lid_fold 0.55 0.25           brow_y_mm -20 3.4         brow_thickness_mm 5.3 2.1
brow_arch_mm 3.5 2.6         brow_tilt -0.02 0.13         brow_half_length_mm 19 2.8  nose_y_mm 37 3.9
nose_half_width_mm 16 2.8    nose_height_mm 21 3.5        nose_bridge_mm 7 1.6      mouth_y_mm 70 4.4
mouth_half_width_mm 24.5 3   upper_lip_mm 6.5 2.1         lower_lip_mm 9 2.5        cheek_mm 5 2.5
ear_size 1 0.12              skin_hue 0 1                 hairline_mm -62 6         temples_mm 3 5
hair_volume 0.1 0.03         hair_wave 0.5 0.3            lip_redness 0.6 0.25      blush 0.5 0.3
"""
SHOT_TRAITS = """
yaw_rad 0 0.21       pitch_rad 0 0.095   roll_rad 0 0.12     light_side 0 0.5   light_up 0.35 0.28
ambient 0.53 0.08    exposure 1 0.075    warmth 0 0.03       smile 0.35 0.4     brow_raise_mm 0 1.4
squint 0.17 0.1      gaze_mm 0 1.5       hair_shift_mm 0 2.5  noise_sd 2.2 0.8
"""
IRIS = ((70, 45, 30), (95, 65, 40), (60, 100, 150), (95, 125, 90), (110, 120, 130))
HAIR = ((24, 20, 20), (30, 24, 22), (70, 46, 32), (110, 74, 46), (205, 170, 110), (225, 195, 140), (140, 66, 36))
GREY_HAIR = ((165, 165, 168), (188, 188, 190))
HAIRCUTS = {True: ("bald", "short", "short", "short", "short"), False: ("long", "long", "long", "bob", "short")}


class SyntheticPerson(SimpleNamespace):
    """An identity: PERSON_TRAITS and what `draw_person` adds. Colours are RGB 0..255, shares 0..1."""


class Shot(SimpleNamespace):
    """One photo's pose, light, expression and things worn: SHOT_TRAITS and what `draw_shot` adds."""


def _draw_traits(rng: np.random.Generator, table: str) -> dict[str, float]:
    cells = table.split()
    return {
        name: float(mean) + float(sd) * float(np.clip(rng.normal(), -2.2, 2.2))
        for name, mean, sd in zip(cells[::3], cells[1::3], cells[2::3], strict=True)
    }


def _hue(rng: np.random.Generator, centres: tuple, sd: float) -> np.ndarray:
    return np.clip(rng.choice(centres) * rng.uniform(0.75, 1.2) + rng.normal(0, sd, 3), 8, 240).astype(np.float32)


def draw_person(rng: np.random.Generator) -> SyntheticPerson:
    """Draws one identity; sex and age shape hair and beard."""
    p = SyntheticPerson(**_draw_traits(rng, PERSON_TRAITS), male=bool(rng.random() < 0.5), age=rng.random())
    p.skin_melanin, p.freckles, p.moles_seed = rng.random(), max(0.0, rng.uniform(-1.5, 1)), int(rng.integers(2**31))
    p.moles = rng.uniform((-48, 12, 0.9), (48, 95, 2.0), (rng.poisson(1.2), 3))
    p.iris = _hue(rng, IRIS, 8)
    p.hair = _hue(rng, GREY_HAIR if p.age > 0.82 else HAIR, 2.5)
    p.haircut = str(rng.choice(HAIRCUTS[p.male]))
    p.bangs = bool(rng.random() < (0.12 if p.male else 0.3)) and p.haircut != "bald"
    style, density = rng.random(), rng.uniform(0.6, 1, 3) * p.male
    p.beard, p.moustache = density[0] * (1 if style < 0.3 else 0.2), density[1] * (style < 0.5)
    p.goatee = density[2] * (0.15 < style < 0.42)
    p.glasses_habit, p.lipstick_habit = rng.choice([0.02, 0.02, 0.02, 0.6]), (not p.male) * rng.random() ** 2
    return p


def draw_shot(rng: np.random.Generator, person: SyntheticPerson, blur_px: float = 0.0) -> Shot:
    """Draws what one photo of `person` changes; glasses, bangs and lipstick follow the person's habits."""
    s = Shot(**_draw_traits(rng, SHOT_TRAITS), blur_px=blur_px, seed=int(rng.integers(2**31)))
    s.mouth_open = max(0.0, rng.uniform(-1.2, 1))
    s.bangs = bool(person.bangs and rng.random() < 0.8)
    frames = str(rng.choice(["round", "square", "sun"], p=[0.46, 0.46, 0.08]))
    s.glasses = frames if rng.random() < person.glasses_habit else ""
    s.lipstick, s.hat, s.microphone = rng.random(3) < (person.lipstick_habit, 0.06, 0.03)
    greys, hues = rng.uniform(15, 235, (3, 1)), rng.uniform(10, 240, (3, 3))
    s.clothes, s.hat_colour, s.frame_colour = 0.55 * greys + 0.45 * hues
    s.neckline_mm = rng.uniform(30, 95)
    return s


def attribute_row(person: SyntheticPerson, shot: Shot) -> list[int]:
    """CelebA's 40 attributes, 1 / 0 in the order of `ATTRIBUTES`; those that no trait answers are 0."""
    p, s = person, shot
    low, high, bald = p.hair.min(), p.hair.max(), p.haircut == "bald"
    colour = "Black" if high < 52 else "Gray" if high - low < 0.2 * high else "Blond" if p.hair[1] > 120 else "Brown"
    answers = {
        "5_o_Clock_Shadow": 0 < p.beard < 0.3,
        "Bags_Under_Eyes": p.age > 0.75,
        "Bald": bald,
        "Bangs": s.bangs and not s.hat,
        "Big_Lips": p.upper_lip_mm + p.lower_lip_mm > 18.5,
        "Big_Nose": p.nose_half_width_mm > 18,
        "Blurry": s.blur_px > 0,
        "Bushy_Eyebrows": p.brow_thickness_mm > 7,
        "Eyeglasses": bool(s.glasses),
        "Goatee": p.goatee > 0,
        "Male": p.male,
        "Mouth_Slightly_Open": s.mouth_open > 0.15,
        "Mustache": p.moustache > 0,
        "Narrow_Eyes": p.eye_opening_mm < 7.5,
        "No_Beard": max(p.beard, p.goatee, p.moustache) < 0.3,
        "Pale_Skin": p.skin_melanin < 0.15,
        "Smiling": s.smile > 0.35,
        "Wearing_Hat": s.hat,
        "Wearing_Lipstick": s.lipstick,
        "Young": p.age < 0.55,
        f"{colour}_Hair": not bald,
    }
    return [int(bool(answers.get(name))) for name in ATTRIBUTES]
