import sqlite3

with sqlite3.connect("shop.db") as database:
    database.execute("create table items (id integer primary key, name text)")
    database.executemany("insert into items (name) values (?)", [("chair",), ("table",)])
