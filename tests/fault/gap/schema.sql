-- What the gap test keeps beside the store, in its private database.
CREATE SCHEMA gap;
GRANT USAGE ON SCHEMA gap TO PUBLIC;

-- A row written before the append gives the transaction its id early, as a service's command row.
CREATE TABLE gap.inbox (id uuid PRIMARY KEY);
CREATE TABLE gap.run (ended boolean NOT NULL);
INSERT INTO gap.run VALUES (false);
CREATE TABLE gap.reader (
    name     text PRIMARY KEY,
    tx       bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0
);
CREATE TABLE gap.seen (
    n        bigint GENERATED ALWAYS AS IDENTITY,
    reader   text NOT NULL,
    tx       bigint NOT NULL,
    position bigint NOT NULL,
    stream   text NOT NULL,
    version  bigint NOT NULL
);
GRANT INSERT ON gap.inbox TO PUBLIC;
GRANT SELECT ON gap.run TO PUBLIC;
GRANT SELECT, UPDATE ON gap.reader TO PUBLIC;
GRANT INSERT ON gap.seen TO PUBLIC;

-- Arm "bigserial" reads by position alone, which the store itself never does.
CREATE INDEX gap_position ON es.event (position);

-- Arm "volatile": looks at the running transactions anew, later than the page's snapshot. The wait
-- is a page that is long in the reading; without it, how often the fault shows is a matter of luck.
CREATE FUNCTION gap.volatile_horizon() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_sleep(0.02);
    RETURN pg_snapshot_xmin(pg_current_snapshot())::text::bigint + (SELECT tx_offset FROM es.meta);
END $$;
