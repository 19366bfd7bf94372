-- The catalogue. `position` orders the home page; `slug` is the page's address.
CREATE TABLE projects (
    id       INTEGER PRIMARY KEY NOT NULL,
    slug     TEXT    NOT NULL UNIQUE,
    title    TEXT    NOT NULL,
    kind     TEXT    NOT NULL CHECK (kind IN ('command line', 'library', 'service')),
    year     INTEGER NOT NULL,
    summary  TEXT    NOT NULL,
    -- Paragraphs are separated by an empty line.
    body     TEXT    NOT NULL,
    position INTEGER NOT NULL
) STRICT;
