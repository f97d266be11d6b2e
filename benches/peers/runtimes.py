"""The libraries that run a network: one class each, with the same two methods.

`place` brings an image [1, 3, height, width] into the form that the library takes, which is not
timed; calling it runs the network and gives its outputs as arrays.
"""


class Torch:
    """PyTorch, eager, in one of its memory layouts."""

    memory_format = "contiguous_format"

    def __init__(self, folder, threads):
        import torch

        from networks import build

        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        self.torch = torch
        self.layout = getattr(torch, self.memory_format)
        self.network = build(folder).eval().to(memory_format=self.layout)

    def place(self, image):
        return self.torch.from_numpy(image).contiguous(memory_format=self.layout)

    def __call__(self, image):
        with self.torch.inference_mode():
            return [output.numpy() for output in self.network(image)]


class TorchChannelsLast(Torch):
    memory_format = "channels_last"


class OnnxRuntime:
    """ONNX Runtime on the graph that export.py wrote."""

    def __init__(self, folder, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            folder / "network.onnx", options, providers=["CPUExecutionProvider"]
        )

    def place(self, image):
        import numpy as np

        return np.ascontiguousarray(image)

    def __call__(self, image):
        return self.session.run(None, {"image": image})


class OpenVino:
    """OpenVINO on the same graph."""

    def __init__(self, folder, threads):
        import openvino

        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
        }
        graph = openvino.Core().compile_model(folder / "network.onnx", "CPU", settings)
        self.request = graph.create_infer_request()

    def place(self, image):
        import numpy as np

        return np.ascontiguousarray(image)

    def __call__(self, image):
        # Shared memory: nothing is copied, and outputs are overwritten by the next call.
        outputs = self.request.infer([image], share_inputs=True, share_outputs=True)
        return list(outputs.values())


# Name on the command line: (name for people, family, class).
RUNTIMES = {
    "torch": ("PyTorch, contiguous", "PyTorch", Torch),
    "torch-channels-last": ("PyTorch, channels last", "PyTorch", TorchChannelsLast),
    "onnxruntime": ("ONNX Runtime", "ONNX Runtime", OnnxRuntime),
    "openvino": ("OpenVINO", "OpenVINO", OpenVino),
}
