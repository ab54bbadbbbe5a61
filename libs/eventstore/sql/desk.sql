-- What was asked at the desks and what became of it, for their lists; the events are in es.event.
CREATE TABLE es.desk_request (
    request_id  uuid PRIMARY KEY,
    service     text NOT NULL,
    action      text NOT NULL,
    items       text[] NOT NULL,
    reason      text NOT NULL,
    asked_by    text NOT NULL,
    asked_at    timestamptz NOT NULL,
    state       text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'confirmed', 'declined')),
    decided_by  text,
    decided_at  timestamptz,
    answer      text,
    done        integer,
    passed_over text[]
);
CREATE INDEX desk_request_list ON es.desk_request (service, asked_at DESC, request_id DESC);
CREATE INDEX desk_request_open ON es.desk_request (service) WHERE state = 'asked';
ALTER TABLE es.desk_request ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_service ON es.desk_request
    USING (service = session_user OR session_user = 'monitor');
