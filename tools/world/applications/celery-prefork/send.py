import pathlib

for name in ("queue", "work/control", "processed"):
    pathlib.Path(name).mkdir(parents=True)

from tasks import work

for number in range(5):
    work.delay(number)
