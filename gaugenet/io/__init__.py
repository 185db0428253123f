"""Files to tensors and back: meshes, labels, images, bundles."""
