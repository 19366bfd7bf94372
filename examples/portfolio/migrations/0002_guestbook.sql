-- Visitors' notes. The lengths repeat the form's limits, so that no other way in can exceed them.
CREATE TABLE guestbook_entries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    message    TEXT    NOT NULL CHECK (length(message) BETWEEN 1 AND 280),
    created_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) STRICT;
