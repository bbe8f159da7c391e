-- Appointments, and what was measured at them.
CREATE TYPE app.visit_status AS ENUM ('booked', 'arrived', 'done', 'cancelled', 'missed');

CREATE TABLE app.visit (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  patient_id      uuid NOT NULL REFERENCES app.patient (id),
  practitioner_id uuid NOT NULL REFERENCES app.practitioner (id),
  starts_at       timestamptz NOT NULL,
  duration_min    integer NOT NULL DEFAULT 20 CHECK (duration_min BETWEEN 5 AND 480),
  status          app.visit_status NOT NULL DEFAULT 'booked',
  note            text NOT NULL DEFAULT ''
);
CREATE INDEX visit_patient ON app.visit (patient_id, starts_at);
CREATE INDEX visit_day ON app.visit (starts_at) WHERE status IN ('booked', 'arrived');

CREATE TABLE app.observation (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  visit_id  uuid NOT NULL REFERENCES app.visit (id) ON DELETE CASCADE,
  -- LOINC code; units as UCUM writes them.
  code      text NOT NULL,
  value     numeric NOT NULL,
  unit      text NOT NULL,
  taken_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX observation_visit ON app.observation (visit_id);
