from feast import Entity

item = Entity(name="item", join_keys=["id"])
