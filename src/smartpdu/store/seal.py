"""Sealing the history: hours become chunks, chunks become coarser ones, old ones are forgotten.

Each function does one bounded piece of work in short transactions, so that nothing that waits for
the file waits long. What is cut off by a crash is done again, with the same result.
"""

from collections.abc import Sequence
from functools import partial

import apsw
import numpy as np

from smartpdu.store.chunk import GAP, Damaged, Whole, packed, packed_rows, unpacked
from smartpdu.store.database import Database, rows
from smartpdu.store.hour import BITS, HOUR, Hour, chunk_id
from smartpdu.store.recall import FORM, Recall, Spoiled, due_spans
from smartpdu.store.tiers import MINUTES, SECONDS, TIERS, Tier

SLICE = 16  # series that are packed at once: a bound on memory
FOLD = 16  # series of a span that one visit makes into a coarser chunk: some 30 ms of work
MASK = (1 << BITS) - 1


def seal_hour(database: Database, number: int, hour: Hour, spoiled: Spoiled) -> None:
    """Keep each series of an hour as a chunk, and let its batches go; raises StoreError."""
    query = f"SELECT id, {FORM} FROM seconds WHERE id >= ? AND id < ?"
    kept: dict[int, bytes] = dict(
        database.look_up(query, chunk_id(number, 0), chunk_id(number + 1, 0))
    )
    forms: list[tuple[int, bytes]] = []
    for first in range(0, len(hour.ids), SLICE):
        table = hour.table(first, first + SLICE)
        ids = [chunk_id(number, id) for id in hour.ids[first : first + SLICE]]
        for row, id in enumerate(ids):
            if id in kept:
                table[row] = _completed(kept[id], id, table[row], spoiled)
        forms += zip(ids, packed_rows(table, ids), strict=True)

    def keep(connection: apsw.Connection) -> None:
        connection.executemany("INSERT OR REPLACE INTO seconds VALUES(?, ?)", forms)
        batches = (chunk_id(number, 0), chunk_id(number + 1, 0))
        connection.execute("DELETE FROM hot WHERE id >= ? AND id < ?", batches)
        _make_due(connection, MINUTES, number * HOUR // MINUTES.span)

    database.write(keep)


def fold_span(database: Database, now: float, spoiled: Spoiled) -> bool:
    """Make some series of a span that is over into coarser chunks; whether there was any.

    Raises StoreError.
    """
    query = "SELECT tier, span, after FROM due ORDER BY tier, span"
    for number, span, after in database.look_up(query):
        tier = TIERS[number]
        if (span + 1) * tier.span <= now:
            _fold_some(database, tier, span, after, spoiled)
            return True
    return False


def forget_span(database: Database, keep: Sequence[float], now: float) -> None:
    """Delete the oldest span of each tier, if it is older than that tier is kept.

    And only if more is there than makes up that time: a clock that runs ahead, or a long time off,
    costs nothing of the past. Raises StoreError.
    """
    for tier, age in zip(TIERS, keep, strict=True):
        for (span,) in database.look_up(f"SELECT min(id) >> {BITS} FROM {tier.table}"):
            if span is None or (span + 1) * tier.span > now - age:
                continue
            if _spans(database, tier) * tier.span > age:
                database.write(partial(_forget, tier=tier, span=span))


def _completed(form: bytes, id: int, row: Whole, spoiled: Spoiled) -> Whole:
    """What is sealed already, with its gaps filled; a damaged chunk gives way."""
    try:
        before = unpacked(form, id)[0]
    except Damaged:
        spoiled.add((SECONDS.table, id))
        return row
    return np.where(before == GAP, row, before)


def _waiting(connection: apsw.Connection, tier: Tier, span: int, after: int) -> list[int]:
    """Ids of chunks to make in a tier: series that the tier below has, behind one of them."""
    below = TIERS[tier.number - 1]
    low, high = (chunk_id(s * tier.span // below.span, 0) for s in (span, span + 1))
    query = (
        f"SELECT DISTINCT id & {MASK} AS series FROM {below.table} "
        f"WHERE id >= ? AND id < ? AND series > ? ORDER BY series LIMIT {FOLD}"
    )
    return [chunk_id(span, series) for (series,) in rows(connection, query, (low, high, after))]


def _coarser(database: Database, tier: Tier, span: int, series: int, spoiled: Spoiled) -> bytes:
    first = span * tier.slots

    def made(connection: apsw.Connection) -> Whole:
        recall = Recall(connection, {}, spoiled, due_spans(connection))
        return recall.rows(tier, series, first, first + tier.slots)

    return packed(database.read(made), chunk_id(span, series))


def _fold_some(database: Database, tier: Tier, span: int, after: int, spoiled: Spoiled) -> None:
    ids = database.read(lambda connection: _waiting(connection, tier, span, after))
    forms = [(id, _coarser(database, tier, span, id & MASK, spoiled)) for id in ids]
    database.write(lambda connection: _fold(connection, tier, span, forms))


def _fold(
    connection: apsw.Connection, tier: Tier, span: int, forms: list[tuple[int, bytes]]
) -> None:
    connection.executemany(f"INSERT OR REPLACE INTO {tier.table} VALUES(?, ?)", forms)
    if len(forms) == FOLD:
        query = "UPDATE due SET after = ? WHERE tier = ? AND span = ?"
        connection.execute(query, (forms[-1][0] & MASK, tier.number, span))
        return
    connection.execute("DELETE FROM due WHERE tier = ? AND span = ?", (tier.number, span))
    if tier.number + 1 < len(TIERS):
        coarser = TIERS[tier.number + 1]
        _make_due(connection, coarser, span * tier.span // coarser.span)


def _make_due(connection: apsw.Connection, tier: Tier, span: int) -> None:
    query = "INSERT INTO due VALUES(?, ?, 0) ON CONFLICT DO UPDATE SET after = 0"
    connection.execute(query, (tier.number, span))


def _spans(database: Database, tier: Tier) -> int:
    """How many spans of a tier have chunks: one search for each, no walk through all."""
    following = (
        f"SELECT id >> {BITS} FROM {tier.table} WHERE id >= (n + 1) << {BITS} ORDER BY id LIMIT 1"
    )
    query = (
        f"WITH RECURSIVE spans(n) AS (SELECT min(id) >> {BITS} FROM {tier.table} "
        f"UNION ALL SELECT ({following}) FROM spans WHERE n IS NOT NULL) "
        "SELECT count(n) FROM spans"
    )
    return int(database.look_up(query)[0][0])


def _forget(connection: apsw.Connection, tier: Tier, span: int) -> None:
    """Delete a span, unless the next coarser one is still to be made from it."""
    for coarser in TIERS[tier.number + 1 : tier.number + 2]:
        query = "SELECT 1 FROM due WHERE tier = ? AND span = ?"
        if rows(connection, query, (coarser.number, span * tier.span // coarser.span)):
            return
    ends = (chunk_id(span, 0), chunk_id(span + 1, 0))
    connection.execute(f"DELETE FROM {tier.table} WHERE id >= ? AND id < ?", ends)
