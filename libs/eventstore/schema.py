"""The store's SQL: tables, append, horizon. Applied by the migration of the same name.

The reasons for every choice stand in docs/adr/0003-event-store.md; in short: order is
(tx, position), tx a Lamport clock over transaction ids; readers stay below the horizon; one hash
chain for each stream; writers may call one function and nothing else.
"""

TABLES = r"""
CREATE TABLE es.meta (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch     uuid NOT NULL DEFAULT gen_random_uuid(),
    tx_offset bigint NOT NULL DEFAULT 0
);
INSERT INTO es.meta DEFAULT VALUES;

CREATE TABLE es.grantee (
    role     text NOT NULL,
    right_to text NOT NULL CHECK (right_to IN ('read', 'write')),
    category text NOT NULL,
    PRIMARY KEY (role, right_to, category)
);

CREATE TABLE es.stream (
    stream  text PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0,
    last_tx bigint NOT NULL DEFAULT 0,
    head    bytea
);

CREATE SEQUENCE es.position CACHE 1;

-- The CHECKs keep every text column free of characters that JSON would escape, so that the entry
-- below is canonical by plain concatenation.
CREATE TABLE es.event (
    tx          bigint NOT NULL,
    position    bigint NOT NULL,
    stream      text NOT NULL CHECK (stream ~ '^[a-z]{1,32}-[A-Za-z0-9._:-]{1,200}$'),
    version     bigint NOT NULL,
    category    text NOT NULL,
    event_id    uuid NOT NULL,
    type        text NOT NULL CHECK (type ~ '^[A-Za-z][A-Za-z0-9]{0,63}$'),
    schema      integer NOT NULL CHECK (schema > 0),
    agency      text NOT NULL CHECK (agency ~ '^[A-Za-z0-9._:/-]{1,128}$'),
    handler     text NOT NULL CHECK (handler ~ '^[A-Za-z0-9._:/-]{1,128}$'),
    behalf      text CHECK (behalf ~ '^[A-Za-z0-9._:/-]{1,128}$'),
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    trace       uuid NOT NULL,
    correlation uuid,
    causation   uuid,
    payload     bytea NOT NULL CHECK (octet_length(payload) <= 1048576),
    leaf        bytea NOT NULL,
    UNIQUE (stream, version),
    UNIQUE (event_id)
);
CREATE INDEX event_order ON es.event (tx, position);
CREATE INDEX event_category_order ON es.event (category, tx, position);

CREATE FUNCTION es.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed or deleted' USING ERRCODE = 'ES009';
END $$;
CREATE TRIGGER event_is_for_ever BEFORE UPDATE OR DELETE ON es.event
    FOR EACH ROW EXECUTE FUNCTION es.refuse();
CREATE TRIGGER event_is_not_truncated BEFORE TRUNCATE ON es.event
    FOR EACH STATEMENT EXECUTE FUNCTION es.refuse();

CREATE TABLE es.cursor (
    category text PRIMARY KEY,
    epoch    uuid NOT NULL,
    tx       bigint NOT NULL,
    position bigint NOT NULL
);
CREATE TABLE es.checkpoint (
    consumer text NOT NULL,
    category text NOT NULL,
    epoch    uuid NOT NULL,
    tx       bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (consumer, category)
);
CREATE TABLE es.retry (
    consumer text NOT NULL,
    stream   text NOT NULL,
    version  bigint NOT NULL,
    category text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at   timestamptz NOT NULL,
    parked   boolean NOT NULL DEFAULT false,
    cause    text NOT NULL,
    PRIMARY KEY (consumer, stream, version)
);
CREATE INDEX retry_due ON es.retry (consumer, due_at) WHERE NOT parked;
"""

