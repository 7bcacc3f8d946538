"""Trained models as ONNX files: written from PyTorch's, and run without PyTorch."""
