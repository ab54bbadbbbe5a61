CREATE TABLE es.meta (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch     uuid NOT NULL DEFAULT gen_random_uuid(),
    tx_offset bigint NOT NULL DEFAULT 0
);
INSERT INTO es.meta DEFAULT VALUES;

-- Names are compared by their bytes, COLLATE "C": every append looks for four of them in indexes.
-- "write own": of a category that all services write, the streams <category>-<role>.<rest> alone.
CREATE TABLE es.grantee (
    role     text COLLATE "C" NOT NULL,
    right_to text COLLATE "C" NOT NULL CHECK (right_to IN ('read', 'write', 'write own')),
    category text COLLATE "C" NOT NULL,
    PRIMARY KEY (role, right_to, category)
);

CREATE TABLE es.stream (
    stream  text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0,
    last_tx bigint NOT NULL DEFAULT 0,
    head    bytea
);

CREATE SEQUENCE es.position CACHE 1;

-- No CHECK stands here: PostgreSQL prepares them anew for every statement, which costs half as much
-- as the insert itself. es.append, the one way in, holds names and sizes to the same rules.
CREATE TABLE es.event (
    tx          bigint NOT NULL,
    position    bigint NOT NULL,
    stream      text COLLATE "C" NOT NULL,
    version     bigint NOT NULL,
    category    text COLLATE "C" NOT NULL,
    event_id    uuid NOT NULL,
    type        text NOT NULL,
    schema      integer NOT NULL,
    agency      text NOT NULL,
    handler     text NOT NULL,
    behalf      text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    trace       uuid NOT NULL,
    correlation uuid,
    causation   uuid,
    payload     bytea NOT NULL,
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
    -- How many starts of the consumer in a row have found the same event next.
    next_position bigint NOT NULL DEFAULT 0,
    starts        integer NOT NULL DEFAULT 0,
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
