-- A small sample of what a SaaS product keeps for each of its tenants. `TENANTRY_TENANT_MIGRATIONS` replaces it.
-- Names are unqualified: each tenant's migrations run with only that tenant's schema on the search path.
create table settings (
  name text primary key,
  value jsonb not null,
  updated_at timestamptz not null default now()
);

create table projects (
  id uuid primary key default gen_random_uuid(),
  title text not null check (length(title) between 1 and 200),
  created_at timestamptz not null default now()
);

create table tasks (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references projects (id) on delete cascade,
  title text not null check (length(title) between 1 and 500),
  done_at timestamptz,
  created_at timestamptz not null default now()
);

create index tasks_of_project on tasks (project_id, created_at);
