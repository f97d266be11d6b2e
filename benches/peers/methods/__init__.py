"""anomalib's methods given oddspot's teacher, on data sets of one's own: run.sh --methods DATA…

| file | |
|---|---|
| __main__.py | from data sets to tables |
| rivals.py | Patchcore, Padim and Stfpm of anomalib around the teacher |
| teacher.py | the built-in teacher in PyTorch, and a student of its shape |
| sheet.py | one rival's process: it learns and judges a data set, and says how long that took |
| ours.py | oddspot at the same data set |
| folder.py | images and masks of a data set |
| measures.py | image AUC, pixel AUC, PRO, and what is missed |
"""
