"""The works that are compared, one a file. Each has `tables(bench)`, which yields its tables."""

from works import detect, peak, pro, scaling, step, student, teacher

WORKS = {
    "teacher": teacher,
    "student": student,
    "step": step,
    "detect": detect,
    "pro": pro,
    "scaling": scaling,
    "peak": peak,
}
