"""Skeletons of two classes of creature with random proportions and poses, as the bones of an implicit surface."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from implicit_surface import Bone, Point

SIDES = {"left": -1.0, "right": 1.0}


class Skeleton:
    """Bones collected one after the other; x is to the creature's right, y ahead, z up, lengths in its own unit."""

    def __init__(self, girth: float) -> None:
        self.girth = girth
        self.bones: list[Bone] = []

    def add(self, part: str, limb: str, start: Point, end: Point, *radius: float) -> Point:
        """Add a bone (one radius, or one an end, times the girth) and return its end."""
        radii = (radius[0] * self.girth, radius[-1] * self.girth)
        self.bones.append(Bone(part, limb, start, end, radii))
        return end


def step(start: Point, length: float, swing: float, spread: float = 0.0) -> Point:
    """Go `length` from `start`: straight down, swung ahead by `swing`, and to the right by `spread` [degrees]."""
    a, b = math.radians(swing), math.radians(spread)
    # Rounded, so that the last bit of a sine does not decide about the mesh.
    moves = (math.sin(b), math.cos(b) * math.sin(a), -math.cos(b) * math.cos(a))
    return tuple(round(x + length * move, 6) for x, move in zip(start, moves))  # type: ignore[return-value]


def biped(rng: np.random.Generator) -> tuple[Bone, ...]:
    """Return a walking or waving human-like creature: head, torso, arms, hands, legs, feet."""
    skeleton = Skeleton(girth=rng.uniform(0.85, 1.2))
    leg, arm, trunk = rng.uniform(0.8, 1.15), rng.uniform(0.85, 1.15), rng.uniform(0.85, 1.15)
    head, lean = rng.uniform(0.85, 1.25), rng.uniform(-8.0, 25.0)
    pelvis: Point = (0.0, 0.0, 0.0)
    chest = step(pelvis, 0.42 * trunk, 180.0 - lean)
    skeleton.add("torso", "body", pelvis, chest, 0.115, 0.12)
    skeleton.add("torso", "body", (-0.06, 0.0, -0.02), (0.06, 0.0, -0.02), 0.105)
    skeleton.add("torso", "body", (-0.1, *chest[1:]), (0.1, *chest[1:]), 0.095)
    neck = step(chest, 0.19, 180.0 - lean)
    nod, tilt = lean + rng.uniform(-25.0, 25.0), rng.uniform(-20.0, 20.0)
    skeleton.add("head", "body", chest, neck, 0.055)
    chin, crown = (step(neck, length * head, 180.0 - nod, tilt) for length in (0.05, 0.16))
    skeleton.add("head", "body", chin, crown, 0.095 * head, 0.11 * head)
    for name, side in SIDES.items():
        limb = f"arm {name}"
        shoulder = (side * 0.16, *chest[1:])
        swing, spread, bend = rng.uniform(-35.0, 80.0), side * rng.uniform(25.0, 125.0), rng.uniform(5.0, 80.0)
        elbow = skeleton.add("arm", limb, shoulder, step(shoulder, 0.3 * arm, swing, spread), 0.058, 0.046)
        forward = (swing + bend, spread * rng.uniform(0.5, 1.0))
        wrist = skeleton.add("arm", limb, elbow, step(elbow, 0.26 * arm, *forward), 0.046, 0.038)
        palm = step(wrist, 0.05 * arm, *forward)
        skeleton.add("hand", limb, palm, step(palm, 0.09 * arm, *forward), 0.06, 0.05)
    for name, side in SIDES.items():
        limb = f"leg {name}"
        hip = (side * 0.085, 0.0, -0.03)
        swing, spread, bend = rng.uniform(-25.0, 75.0), side * rng.uniform(6.0, 28.0), rng.uniform(3.0, 70.0)
        knee = skeleton.add("leg", limb, hip, step(hip, 0.45 * leg, swing, spread), 0.085, 0.06)
        ankle = skeleton.add("leg", limb, knee, step(knee, 0.42 * leg, swing - bend, spread), 0.06, 0.043)
        toes = step(ankle, 0.17, swing - bend + rng.uniform(75.0, 105.0), spread)
        skeleton.add("foot", limb, ankle, toes, 0.052, 0.047)
    return tuple(skeleton.bones)


