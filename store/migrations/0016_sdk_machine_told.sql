alter table sdk_deliveries add column machine_told boolean not null default false;
