create table schedules (
  tenant_id text not null,
  schedule_id text not null,
  definition jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, schedule_id)
);
