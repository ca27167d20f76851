"""Networks in ONNX files: people and their keypoints in a picture, without OpenCV."""
