import sys

from nicegui import ui


@ui.page("/")
def index():
    ui.label("Hello")


ui.run(port=int(sys.argv[1]), host="127.0.0.1", show=False, reload=False)
