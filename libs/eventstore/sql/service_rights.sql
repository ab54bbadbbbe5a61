GRANT EXECUTE ON FUNCTION es.append, es.append_one, es.awaited TO "{role}";
GRANT SELECT, INSERT, UPDATE ON es.checkpoint TO "{role}";
GRANT SELECT, INSERT, UPDATE, DELETE ON es.retry TO "{role}";
GRANT SELECT, INSERT, UPDATE ON es.desk_request TO "{role}";
