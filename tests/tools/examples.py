"""Types and functions that tools are made of."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TypedDict

from pydantic import BaseModel, Field


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: float
    y: float = 0.0


@dataclass
class Shape:
    points: list[Point]
    color: Color = Color.RED
    tags: dict[str, int] = field(default_factory=dict)


class Query(TypedDict):
    column: str
    limit: int


class Loose(TypedDict, total=False):
    column: str
    points: list[Point]


class Node(BaseModel):
    """A tree."""

    name: str = Field(min_length=1)
    children: list[Node] = []


class Unlike:
    """What no JSON can be."""


@dataclass
class Unfinished:
    """Names a class that there is not."""

    rest: NeverDefined  # type: ignore[name-defined]  # noqa: F821 - that is the point
