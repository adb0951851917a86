import sys

import gradio


def greet(name):
    return f"Hello {name}!"


gradio.Interface(fn=greet, inputs="text", outputs="text", api_name="greet").launch(
    server_port=int(sys.argv[1]), quiet=True
)
