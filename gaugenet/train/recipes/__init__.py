"""Training as the program ``gaugenet train`` does it: one module for each kind of data.

    from gaugenet import PSB
    from gaugenet.train.recipes import shapes

    job = shapes.segmentation(PSB("LabeledDB_new.zip", "Human"))
    job.run("runs/human")

Each function returns a ``Job``: a network with random weights, and the examples and settings to train it with.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
