-- +goose Up

-- A leaf of a log's tree was a row with two indexes, about 220 bytes. Now 160
-- neighbours are one row, a tile, which fills a page: 52 bytes a leaf with its id.
-- Hashes do not compress, so nothing tries to.
--
-- An event's position is found by its id. Ids rise with time, and positions
-- nearly with ids: `top` is the highest id of the tile and all before it, so an
-- event whose id is above the top of the tile before is in the first tile whose
-- top is not below it. The others, whose transactions were late or whose times
-- are old, have a row of their own in audit_strays.
CREATE TABLE audit_tiles (
  company_id  uuid NOT NULL,
  live        boolean NOT NULL,
  first       bigint NOT NULL, -- the position of its first leaf, a multiple of 160
  top         uuid NOT NULL,
  low         uuid NOT NULL, -- the lowest id in it
  types       text[] NOT NULL, -- of its events, each once: who looks for others passes it over
  event_ids   uuid[] NOT NULL,
  leaf_hashes bytea NOT NULL, -- 32 bytes each
  PRIMARY KEY (company_id, live, first)
) WITH (toast_tuple_target = 8160);
ALTER TABLE audit_tiles ALTER event_ids SET STORAGE EXTERNAL, ALTER leaf_hashes SET STORAGE EXTERNAL;
CREATE INDEX audit_tiles_top ON audit_tiles (company_id, live, top, first);

CREATE TABLE audit_strays (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  event_id   uuid NOT NULL,
  position   bigint NOT NULL,
  PRIMARY KEY (company_id, live, event_id)
);

-- The leaves behind the last tile, fewer than 160: what some sealings brought. A
-- small one grows in its place, for which there is room in its page.
CREATE TABLE audit_runs (
  company_id  uuid NOT NULL,
  live        boolean NOT NULL,
  first       bigint NOT NULL,
  types       text[] NOT NULL,
  event_ids   uuid[] NOT NULL,
  leaf_hashes bytea NOT NULL,
  PRIMARY KEY (company_id, live, first)
) WITH (fillfactor = 50);
ALTER TABLE audit_runs ALTER event_ids SET STORAGE EXTERNAL, ALTER leaf_hashes SET STORAGE EXTERNAL;

-- PostgreSQL has no max(uuid); the text sorts as the bytes do.
INSERT INTO audit_tiles
SELECT company_id, live, tile * 160, (max(high) OVER (PARTITION BY company_id, live ORDER BY tile))::uuid, low::uuid, types, event_ids, leaf_hashes
FROM (
  SELECT l.company_id, l.live, l.position / 160 AS tile, count(*) AS leaves,
    max(l.event_id::text COLLATE "C") AS high, min(l.event_id::text COLLATE "C") AS low,
    coalesce(array_agg(DISTINCT e.type COLLATE "C") FILTER (WHERE e.type IS NOT NULL), '{}') AS types,
    array_agg(l.event_id ORDER BY l.position) AS event_ids, string_agg(l.leaf_hash, '' ORDER BY l.position) AS leaf_hashes
  FROM audit_leaves l
  LEFT JOIN audit_events e ON e.company_id = l.company_id AND e.live = l.live AND e.event_id = l.event_id
  GROUP BY l.company_id, l.live, l.position / 160
) t WHERE leaves = 160;

INSERT INTO audit_strays
SELECT l.company_id, l.live, l.event_id, l.position
FROM audit_leaves l
JOIN audit_tiles t ON t.company_id = l.company_id AND t.live = l.live AND t.first = l.position - l.position % 160
JOIN audit_tiles b ON b.company_id = l.company_id AND b.live = l.live AND b.first = t.first - 160
WHERE l.event_id <= b.top;

-- A log with a gap is broken before and after: what is behind it is kept.
INSERT INTO audit_runs
SELECT l.company_id, l.live, min(l.position), coalesce(array_agg(DISTINCT e.type COLLATE "C") FILTER (WHERE e.type IS NOT NULL), '{}'),
  array_agg(l.event_id ORDER BY l.position), string_agg(l.leaf_hash, '' ORDER BY l.position)
FROM (SELECT *, position - row_number() OVER (PARTITION BY company_id, live ORDER BY position) AS island FROM audit_leaves) l
LEFT JOIN audit_events e ON e.company_id = l.company_id AND e.live = l.live AND e.event_id = l.event_id
WHERE NOT EXISTS (SELECT FROM audit_tiles t WHERE t.company_id = l.company_id AND t.live = l.live AND t.first = l.position - l.position % 160)
GROUP BY l.company_id, l.live, l.position / 160, island;

DROP TABLE audit_leaves;

-- The leaves one by one. Who names a range of positions names one of `first` too
-- (from 159 below), which the indexes know.
CREATE VIEW audit_leaves AS
SELECT t.company_id, t.live, t.first, (t.first + u.n - 1)::bigint AS position, u.event_id,
  substr(t.leaf_hashes, (u.n * 32 - 31)::integer, 32) AS leaf_hash
FROM (
  SELECT company_id, live, first, event_ids, leaf_hashes FROM audit_tiles
  UNION ALL
  SELECT company_id, live, first, event_ids, leaf_hashes FROM audit_runs
) t CROSS JOIN LATERAL unnest(t.event_ids) WITH ORDINALITY AS u(event_id, n);

