import marimo

app = marimo.App()


@app.cell
def _():
    print("a cell has run")
    return


if __name__ == "__main__":
    app.run()
