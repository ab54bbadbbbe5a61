-- Names that need no escaping in JSON, so that an entry is canonical by plain concatenation. The
-- lengths stand apart: a counted repetition in a pattern costs fifty times as much.
CREATE OR REPLACE FUNCTION es.stream_fits(stream text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT stream ~ '^[a-z]+-[A-Za-z0-9._:-]+$'
        AND strpos(stream, '-') <= 33 AND octet_length(stream) - strpos(stream, '-') <= 200
$$;
CREATE OR REPLACE FUNCTION es.context_fits(agency text, handler text, behalf text)
    RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT agency ~ '^[A-Za-z0-9._:/-]+$' AND octet_length(agency) <= 128
        AND handler ~ '^[A-Za-z0-9._:/-]+$' AND octet_length(handler) <= 128
        AND (behalf IS NULL OR behalf ~ '^[A-Za-z0-9._:/-]+$' AND octet_length(behalf) <= 128)
$$;
CREATE OR REPLACE FUNCTION es.event_fits(type text, schema integer, payload bytea)
    RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT type ~ '^[A-Za-z][A-Za-z0-9]*$' AND octet_length(type) <= 64
        AND schema > 0 AND octet_length(payload) <= 1048576
$$;

-- The RFC 6962 leaf hash of an event's canonical entry. One expression, so that it is inlined.
CREATE OR REPLACE FUNCTION es.leaf(
    stream text, version bigint, tx bigint, place bigint, prev bytea,
    id uuid, type text, schema integer, payload bytea,
    agency text, handler text, behalf text, at timestamptz, recorded timestamptz,
    trace uuid, correlation uuid, causation uuid
) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256('\x00'::bytea || convert_to(concat(
        '{"agency":"', agency,
        '","behalf":', coalesce('"' || behalf || '"', 'null'),
        ',"causation":', coalesce('"' || causation::text || '"', 'null'),
        ',"correlation":', coalesce('"' || correlation::text || '"', 'null'),
        ',"handler":"', handler,
        '","id":"', id,
        '","occurred_at":"', es.instant_text(at),
        '","payload":"', encode(sha256(payload), 'hex'),
        '","position":"', place,
        '","prev":', coalesce('"' || encode(prev, 'hex') || '"', 'null'),
        ',"recorded_at":"', es.instant_text(recorded),
        '","schema":"', schema,
        '","stream":"', stream,
        '","trace":"', trace,
        '","tx":"', tx,
        '","type":"', type,
        '","version":"', version, '"}'), 'UTF8'))
$$;

-- Generic plans: a plan of one row each is not made better by knowing the row, only made again. Never
-- by sequential scans: a plan that was made while the table was small outlives its being small. Nor
-- compiled: before PostgreSQL 18 a scan that is forbidden and needed all the same counts as so dear
-- that each call would be given to LLVM, for five times the time.
CREATE OR REPLACE FUNCTION es.append(
    streams text[], expected bigint[], counts integer[],
    ids uuid[], types text[], schemas integer[], payloads bytea[],
    by_agency text, by_handler text, on_behalf text, at timestamptz,
    in_trace uuid, with_correlation uuid, from_causation uuid, after_tx bigint
) RETURNS TABLE (out_stream text, out_version bigint, out_tx bigint, out_position bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = es, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    own_tx text := pg_current_xact_id();
    event_offset bigint := (SELECT tx_offset FROM es.meta);
    now_at timestamptz := clock_timestamp();
    strange text;
    h es.stream;
    first_of integer := 1;
    positions bigint[];
    leaves bytea[];
BEGIN
    IF current_setting('es.appended', true) = own_tx THEN
        RAISE EXCEPTION 'a transaction appends once' USING ERRCODE = 'ES006';
    END IF;
    own_tx := set_config('es.appended', own_tx, true);
    IF after_tx >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + event_offset THEN
        RAISE EXCEPTION 'the cause % lies in the future', after_tx USING ERRCODE = 'ES005';
    END IF;
    SELECT s INTO strange FROM unnest(streams) AS s
        WHERE NOT split_part(s, '-', 1) = ANY (es.granted('write'))
            AND NOT (split_part(s, '-', 1) = ANY (es.granted('write own'))
                AND starts_with(s, split_part(s, '-', 1) || '-' || session_user || '.')) LIMIT 1;
    IF strange IS NOT NULL THEN
        RAISE EXCEPTION '% may not write %', session_user, strange USING ERRCODE = 'ES007';
    END IF;
    IF es.context_fits(by_agency, by_handler, on_behalf) IS NOT TRUE
        OR (0 < ALL (counts)) IS NOT TRUE
        OR EXISTS (SELECT FROM unnest(streams) AS s WHERE es.stream_fits(s) IS NOT TRUE)
        OR EXISTS (SELECT FROM generate_series(1, cardinality(ids)) AS n
                   WHERE es.event_fits(types[n], schemas[n], payloads[n]) IS NOT TRUE) THEN
        RAISE EXCEPTION 'a name or a payload breaks the limits of the store'
            USING ERRCODE = 'check_violation';
    END IF;

    -- Rows are made and locked in one order by everybody, so that crossing calls cannot deadlock.
    INSERT INTO es.stream (stream) SELECT s FROM unnest(streams) AS s ORDER BY s
        ON CONFLICT DO NOTHING;
    PERFORM 1 FROM es.stream AS s WHERE s.stream = ANY (streams)
        ORDER BY s.stream FOR NO KEY UPDATE;

    SELECT greatest(own_tx::bigint + event_offset, max(s.last_tx), after_tx)
        INTO out_tx FROM es.stream AS s WHERE s.stream = ANY (streams);
    IF EXISTS (SELECT FROM es.event WHERE event_id = ANY (ids)) THEN
        RETURN QUERY SELECT * FROM es.repeated(streams, counts, ids, types, schemas, payloads);
        RETURN;
    END IF;

    FOR i IN 1 .. cardinality(streams) LOOP
        SELECT * INTO h FROM es.stream AS s WHERE s.stream = streams[i];
        IF expected[i] >= 0 AND expected[i] <> h.version THEN
            RAISE EXCEPTION 'stream % is at version %, not %', streams[i], h.version, expected[i]
                USING ERRCODE = 'ES001',
                    DETAIL = streams[i] || '|' || expected[i] || '|' || h.version;
        END IF;
        positions := '{}';
        leaves := '{}';
        FOR n IN 1 .. counts[i] LOOP
            positions[n] := nextval('es.position');
            h.head := es.leaf(
                h.stream, h.version + n, out_tx, positions[n], h.head,
                ids[first_of + n - 1], types[first_of + n - 1],
                schemas[first_of + n - 1], payloads[first_of + n - 1],
                by_agency, by_handler, on_behalf, at, now_at,
                in_trace, with_correlation, from_causation);
            leaves[n] := h.head;
        END LOOP;
        INSERT INTO es.event SELECT
            out_tx, positions[n], h.stream, h.version + n, split_part(h.stream, '-', 1),
            ids[first_of + n - 1], types[first_of + n - 1], schemas[first_of + n - 1],
            by_agency, by_handler, on_behalf, at, now_at, in_trace, with_correlation,
            from_causation, payloads[first_of + n - 1], leaves[n]
            FROM generate_series(1, counts[i]) AS n;
        UPDATE es.stream AS s SET version = h.version + counts[i], last_tx = out_tx, head = h.head
            WHERE s.stream = h.stream;
        out_stream := h.stream;
        out_version := h.version + counts[i];
        out_position := positions[counts[i]];
        first_of := first_of + counts[i];
        RETURN NEXT;
    END LOOP;
END $$;

-- One event in one stream at an exact version, the commonest append, in three statements. Whatever
-- does not fit at once (another version, a repeat, no right, a bad cause) is es.append's to judge.
-- Returns version, tx, position.
CREATE OR REPLACE FUNCTION es.append_one(
    to_stream text, expected bigint, new_id uuid, new_type text, new_schema integer,
    new_payload bytea, by_agency text, by_handler text, on_behalf text, at timestamptz,
    in_trace uuid, with_correlation uuid, from_causation uuid, after_tx bigint
) RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = es, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    own_tx text := pg_current_xact_id();
    now_at timestamptz := clock_timestamp();
    new_tx bigint;
    new_position bigint;
    new_leaf bytea;
    answer bigint[];
BEGIN
    IF current_setting('es.appended', true) = own_tx THEN
        RAISE EXCEPTION 'a transaction appends once' USING ERRCODE = 'ES006';
    END IF;
    SELECT greatest(own_tx::bigint + m.tx_offset, after_tx) INTO new_tx
        FROM es.meta AS m, es.grantee AS g
        WHERE g.role = session_user AND g.right_to = 'write'
            AND g.category = split_part(to_stream, '-', 1)
            AND after_tx < pg_snapshot_xmax(pg_current_snapshot())::text::bigint + m.tx_offset
            AND (expected = 0 OR NOT EXISTS (SELECT FROM es.event AS e WHERE e.event_id = new_id));
    IF new_tx IS NOT NULL AND es.event_fits(new_type, new_schema, new_payload)
        AND es.context_fits(by_agency, by_handler, on_behalf) THEN
        IF expected > 0 THEN
            -- The row is locked with its version seen; a row that moved meanwhile is judged and
            -- its leaf made anew, so the position is always drawn behind the stream's last one.
            UPDATE es.stream AS s SET
                version = s.version + 1,
                last_tx = greatest(new_tx, s.last_tx),
                head = es.leaf(
                    s.stream, s.version + 1, greatest(new_tx, s.last_tx), nextval('es.position'),
                    s.head, new_id, new_type, new_schema, new_payload, by_agency, by_handler,
                    on_behalf, at, now_at, in_trace, with_correlation, from_causation)
                WHERE s.stream = to_stream AND s.version = expected
                RETURNING s.last_tx, s.head INTO new_tx, new_leaf;
        ELSIF expected = 0 AND es.stream_fits(to_stream) THEN
            INSERT INTO es.stream AS s VALUES (
                to_stream, 1, new_tx,
                es.leaf(
                    to_stream, 1, new_tx, nextval('es.position'), NULL, new_id, new_type,
                    new_schema, new_payload, by_agency, by_handler, on_behalf, at, now_at,
                    in_trace, with_correlation, from_causation))
                ON CONFLICT DO NOTHING RETURNING s.head INTO new_leaf;
        END IF;
    END IF;
    IF new_leaf IS NULL THEN
        SELECT ARRAY[out_version, out_tx, out_position] INTO answer FROM es.append(
            ARRAY[to_stream], ARRAY[expected], ARRAY[1], ARRAY[new_id], ARRAY[new_type],
            ARRAY[new_schema], ARRAY[new_payload], by_agency, by_handler, on_behalf, at,
            in_trace, with_correlation, from_causation, after_tx);
        RETURN answer;
    END IF;
    own_tx := set_config('es.appended', own_tx, true);
    new_position := currval('es.position');
    INSERT INTO es.event VALUES (
        new_tx, new_position, to_stream, expected + 1, split_part(to_stream, '-', 1), new_id,
        new_type, new_schema, by_agency, by_handler, on_behalf, at, now_at, in_trace,
        with_correlation, from_causation, new_payload, new_leaf);
    RETURN ARRAY[expected + 1, new_tx, new_position];
END $$;

-- A call whose ids are all known with the same content answers as the first time; anything else
-- that reuses an id is refused.
CREATE OR REPLACE FUNCTION es.repeated(
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
