create table deliveries (
  call_id text primary key,
  tenant_id text not null,
  app text not null,
  owner text,
  cursor jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  completed_at timestamptz
);
create index deliveries_app on deliveries (app, created_at) where completed_at is null;
