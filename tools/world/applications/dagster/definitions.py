from dagster import Definitions, asset


@asset
def numbers():
    return [1, 2, 3]


definitions = Definitions(assets=[numbers])
