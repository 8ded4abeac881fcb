"""The settings of a whole pipeline."""

from tests.doubles.receiver import SECRET, TASK_KEY
from tests.faults.world import DISPATCH_TOKEN, PIPELINE, TARGET_TOKEN

ENV = {
    "SHARED_SECRET": SECRET,
    "TASK_KEY": TASK_KEY,
    "PIPELINE_REPOSITORY": PIPELINE,
    "DISPATCH_TOKEN": DISPATCH_TOKEN,
    "TARGET_TOKEN": TARGET_TOKEN,
}
