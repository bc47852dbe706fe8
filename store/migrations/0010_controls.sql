create table controls (
  control_id text primary key,
  tenant_id text not null,
  internal_url text not null,
  renewed_at timestamptz not null
);

create table sdk_messages (
  call_id text primary key,
  tenant_id text not null,
  message_id text not null,
  client_id text not null,
  asker text not null,
  at timestamptz not null
);
create index sdk_messages_at on sdk_messages (at);
