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

