-- What a new tenant finds when its administrator asks for sample data: a project with tasks, to look around in.
insert into settings (name, value) values ('sample.loaded', 'true'::jsonb) on conflict (name) do nothing;

with project as (
  insert into projects (title) values ('Getting started') returning id
)
insert into tasks (project_id, title, done_at)
select project.id, task.title, task.done_at
from project, (values
  ('Sign in at your portal', now()),
  ('Invite somebody you work with', null),
  ('Replace this project by one of your own', null)
) as task (title, done_at);
