GRANT EXECUTE ON FUNCTION es.append TO "{role}";
GRANT SELECT, INSERT, UPDATE ON es.checkpoint TO "{role}";
GRANT SELECT, INSERT, UPDATE, DELETE ON es.retry TO "{role}";
