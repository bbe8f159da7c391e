-- Patients and the people who care for them.
CREATE SCHEMA app;

CREATE TABLE app.practitioner (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  full_name   text NOT NULL CHECK (full_name <> ''),
  speciality  text NOT NULL,
  license_no  text NOT NULL UNIQUE,
  is_active   boolean NOT NULL DEFAULT true,
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE app.patient (
  id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- What the front desk reads out: short, per tenant, never reused.
  record_no      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  full_name      text NOT NULL CHECK (full_name <> ''),
  born_on        date NOT NULL,
  email          text,
  phone          text,
  practitioner_id uuid REFERENCES app.practitioner (id),
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX patient_practitioner ON app.patient (practitioner_id);

CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;

CREATE TRIGGER patient_touch BEFORE UPDATE ON app.patient
  FOR EACH ROW EXECUTE FUNCTION app.touch();