FUNCTIONS = r"""
CREATE FUNCTION es.instant_text(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- STABLE: it must see the same snapshot as the page of events that it guards.
CREATE FUNCTION es.horizon() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + tx_offset FROM es.meta
$$;

CREATE FUNCTION es.granted(wanted text) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = es, pg_temp AS $$
    SELECT coalesce(array_agg(category), '{}') FROM es.grantee
    WHERE role = session_user AND right_to = wanted
$$;

CREATE FUNCTION es.append(
    streams text[], expected bigint[], counts integer[],
    ids uuid[], types text[], schemas integer[], payloads bytea[],
    by_agency text, by_handler text, on_behalf text, at timestamptz,
    in_trace uuid, with_correlation uuid, from_causation uuid, after_tx bigint
) RETURNS TABLE (out_stream text, out_version bigint, out_tx bigint, out_position bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = es, pg_temp AS $$
DECLARE
    event_offset bigint := (SELECT tx_offset FROM es.meta);
    writable text[] := es.granted('write');
    new_tx bigint;
    h es.stream;
    found_ids integer;
    now_at timestamptz := clock_timestamp();
    new_position bigint;
    n integer := 0;
    new_leaf bytea;
    new_category text;
BEGIN
    IF coalesce(current_setting('es.appended', true), '') = pg_current_xact_id()::text THEN
        RAISE EXCEPTION 'a transaction appends once' USING ERRCODE = 'ES006';
    END IF;
    PERFORM set_config('es.appended', pg_current_xact_id()::text, true);
    IF after_tx >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + event_offset THEN
        RAISE EXCEPTION 'the cause % lies in the future', after_tx USING ERRCODE = 'ES005';
    END IF;
    FOR i IN 1 .. array_length(streams, 1) LOOP
        new_category := split_part(streams[i], '-', 1);
        IF NOT new_category = ANY (writable) THEN
            RAISE EXCEPTION '% may not write %', session_user, new_category USING ERRCODE = 'ES007';
        END IF;
    END LOOP;

    -- Rows are made and locked in one order by everybody, so that crossing calls cannot deadlock.
    INSERT INTO es.stream (stream) SELECT s FROM unnest(streams) AS s ORDER BY s
        ON CONFLICT DO NOTHING;
    PERFORM 1 FROM es.stream AS s WHERE s.stream = ANY (streams)
        ORDER BY s.stream FOR NO KEY UPDATE;

    SELECT count(*) INTO found_ids FROM es.event WHERE event_id = ANY (ids);
    IF found_ids > 0 THEN
        RETURN QUERY SELECT * FROM es.repeated(streams, counts, ids, types, schemas, payloads);
        RETURN;
    END IF;

    SELECT greatest(pg_current_xact_id()::text::bigint + event_offset, max(s.last_tx), after_tx)
        INTO new_tx FROM es.stream AS s WHERE s.stream = ANY (streams);

    FOR i IN 1 .. array_length(streams, 1) LOOP
        SELECT * INTO h FROM es.stream AS s WHERE s.stream = streams[i];
        IF expected[i] >= 0 AND expected[i] <> h.version THEN
            RAISE EXCEPTION 'stream % is at version %, not %', streams[i], h.version, expected[i]
                USING ERRCODE = 'ES001',
                    DETAIL = streams[i] || '|' || expected[i] || '|' || h.version;
        END IF;
        new_category := split_part(streams[i], '-', 1);
        FOR j IN 1 .. counts[i] LOOP
            n := n + 1;
            new_position := nextval('es.position');
            h.version := h.version + 1;
            new_leaf := sha256('\x00'::bytea || convert_to(
                '{"agency":"' || by_agency
                || '","behalf":' || coalesce('"' || on_behalf || '"', 'null')
                || ',"causation":' || coalesce('"' || from_causation::text || '"', 'null')
                || ',"correlation":' || coalesce('"' || with_correlation::text || '"', 'null')
                || ',"handler":"' || by_handler
                || '","id":"' || ids[n]::text
                || '","occurred_at":"' || es.instant_text(at)
                || '","payload":"' || encode(sha256(payloads[n]), 'hex')
                || '","position":"' || new_position
                || '","prev":' || coalesce('"' || encode(h.head, 'hex') || '"', 'null')
                || ',"recorded_at":"' || es.instant_text(now_at)
                || '","schema":"' || schemas[n]
                || '","stream":"' || streams[i]
                || '","trace":"' || in_trace::text
                || '","tx":"' || new_tx
                || '","type":"' || types[n]
                || '","version":"' || h.version || '"}', 'UTF8'));
            INSERT INTO es.event VALUES (
                new_tx, new_position, streams[i], h.version, new_category, ids[n], types[n],
                schemas[n], by_agency, by_handler, on_behalf, at, now_at, in_trace,
                with_correlation, from_causation, payloads[n], new_leaf);
            h.head := new_leaf;
        END LOOP;
        UPDATE es.stream AS s SET version = h.version, last_tx = new_tx, head = h.head
            WHERE s.stream = streams[i];
        out_stream := streams[i];
        out_version := h.version;
        out_tx := new_tx;
        out_position := new_position;
        RETURN NEXT;
    END LOOP;
END $$;

-- A call whose ids are all known with the same content answers as the first time; anything else
-- that reuses an id is refused.
CREATE FUNCTION es.repeated(
    streams text[], counts integer[], ids uuid[], types text[], schemas integer[], payloads bytea[]
) RETURNS TABLE (out_stream text, out_version bigint, out_tx bigint, out_position bigint)
LANGUAGE plpgsql AS $$
DECLARE
    n integer := 0;
    known es.event;
BEGIN
    FOR i IN 1 .. array_length(streams, 1) LOOP
        FOR j IN 1 .. counts[i] LOOP
            n := n + 1;
            SELECT * INTO known FROM es.event WHERE event_id = ids[n];
            IF known.event_id IS NULL OR known.stream <> streams[i] OR known.type <> types[n]
                OR known.schema <> schemas[n] OR known.payload <> payloads[n] THEN
                RAISE EXCEPTION 'event id % was used for other content', ids[n]
                    USING ERRCODE = 'ES003';
            END IF;
        END LOOP;
        out_stream := streams[i];
        out_version := known.version;
        out_tx := known.tx;
        out_position := known.position;
        RETURN NEXT;
    END LOOP;
END $$;
"""

RIGHTS = r"""
ALTER TABLE es.event ENABLE ROW LEVEL SECURITY;
CREATE POLICY read_granted ON es.event FOR SELECT USING (
    category = ANY ((SELECT es.granted('read'))::text[])
    OR '*' = ANY ((SELECT es.granted('read'))::text[]));
ALTER TABLE es.checkpoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_consumer ON es.checkpoint
    USING (split_part(consumer, '.', 1) = session_user OR session_user = 'monitor');
ALTER TABLE es.retry ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_consumer ON es.retry
    USING (split_part(consumer, '.', 1) = session_user OR session_user = 'monitor');
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA es FROM PUBLIC;
GRANT USAGE ON SCHEMA es TO PUBLIC;
GRANT EXECUTE ON FUNCTION es.horizon(), es.granted(text) TO PUBLIC;
GRANT SELECT ON es.meta, es.event TO PUBLIC;
GRANT SELECT ON es.checkpoint, es.retry, es.cursor TO monitor;
GRANT SELECT, INSERT, UPDATE ON es.cursor TO relay;
"""

SERVICE_RIGHTS = r"""
GRANT EXECUTE ON FUNCTION es.append TO "{role}";
GRANT SELECT, INSERT, UPDATE ON es.checkpoint TO "{role}";
GRANT SELECT, INSERT, UPDATE, DELETE ON es.retry TO "{role}";
"""
