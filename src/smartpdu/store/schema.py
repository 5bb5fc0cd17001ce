"""The tables of the memory, as steps from each form of the file to the next.

A step that was published is never changed: a file made by it must open for ever.
"""

MARK = 0x53504455  # "SPDU": in the file's header, so that another program's file is not taken

STEPS = (
    """
    CREATE TABLE events(
        seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, place TEXT NOT NULL,
        body TEXT NOT NULL, seal BLOB NOT NULL);
    CREATE TRIGGER events_stay BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
    CREATE TRIGGER events_remain BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
    CREATE TRIGGER events_follow BEFORE INSERT ON events
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
        BEGIN SELECT RAISE(ABORT, 'an event only follows the last one'); END;
    CREATE TABLE commands(
        id TEXT PRIMARY KEY, key TEXT, principal TEXT NOT NULL, fingerprint TEXT NOT NULL,
        place TEXT NOT NULL, wish TEXT NOT NULL, reason TEXT NOT NULL,
        state TEXT NOT NULL CHECK(state IN ('intended', 'done', 'refused', 'disobeyed')),
        asked REAL NOT NULL, intended REAL, finished REAL);
    CREATE UNIQUE INDEX commands_key ON commands(principal, key) WHERE key IS NOT NULL;
    CREATE INDEX commands_open ON commands(intended) WHERE state = 'intended';
    CREATE TRIGGER commands_end BEFORE UPDATE OF state, reason, finished ON commands
        WHEN OLD.state <> 'intended'
        BEGIN SELECT RAISE(ABORT, 'a command that has an end keeps it'); END;
    CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE states(name TEXT PRIMARY KEY, form BLOB NOT NULL);
    CREATE TABLE tokens(
        id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, hash BLOB UNIQUE NOT NULL,
        created REAL NOT NULL, revoked REAL);
    CREATE TABLE links(
        hash BLOB PRIMARY KEY, role TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE sessions(
        hash BLOB PRIMARY KEY, role TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
    """,
    # History. The ids of chunks and hot batches are (span or hour) * 2^20 + (series or number):
    # pages fill in the order of time, and one range is what is read, and what is forgotten.
    """
    CREATE TABLE series(
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, digits INTEGER NOT NULL, UNIQUE(key, digits));
    CREATE TABLE hot(id INTEGER PRIMARY KEY, form BLOB NOT NULL);
    CREATE TABLE seconds(id INTEGER PRIMARY KEY, form BLOB NOT NULL);
    CREATE TABLE minutes(id INTEGER PRIMARY KEY, form BLOB NOT NULL);
    CREATE TABLE quarters(id INTEGER PRIMARY KEY, form BLOB NOT NULL);
    CREATE TABLE due(
        tier INTEGER NOT NULL, span INTEGER NOT NULL, after INTEGER NOT NULL,
        PRIMARY KEY(tier, span)) WITHOUT ROWID;
    """,
)
