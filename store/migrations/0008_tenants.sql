create table tenants (
  tenant_id text primary key,
  created_at timestamptz not null
);

create table api_keys (
  key_id text primary key,
  tenant_id text not null,
  hash text not null unique,
  prefix text not null,
  name text not null,
  scopes jsonb not null,
  number text,
  created_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_tenant on api_keys (tenant_id, created_at);

create table provider_credentials (
  tenant_id text not null,
  provider text not null,
  encryption_key_id text not null,
  sealed text not null,
  updated_at timestamptz not null,
  primary key (tenant_id, provider)
);

create table sdk_numbers (
  number text primary key,
  tenant_id text not null,
  since timestamptz not null
);

create table sdk_deliveries (
  call_id text primary key,
  tenant_id text not null,
  number text not null,
  acknowledged integer not null default 0,
  done boolean not null default false,
  holder text,
  held_until timestamptz
);
create index attempts_our_number on attempts (tenant_id, from_number, created_at);
