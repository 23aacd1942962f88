"""What the databases say: the cluster's PostgreSQL, and the SQLite of an import that nobody disturbed."""

import contextlib
import hashlib
import json
import pathlib
import sqlite3

from servers import Postgres

from .checks import Served


def rows(server: Postgres, sql: str) -> list[list]:
    told = server.query(f"SELECT json_agg(to_json(told)) FROM ({sql}) AS told")
    return [list(row.values()) for row in json.loads(told or "[]")]


def served(server: Postgres) -> Served:
    """What it did since it started, by its own statistics."""
    return Served(*rows(server, SERVED)[0])


def chunks_of_postgres(server: Postgres) -> dict[str, tuple]:
    """The shared documents by the digest of their bytes: file name, title, number of chunks, digest of all chunks."""
    return {sha: tuple(document) for sha, *document in rows(server, CHUNKS)}


def chunks_of_sqlite(file: pathlib.Path) -> dict[str, tuple]:
    """The same of the embedded profile's database."""
    with contextlib.closing(sqlite3.connect(file)) as database:
        chunks: dict[bytes, list[str]] = {}
        for document, *chunk in database.execute(
                'SELECT document_id, ordinal, start, "end", text FROM chunk ORDER BY document_id, ordinal'):
            *place, text = chunk
            chunks.setdefault(document, []).append(":".join(map(str, [*place, digest(text)])))
        return {sha.hex(): (name, title, count, digest(",".join(chunks.get(document, []))))
                for document, sha, name, title, count in database.execute(
                    "SELECT id, sha256, file_name, title, chunks FROM document")}


def digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


CHUNKS = """
    SELECT encode(d.sha256, 'hex') AS sha, d.file_name, d.title, d.chunks, md5(coalesce(string_agg(
        c.ordinal || ':' || c.start || ':' || c."end" || ':' || md5(c.text), ',' ORDER BY c.ordinal), '')) AS all_chunks
    FROM document d LEFT JOIN chunk c ON c.document_id = d.id WHERE d.scope = 'shared' GROUP BY d.id"""
SETTLED = """
    SELECT count(*) FILTER (WHERE status IN ('ready', 'failed')) AS settled, coalesce(sum(chunks), 0) AS chunks,
        coalesce(sum(embedded_chunks), 0) AS embedded
    FROM document WHERE scope = 'shared'"""
INCONSISTENT = """
    SELECT
        (SELECT count(*) FROM (SELECT FROM chunk GROUP BY document_id, ordinal HAVING count(*) > 1) AS one) AS doubled,
        (SELECT count(*) FROM (SELECT FROM chunk GROUP BY document_id
            HAVING min(ordinal) <> 0 OR max(ordinal) <> count(*) - 1) AS one) AS gaps,
        (SELECT count(*) FROM document d
            WHERE d.chunks <> (SELECT count(*) FROM chunk c WHERE c.document_id = d.id)) AS counts,
        (SELECT count(*) FROM chunk c
            WHERE 1 <> (SELECT count(*) FROM chunk_vector v WHERE v.chunk_number = c.number)) AS vectors"""
SERVED = """
    SELECT
        coalesce(sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0)), 0) AS scans,
        coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0) AS rows,
        (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()),
        (SELECT tup_fetched FROM pg_stat_database WHERE datname = current_database())
    FROM pg_stat_user_tables"""
