"""Labels as images."""

import numpy as np

from gaugenet.viz import label_image, palette


def test_labels_have_their_colours_and_others_are_pale():
    label, colour = np.array([[0, 1, -1], [1, 0, -1]]), palette(2)
    plain = label_image(label, colour)
    assert plain.dtype == np.uint8 and np.array_equal(plain[0], [*colour, [255, 255, 255]])
    shown = np.array([[True, False, False], [False, True, False]])
    partly = label_image(label, colour, shown)
    assert np.array_equal(partly[shown], plain[shown]) and np.array_equal(partly[label < 0], plain[label < 0])
    faded = ~shown & (label >= 0)
    assert (partly[faded] >= plain[faded]).all() and partly[faded].min() > 190
