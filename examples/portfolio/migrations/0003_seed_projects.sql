INSERT INTO projects (position, slug, title, kind, year, summary, body) VALUES
(1, 'plumbline', 'Plumbline', 'command line', 2026,
 'Checks that configuration files hang straight: same keys, same types, in every environment.',
 'Staging has a key that production lacks, and nobody notices until the release. Plumbline reads every environment''s settings side by side and prints what is missing, what changed its type, and what nothing reads any more.

It understands TOML, YAML and plain environment files, follows includes, and knows which values are secrets, so its report can be pasted anywhere.

A run over two hundred files takes about a tenth of a second, which is why it lives in a commit hook.'),
(2, 'tallow', 'Tallow', 'command line', 2025,
 'A time sheet in a text file: write lines, get sums.',
 'One line per thing done, the clock in front, the project behind. Tallow adds it up by day, week or project and complains politely about overlaps.

There is no server and no account. The file is the database; any editor is the interface; version control is the backup.'),
(3, 'dovetail', 'Dovetail', 'library', 2025,
 'Joins streams that arrive out of order, with a bounded amount of memory.',
 'Two streams of events share a key but not a clock. Dovetail matches them within a window, spills to disk when the window grows, and says exactly which events found no partner.

The matching core is free of input and output: it takes events and returns decisions, so it can be tested with nothing but a list.'),
(4, 'lantern', 'Lantern', 'service', 2024,
 'A status page that keeps working when everything else does not.',
 'Lantern is one binary and one SQLite file. It probes what you tell it to, remembers a year of answers in a few megabytes, and renders pages that need no script.

When a probe fails it tries again from a second address before it wakes anybody.'),
(5, 'offcut', 'Offcut', 'library', 2024,
 'Reuses what a build left behind, and can say why it could not.',
 'A cache that is wrong once is switched off for ever. Offcut keeps the inputs of every result next to the result itself, so a miss comes with its reason: this file changed, this flag was new.

It began as a weekend experiment on a slow machine and is now part of three of the other tools on this page.'),
(6, 'burr', 'Burr', 'command line', 2023,
 'Finds the rough edges in a command line interface by using it wrong on purpose.',
 'Burr reads a program''s help text, then calls it with swapped arguments, missing files, closed pipes and tiny terminals. It reports stack traces, silent failures and exit codes that lie.

What it finds is rarely dramatic. Fixing it is what makes a tool feel solid in the hand.');