def quadruped(rng: np.random.Generator) -> tuple[Bone, ...]:
    """Return a standing or trotting four-legged creature: head with neck and ears, torso, legs, feet, tail."""
    skeleton = Skeleton(girth=rng.uniform(0.95, 1.2))
    leg, trunk, head = rng.uniform(0.85, 1.15), rng.uniform(0.9, 1.2), rng.uniform(0.85, 1.2)
    slope = rng.uniform(-12.0, 12.0)
    rump: Point = (0.0, 0.0, 0.0)
    chest = skeleton.add("torso", "body", rump, step(rump, 0.6 * trunk, 90.0 + slope), 0.15, 0.17)
    raised, turn = rng.uniform(115.0, 160.0), rng.uniform(-25.0, 25.0)
    neck = skeleton.add("head", "body", chest, step(chest, rng.uniform(0.3, 0.5), raised, 0.5 * turn), 0.1, 0.075)
    gaze = raised - rng.uniform(60.0, 95.0)
    skeleton.add("head", "body", neck, step(neck, 0.2 * head, gaze, turn), 0.095 * head, 0.06 * head)
    for side in SIDES.values():
        tip = step(neck, 0.2 * head, gaze + 115.0, side * 42.0 + turn)
        skeleton.add("head", "body", neck, tip, 0.06 * head, 0.042 * head)
    tail, swing, spread = rump, rng.uniform(-120.0, -30.0), rng.uniform(-30.0, 30.0)
    curl, length = rng.uniform(-25.0, 25.0), rng.uniform(0.16, 0.24)
    for index, radius in enumerate((0.06, 0.055, 0.05, 0.045)):
        tip = step(tail, length + (0.13 if index == 0 else 0.0), swing + index * curl, spread)
        tail = skeleton.add("tail", "tail", tail, tip, radius, radius - 0.005)
    for girdle, root, forwards in (("fore", chest, 1.0), ("hind", rump, -1.0)):
        for name, side in SIDES.items():
            limb = f"{girdle} leg {name}"
            hip = (side * 0.1, root[1] - forwards * 0.03, root[2] - 0.05)
            swing, spread, bend = rng.uniform(-35.0, 35.0), side * rng.uniform(3.0, 12.0), rng.uniform(0.0, 50.0)
            knee = skeleton.add("leg", limb, hip, step(hip, 0.34 * leg, swing, spread), 0.085, 0.055)
            ankle = skeleton.add("leg", limb, knee, step(knee, 0.27 * leg, swing - bend, spread), 0.055, 0.045)
            skeleton.add("foot", limb, ankle, step(ankle, 0.09, swing - bend + 70.0, spread), 0.056, 0.052)
    return tuple(skeleton.bones)


CLASSES: dict[str, Callable[[np.random.Generator], tuple[Bone, ...]]] = {"biped": biped, "quadruped": quadruped}


def limbs_are_apart(bones: Sequence[Bone], gap: float) -> bool:
    """Tell whether limbs keep `gap` from each other and from the body, away from their roots."""
    roots = {bone.limb: bone for bone in reversed(bones)}
    for bone in bones:
        # The root of a limb starts inside the body: only its outer quarter must be free of the other limbs.
        t = np.linspace(0.75 if bone is roots[bone.limb] else 0.0, 1.0, 9)[:, None]
        points = np.array(bone.start) * (1.0 - t) + np.array(bone.end) * t
        reach = gap + bone.radius[0] * (1.0 - t[:, 0]) + bone.radius[1] * t[:, 0]
        for other in bones:
            joined = bone.limb == "body" or (other.limb == "body" and bone is roots[bone.limb])
            if bone.limb != other.limb and not joined and bool((other.distance(points) < reach).any()):
                return False
    return True
