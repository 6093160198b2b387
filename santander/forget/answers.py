"""What the service has answered about persons and the table ``predictions`` does not have yet: in rings and segments.

Whoever is on the list of the erased gets no answer any more, and what a worker still holds of them it writes without them.
"""

from typing import TYPE_CHECKING

from santander.schema.catalogue import PREDICTIONS
from santander.serving.log.counters import wait_for_writers
from santander.serving.log.segments import FOLDER, erase_records, segments_in
from santander.suppression.spellings import Numbers

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake


def erase_answers(settings: "Settings", lake: "Lake", ids: Numbers) -> int:
    """Zero the answers for these persons in every segment and return how many were no rows yet; they are suppressed by now.

    Raises LogStuck where a worker does not write what it holds.
    """
    folder, erased, seen = settings.state.joinpath(*FOLDER), 0, set[str]()
    wait_for_writers(folder, settings.locks.wait)
    while new := [segment for segment in segments_in(folder) if segment.path.stem not in seen]:  # one may be renamed meanwhile
        in_table = lake.appended(PREDICTIONS, {segment.log for segment in new})
        erased += sum(erase_records(segment, ids, in_table[segment.log]) for segment in new)
        seen.update(segment.path.stem for segment in new)
    return erased
