-- Whether the store was restored into a cluster whose transaction ids are behind its events, so
-- that new events would be ordered before old ones. Exact, with writers running: whoever appended
-- what we see had a transaction id below our snapshot's end, and so had each cause.
CREATE OR REPLACE FUNCTION es.needs_rebase() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = es, pg_temp AS $$
    SELECT coalesce((SELECT max(tx) FROM es.event), 0)
        >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + tx_offset FROM es.meta
$$;

-- A new epoch; the order continues behind everything that was ever recorded here.
CREATE OR REPLACE FUNCTION es.rebase() RETURNS void LANGUAGE plpgsql
    SET search_path = es, pg_temp AS $$
DECLARE
    new_epoch uuid := gen_random_uuid();
    last_tx bigint;
    last_position bigint;
BEGIN
    -- Every append reads es.meta: those under way are waited for, those that come wait for us.
    LOCK TABLE es.meta IN ACCESS EXCLUSIVE MODE;
    SELECT max(p.tx), max(p.position) INTO last_tx, last_position FROM (
        SELECT max(tx) AS tx, max(position) AS position FROM es.event
        UNION ALL SELECT max(s.last_tx), 0 FROM es.stream AS s
        UNION ALL SELECT max(tx), max(position) FROM es.cursor
        UNION ALL SELECT max(tx), max(position) FROM es.checkpoint) AS p;
    -- The oldest transaction that may still append must come behind the last recorded one.
    UPDATE es.meta SET epoch = new_epoch, tx_offset = greatest(tx_offset,
        coalesce(last_tx, 0) + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint);
    UPDATE es.cursor SET epoch = new_epoch;
    UPDATE es.checkpoint SET epoch = new_epoch;
    PERFORM setval('es.position', greatest(nextval('es.position'), last_position));
END $$;
