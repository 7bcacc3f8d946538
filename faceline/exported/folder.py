"""Names of the files in a folder of models: as the chain trains them, and as they are exported."""

HOURGLASS = "hourglass.safetensors"
RECOGNIZER = "recognizer.safetensors"
CALIBRATION = "calibration.json"
BOX_MAP = "box_map.json"

HOURGLASS_ONNX = "hourglass.onnx"
RECOGNIZER_ONNX = "recognizer.onnx"
MTCNN_ONNX = {"pnet": "mtcnn_pnet.onnx", "rnet": "mtcnn_rnet.onnx", "onet": "mtcnn_onet.onnx"}
