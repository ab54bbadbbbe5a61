CREATE OR REPLACE FUNCTION es.instant_text(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- STABLE: it must see the same snapshot as the page of events that it guards.
CREATE OR REPLACE FUNCTION es.horizon() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + tx_offset FROM es.meta
$$;

CREATE OR REPLACE FUNCTION es.granted(wanted text) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = es, pg_temp AS $$
    SELECT coalesce(array_agg(category), '{}') FROM es.grantee
    WHERE role = session_user AND right_to = wanted
$$;

-- Whether another service's consumer has still to apply an event of a category that is the role's
-- own: it lies behind the consumer's position, or was set aside for a retry or for the desk. That is
-- all that a service learns of others: no position, no cause, and nothing about events of others.
CREATE OR REPLACE FUNCTION es.awaited(by_consumer text, in_stream text, at_version bigint)
    RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = es, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM es.event AS e
            JOIN es.checkpoint AS c ON c.consumer = by_consumer AND c.category = e.category
        WHERE e.stream = in_stream AND e.version = at_version
            AND e.category = ANY (es.granted('write'))
            AND ((e.tx, e.position) > (c.tx, c.position) OR EXISTS (
                SELECT FROM es.retry AS r WHERE r.consumer = by_consumer
                    AND r.stream = in_stream AND r.version = at_version)))
$$;
