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
