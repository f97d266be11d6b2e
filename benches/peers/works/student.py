"""The student: its three levels and its trunk of one image."""

from works.teacher import forward

STUDENTS = {
    "default": {"widths": [32, 64, 128, 256], "output_stride": 8, "channels": [96, 256, 512]},
    "wide": {"widths": [64, 128, 256, 256], "output_stride": 4, "channels": [128, 256, 512]},
}


def tables(bench):
    for size in bench.options.size:
        for name, student in STUDENTS.items():
            settings = {
                "work": "student",
                "student": {key: student[key] for key in ("widths", "output_stride")},
                "teacher_channels": student["channels"],
                "size": size,
                "seed": bench.options.seed,
            }
            widths = ", ".join(map(str, student["widths"]))
            title = (
                f"Student: widths {widths}, output stride {student['output_stride']}, "
                f"one image of {size}×{size}"
            )
            yield forward(bench, f"student-{name}-{size}", settings, title)
