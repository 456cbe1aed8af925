"""The files that the documentation's snippets read, small and made up, under the names that the pages use."""

import csv
import random
import struct
import zlib
from pathlib import Path

import pyarrow
import pyarrow.parquet

FILMS = ["Kolya (1996)", "Star Wars (1977)", "Fargo (1996)", "Toy Story (1995)", *(f"Film {i} (1990)" for i in range(26))]
USERS = ["196", "50", *(str(i) for i in range(300, 358))]
ADULT = ["age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race",
         "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "salary"]


def write_csv(path, names, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([names, *rows] if names else rows)


def ratings(seed):
    """Most users have rated most films; times go up by a day."""
    draw = random.Random(seed)
    return [(user, film, 1 + (u * 7 + f * 3 + draw.randrange(2)) % 5, 880000000 + 86400 * (u + f))
            for u, user in enumerate(USERS) for f, film in enumerate(FILMS) if draw.random() < 0.7]


def write_ratings(folder):
    rows = ratings(1)
    write_csv(folder / "ratings.csv", ["user", "title", "rating", "timestamp"], rows)
    write_csv(folder / "users.csv", ["user", "age", "job"], [(user, 20 + i % 50, "ab"[i % 2]) for i, user in enumerate(USERS)])
    write_csv(folder / "films.csv", ["title", "year", "genre"], [(film, 1990 + i % 9, "xyz"[i % 3]) for i, film in enumerate(FILMS)])
    write_csv(folder / "mine.csv", ["title", "rating"], [("Star Wars (1977)", 5), ("Fargo (1996)", 2)])
    write_csv(folder / "pairs.csv", ["user", "title"], [("196", "Kolya (1996)"), ("50", "Fargo (1996)")])
    (folder / "ratings").mkdir()
    columns = dict(zip(["user", "title", "rating", "timestamp"], map(list, zip(*rows))))
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "ratings" / "part.parquet", row_group_size=500)
    # MovieLens 100k names films by numbers, and has their titles in a file of their own.
    numbered = [f"{user}\t{FILMS.index(film) + 1}\t{rating}\t{time}\n" for user, film, rating, time in rows]
    data = folder / "data" / "ml-100k"
    data.mkdir(parents=True)
    for name, lines in (("u.data", numbered), ("u1.base", numbered[: len(rows) * 4 // 5]), ("u1.test", numbered[len(rows) * 4 // 5:])):
        (data / name).write_text("".join(lines))
    (data / "u.user").write_text("".join(f"{user}|{20 + i % 50}|{'MF'[i % 2]}|student|{i}\n" for i, user in enumerate(USERS)))
    genres = ["|".join(str(int(genre == i % 3)) for genre in range(19)) for i in range(len(FILMS))]
    (data / "u.item").write_text("".join(f"{i + 1}|{film}|01-Jan-{1990 + i % 9}||http://film|{genres[i]}\n"
                                         for i, film in enumerate(FILMS)))
    for name in ("u.data", "u.item"):
        (folder / name).symlink_to(data / name)


def write_orders(folder):
    """Customers of five kinds, who mostly buy articles of their own kind."""
    draw = random.Random(2)
    articles = ["A-17", "B-3", *(f"C-{i}" for i in range(48))]
    customers = ["196", *(str(i) for i in range(400, 499))]
    rows = [(customer, article) for c, customer in enumerate(customers) for a, article in enumerate(articles)
            if draw.random() < (0.5 if c % 5 == a % 5 else 0.05)]
    write_csv(folder / "orders.csv", ["customer", "article"], rows)
    write_csv(folder / "next-month.csv", ["customer", "article"], [(c, a) for c in customers for a in draw.sample(articles, 3)])
    (folder / "customers.txt").write_text("customer\n196\n400\n")
    write_csv(folder / "basket.csv", ["article"], [["A-17"], ["B-3"]])


def write_tables(folder):
    draw = random.Random(3)

    def person():
        age, years = draw.randrange(18, 80), draw.randrange(1, 16)
        return [age, draw.choice(["Private", "State-gov", "?"]), draw.randrange(10**5, 10**6), f"School-{years}", years,
                draw.choice(["Married", "Divorced"]), draw.choice(["Sales", "Craft"]), draw.choice(["Wife", "Husband"]), "White",
                draw.choice(["Male", "Female"]), draw.choice([0, 2174]), draw.choice([0, 1902]), draw.randrange(20, 60),
                "United-States", ">50K" if age + 4 * years > 80 else "<=50K"]

    people = [person() for _ in range(600)]
    write_csv(folder / "adult.csv", ADULT, people)
    write_csv(folder / "rows.csv", ADULT[:-1], [row[:-1] for row in people[:5]])
    (folder / "data" / "adult").mkdir(parents=True)
    write_csv(folder / "data" / "adult" / "adult.data", None, people)

    def house():
        rooms, area = draw.randrange(1, 12), draw.randrange(40, 200)
        return [draw.choice(["Lima", "Oslo", "Rome"]), rooms, area, draw.choice("ABC"), 1000 * (rooms * 3 + area * 2)]

    for name, count in (("houses.csv", 400), ("new.csv", 50)):
        write_csv(folder / name, ["city", "rooms", "area", "grade", "price"], [house() for _ in range(count)])
    places = [(draw.uniform(41, 42), draw.uniform(12, 13), draw.randrange(1, 7)) for _ in range(400)]
    write_csv(folder / "places.csv", ["latitude", "longitude", "rooms", "price"],
              [[f"{north:.4f}", f"{east:.4f}", rooms, f"{100 + 50 * rooms - 80 * abs(north - 41.9) - 80 * abs(east - 12.5):.1f}"]
               for north, east, rooms in places])
    (folder / "clicks").mkdir()
    seen = [draw.randrange(10**4) for _ in range(6000)]
    clicks = {"page": [f"page {i % 40}" for i in seen], "seconds": [i % 300 / 2 for i in seen],
              "bought": ["yes" if i % 40 > 20 else "no" for i in seen]}
    pyarrow.parquet.write_table(pyarrow.table(clicks), folder / "clicks" / "part.parquet", row_group_size=1000)


def write_png(path, red, green, blue, size=32):
    """A picture of one colour."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    rows = (b"\0" + bytes([red, green, blue]) * size) * size
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_pictures(folder):
    for parts in ("cats-and-dogs", "flowers/train", "flowers/valid"):
        for i in range(80):
            write_png(folder / parts / ("cats", "dogs")[i % 2] / f"{i}.png", 200 * (i % 2), i, 100)


def write_files(folder):
    """Writes all of them into a folder; data sets that the program knows by name lie in its `data`."""
    folder = Path(folder)
    write_ratings(folder)
    write_orders(folder)
    write_tables(folder)
    write_pictures(folder)
