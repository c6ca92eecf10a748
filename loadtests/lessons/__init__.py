"""Lessons: predict, run, explain. Each is a folder with an experiment, a text and a recorded run.

`NN_name/lesson.toml` asks the question and names the figures that decide it, `experiment.toml` is
run, `page.html` explains with those figures, and `recorded/` is a run for who cannot run it.
"""
