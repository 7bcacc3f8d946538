"""Exact search in a gallery of Qdrant: the service finds whom to compare with, the similarities are computed here."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException

from faceline.core.errors import FacelineError
from faceline.galleries.references import Compared, References, nearest_references

if TYPE_CHECKING:
    from faceline.evaluation.verification.template_tails import SearchKind

MAX_KINDS = 10_000  # of numbers of photos a person
MAX_PHOTOS = 10_000  # a request
EXACT = models.SearchParams(exact=True)


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turns the client's errors into one line each; what a client without a service warns of does not matter here."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*[Ll]ocal")
            yield
    except ResponseHandlingException as error:
        raise FacelineError(f"{place}: the service does not answer ({str(error)[:200]})") from None
    except ApiException as error:
        raise FacelineError(f"{place}: the service refuses ({' '.join(str(error).split())[:200]})") from None


def payload_of(point: models.Record | models.ScoredPoint) -> dict[str, Any]:
    """What stands beside a point's vector, JSON that anybody may have written; empty where there is none."""
    return point.payload or {}


class QdrantReferences:
    """Everybody enrolled in Qdrant: a `Searchable`.

    Attributes:
        photos: how many photos each person was enrolled with, in ascending order.
    """

    def __init__(self, client: QdrantClient, photos: str, people: str, place: str, search: SearchKind) -> None:
        """`photos` and `people`: the two collections; `place` names the gallery in messages."""
        self._client, self._photos, self._people = client, photos, people
        self._place, self._search = place, search
        hits = client.facet(people, "photos", limit=MAX_KINDS, exact=True).hits
        self._kinds = sorted((int(hit.value), hit.count) for hit in hits)
        self.photos: list[int] = [kind for kind, count in self._kinds for _ in range(count)]

    def compared(self, faces: np.ndarray, thresholds: np.ndarray) -> Compared:
        """Of people of as many photos, each face's nearest: as many as there are faces."""
        faces = np.asarray(faces, np.float32)
        find = self._by_mean if self._search == "mean" else self._by_photo
        found, theirs, start = [], [], 0
        for kind, count in self._kinds:
            with explained(self._place):
                near = find(faces, kind)
            found.append(near)
            theirs += [float(thresholds[start])] * len(near.names)
            start += count
        names = [name for near in found for name in near.names]
        if not names:
            return Compared([], np.empty(0), np.empty((len(faces), 0), np.float32))
        similarity = np.concatenate([near.similarities(faces) for near in found if near.names], axis=1)
        return Compared(names, np.array(theirs), similarity)

    def _by_mean(self, faces: np.ndarray, kind: int) -> References:
        wanted = _equal("photos", kind)
        requests = [
            models.QueryRequest(
                query=face.tolist(),
                filter=wanted,
                params=EXACT,
                limit=len(faces),
                with_vector=True,
                with_payload=True,
            )
            for face in faces
        ]
        answers = self._client.query_batch_points(self._people, requests)
        people = {payload_of(point)["name"]: point.vector for answer in answers for point in answer.points}
        names = sorted(people)
        vectors = np.array([people[name] for name in names], np.float32)
        return References(names, [kind] * len(names), vectors.reshape(len(names), faces.shape[1]))

    def _by_photo(self, faces: np.ndarray, kind: int) -> References:
        names = set()
        for face in faces:
            answer = self._client.query_points_groups(
                self._photos,
                group_by="name",
                query=face.tolist(),
                query_filter=_equal("person_photos", kind),
                search_params=EXACT,
                limit=len(faces),
                group_size=1,
            )
            names |= {str(group.id) for group in answer.groups}
        owners, vectors = [], []
        for name in sorted(names):
            own, _ = self._client.scroll(self._photos, _equal("name", name), limit=MAX_PHOTOS, with_vectors=True)
            owners += [name] * len(own)
            vectors += [record.vector for record in own]
        return nearest_references(owners, np.array(vectors, np.float32).reshape(len(owners), faces.shape[1]))


def _equal(key: str, value: int | str) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key=key, match=models.MatchValue(value=value))])
