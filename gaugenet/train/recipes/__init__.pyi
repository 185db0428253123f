from . import earth as earth
from . import images as images
from . import job as job
from . import shapes as shapes
from .job import Job as Job
from .job import RunFolder as RunFolder
