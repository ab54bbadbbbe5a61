CREATE OR REPLACE FUNCTION es.append(
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
