"""What the photos are and what may be done with them, as far as the parameters say."""

from collections.abc import Mapping

from faceline.reporting.inputs import Inputs

_SYNTHETIC = "synthetic"
_NOT_STATED = "not stated"
_OWN_SET = "selected"


def photos_note(inputs: Inputs, params: Mapping[str, Mapping]) -> str:
    """Source and licence of the photos in whole sentences, from `data.source` and `data.licence`.

    Photos that the project drew are known by their names, whatever the parameters say. Where those say `synthetic` of
    other photos they were left over from the sample, and neither source nor licence is known.
    """
    if inputs.synthetic:
        return "Synthetic faces, made by the project itself; no person is shown, no licence is needed."
    stated = params["data"] if params["data"].get("source") != _SYNTHETIC else {}
    source, licence = (stated.get(key) or _NOT_STATED for key in ("source", "licence"))
    note = f"Source of the photos: {source}. Licence: {licence}. A model trained on them inherits its limits."
    others = params["landmarks"]["source"]
    if others != _OWN_SET:
        note += f" The hourglass learned from another set, {others}, which has terms of its own."
    return note