-- The position of an event, NULL without one: it looks at three places, each of
-- one log and by an index, however many events there are.
-- +goose StatementBegin
CREATE FUNCTION audit_position(company uuid, side boolean, event uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  found_at bigint;
BEGIN
  SELECT t.first + array_position(t.event_ids, event) - 1 INTO found_at
  FROM (SELECT first, event_ids FROM audit_tiles
    WHERE company_id = company AND live = side AND top >= event ORDER BY top, first LIMIT 1) t;
  IF found_at IS NULL THEN
    SELECT s.position INTO found_at FROM audit_strays s JOIN audit_tiles t
      ON t.company_id = s.company_id AND t.live = s.live AND t.first = s.position - s.position % 160
    WHERE s.company_id = company AND s.live = side AND s.event_id = event AND t.event_ids[s.position % 160 + 1] = event;
  END IF;
  IF found_at IS NULL THEN
    SELECT r.first + array_position(r.event_ids, event) - 1 INTO found_at
    FROM audit_runs r WHERE r.company_id = company AND r.live = side AND event = ANY (r.event_ids) LIMIT 1;
  END IF;
  RETURN found_at;
END
$$;
-- +goose StatementEnd

-- Events without a position yet, those of one transaction together (up to 100).
-- Written with the events, removed by the sequencer with the positions that it
-- gives: a late commit cannot be missed.
ALTER TABLE audit_pending RENAME TO audit_pending_before;
ALTER TABLE audit_pending_before RENAME CONSTRAINT audit_pending_pkey TO audit_pending_before_pkey;
CREATE TABLE audit_pending (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  first_id   uuid NOT NULL, -- the first of event_ids
  event_ids  uuid[] NOT NULL,
  PRIMARY KEY (company_id, live, first_id)
);
INSERT INTO audit_pending
SELECT company_id, live, (array_agg(event_id ORDER BY event_id))[1], array_agg(event_id ORDER BY event_id)
FROM (SELECT *, (row_number() OVER (PARTITION BY company_id, live ORDER BY event_id) - 1) / 100 AS part FROM audit_pending_before) p
GROUP BY company_id, live, part;
DROP TABLE audit_pending_before;

-- The server may add to what is remembered, and not rewrite it. A run may get
-- more, and go when a tile holds what it held.
GRANT SELECT, INSERT ON audit_tiles, audit_strays TO purser_app;
GRANT SELECT, INSERT, DELETE ON audit_runs, audit_pending TO purser_app;
GRANT UPDATE (types, event_ids, leaf_hashes) ON audit_runs TO purser_app;
GRANT SELECT ON audit_leaves TO purser_app;

-- OFFSET 0: each run asks for its tile by the key, whatever the planner knows.
-- +goose StatementBegin
CREATE FUNCTION audit_runs_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM gone g WHERE NOT EXISTS (
    SELECT FROM audit_tiles t
    WHERE t.company_id = g.company_id AND t.live = g.live AND t.first = g.first - g.first % 160
      AND t.event_ids[g.first % 160 + 1 : g.first % 160 + cardinality(g.event_ids)] = g.event_ids
      AND substr(t.leaf_hashes, (g.first % 160 * 32 + 1)::integer, octet_length(g.leaf_hashes)) = g.leaf_hashes
    OFFSET 0)) THEN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_runs_kept AFTER DELETE ON audit_runs REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION audit_runs_kept();

-- +goose StatementBegin
CREATE FUNCTION audit_runs_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.event_ids[:cardinality(OLD.event_ids)] <> OLD.event_ids OR NEW.first <> OLD.first
    OR substr(NEW.leaf_hashes, 1, octet_length(OLD.leaf_hashes)) <> OLD.leaf_hashes THEN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_runs_grow BEFORE UPDATE ON audit_runs FOR EACH ROW EXECUTE FUNCTION audit_runs_grow();

-- +goose Down
CREATE TABLE audit_leaves_before (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  position   bigint NOT NULL,
  event_id   uuid NOT NULL,
  leaf_hash  bytea NOT NULL,
  CONSTRAINT audit_leaves_pkey PRIMARY KEY (company_id, live, position)
);
INSERT INTO audit_leaves_before SELECT company_id, live, position, event_id, leaf_hash FROM audit_leaves;
DROP VIEW audit_leaves;
ALTER TABLE audit_leaves_before RENAME TO audit_leaves;
CREATE UNIQUE INDEX audit_leaves_event ON audit_leaves (company_id, live, event_id);
ALTER TABLE audit_pending RENAME TO audit_pending_packed;
ALTER TABLE audit_pending_packed RENAME CONSTRAINT audit_pending_pkey TO audit_pending_packed_pkey;
CREATE TABLE audit_pending (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  event_id   uuid NOT NULL,
  PRIMARY KEY (company_id, live, event_id)
);
INSERT INTO audit_pending SELECT company_id, live, unnest(event_ids) FROM audit_pending_packed;
DROP TABLE audit_tiles, audit_runs, audit_strays, audit_pending_packed;
DROP FUNCTION audit_runs_kept, audit_runs_grow, audit_position;
GRANT SELECT, INSERT ON audit_leaves TO purser_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_pending TO purser_app;
