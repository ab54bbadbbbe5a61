REVOKE ALL ON ALL FUNCTIONS IN SCHEMA es FROM PUBLIC;
GRANT USAGE ON SCHEMA es TO PUBLIC;
GRANT EXECUTE ON FUNCTION es.horizon(), es.granted(text), es.needs_rebase() TO PUBLIC;
GRANT SELECT ON es.meta, es.event TO PUBLIC;
GRANT SELECT ON es.checkpoint, es.retry, es.cursor, es.desk_request TO monitor;
GRANT SELECT ON es.stream TO monitor, audit;
GRANT SELECT, INSERT, UPDATE ON es.cursor TO relay;
