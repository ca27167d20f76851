"""Networks over frames: the refiner behind the codes, and poses straight from text."""
