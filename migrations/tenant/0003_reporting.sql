-- What dashboards read; nothing here is the only copy of anything.
CREATE SCHEMA reporting;

CREATE TABLE reporting.dashboard (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  title      text NOT NULL,
  layout     jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE VIEW reporting.visits_per_day AS
  SELECT (starts_at AT TIME ZONE 'UTC')::date AS day, status, count(*) AS visits
    FROM app.visit
   GROUP BY 1, 2;

CREATE VIEW reporting.practitioner_load AS
  SELECT p.id AS practitioner_id, p.full_name, count(v.id) AS upcoming_visits
    FROM app.practitioner p
    LEFT JOIN app.visit v ON v.practitioner_id = p.id AND v.status = 'booked' AND v.starts_at > now()
   WHERE p.is_active
   GROUP BY p.id, p.full_name;

INSERT INTO reporting.dashboard (title, layout)
VALUES ('Front desk', '[{"widget": "visits_per_day"}, {"widget": "practitioner_load"}]');
