"""The steps of the walk, each with what it depends on: run it, or skip it because nothing it was made from has changed.

``run`` skips what is up to date; a verb of its own does its step in any case. Both record what they did.
"""

from santander.pipeline.describe_step import DescribeStep
from santander.pipeline.families_step import FamiliesStep
from santander.pipeline.features_step import FeaturesStep
from santander.pipeline.ingest_step import IngestStep
from santander.pipeline.score_step import ScoreStep
from santander.pipeline.submit_step import SubmitStep
from santander.pipeline.train_step import TrainStep
from santander.pipeline.validate_step import ValidateStep


class Steps(IngestStep, FeaturesStep, FamiliesStep, ValidateStep, TrainStep, ScoreStep, DescribeStep, SubmitStep):
    """Every step over one lake and one session; each is in a file of its own."""
