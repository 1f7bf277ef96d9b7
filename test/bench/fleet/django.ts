import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { checkout } from '#local/paths.ts';
import { progress, SetupError } from '#local/progress.ts';

const run = promisify(execFile);
const packages = ['django-tenants==4.0.1', 'Django==5.2.19', 'psycopg[binary]==3.3.9'];
const longestMs = 30 * 60_000;

/** django-tenants in an environment of its own, made once and kept under build/cache. */
async function pythonWithDjango(): Promise<string> {
  const place = join(checkout, 'build', 'cache', `django-tenants-${packages.join('-').replaceAll(/[^\w.]+/g, '_')}`);
  const python = join(place, 'bin', 'python');
  if (existsSync(join(place, 'complete'))) return python;
  return progress('installing django-tenants from PyPI', async () => {
    try {
      await run('python3', ['-m', 'venv', '--clear', place], { timeout: longestMs });
      await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], {
        timeout: longestMs,
      });
    } catch (error) {
      throw new SetupError(
        `The fleet is measured against django-tenants, which could not be installed: ${(error as Error).message.slice(0, 400)}\n` +
          'There are three ways out: install Python 3.10 or newer with venv and pip and let this machine reach PyPI; ' +
          `put an environment with ${packages.join(', ')} at ${place} with an empty file "complete" in it; ` +
          'or measure the other figures by naming them (npm run bench -- provision queue …).',
      );
    }
    await writeFile(join(place, 'complete'), '');
    return python;
  });
}

const settings = (url: URL, database: string, processes: number) => `
SECRET_KEY = 'bench'
DATABASES = {'default': {'ENGINE': 'django_tenants.postgresql_backend', 'NAME': '${database}', 'HOST': '${url.hostname}',
  'PORT': '${url.port}', 'USER': '${decodeURIComponent(url.username)}', 'PASSWORD': '${decodeURIComponent(url.password)}'}}
DATABASE_ROUTERS = ['django_tenants.routers.TenantSyncRouter']
SHARED_APPS = ['django_tenants', 'django.contrib.contenttypes', 'customers']
TENANT_APPS = ['tasks']
INSTALLED_APPS = SHARED_APPS + TENANT_APPS
TENANT_MODEL = 'customers.Client'
TENANT_DOMAIN_MODEL = 'customers.Domain'
TENANT_MULTIPROCESSING_MAX_PROCESSES = ${processes}
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
USE_TZ = True
`;

const manage = `
import os, sys
os.environ['DJANGO_SETTINGS_MODULE'] = 'bench_settings'
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
`;

const customers = `
from django.db import models
from django_tenants.models import TenantMixin, DomainMixin
class Client(TenantMixin):
    name = models.CharField(max_length=100)
    auto_create_schema = False
class Domain(DomainMixin):
    pass
`;

const task = (isChanged: boolean) => `
from django.db import models
class Task(models.Model):
    title = models.TextField()
    done_at = models.DateTimeField(null=True)
${isChanged ? "    due_at = models.DateTimeField(null=True)\n    class Meta:\n        indexes = [models.Index(fields=['due_at'], name='tasks_due_at')]\n" : ''}`;

/** A Django project with as many tenants, migrated to the point before the change. */
export class DjangoTenants {
  readonly #python: string;
  readonly #project: string;

  private constructor(python: string, project: string) {
    this.#python = python;
    this.#project = project;
  }

  /** @param processes as many as the machine has cores, like its documentation says */
  static async start({
    adminUrl,
    place,
    count,
    processes,
  }: {
    adminUrl: string;
    place: string;
    count: number;
    processes: number;
  }): Promise<{ django: DjangoTenants; database: string }> {
    const python = await pythonWithDjango();
    const database = `bench_django_${process.pid}`;
    const project = join(place, 'django');
    const files: Record<string, string> = {
      'bench_settings.py': settings(new URL(adminUrl), database, processes),
      'manage.py': manage,
      'customers/__init__.py': '',
      'customers/models.py': customers,
      'customers/migrations/__init__.py': '',
      'tasks/__init__.py': '',
      'tasks/models.py': task(false),
      'tasks/migrations/__init__.py': '',
    };
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(project, name, '..'), { recursive: true });
      await writeFile(join(project, name), text);
    }
    await query(adminUrl, 'postgres', `create database ${database}`);
    const django = new DjangoTenants(python, project);
    await django.manage('makemigrations', 'customers', 'tasks');
    await django.manage('migrate_schemas', '--shared');
    await query(
      adminUrl,
      database,
      `insert into customers_client (schema_name, name) select 't' || i, 't' || i from generate_series(1, ${count}) i`,
    );
    // What Django's own first migration makes, for all of them at once.
    await query(
      adminUrl,
      database,
      `do $$ begin for i in 1..${count} loop
        execute format('create schema %I', 't' || i);
        execute format('create table %I.django_migrations (like public.django_migrations including all)', 't' || i);
        execute format('create table %I.tasks_task (id bigint generated by default as identity primary key, title text not null, done_at timestamptz)', 't' || i);
        execute format('insert into %I.django_migrations (app, name, applied) select app, name, applied from public.django_migrations', 't' || i);
        execute format('insert into %I.django_migrations (app, name, applied) values (''tasks'', ''0001_initial'', now()) on conflict do nothing', 't' || i);
      end loop; end $$`,
    );
    await writeFile(join(project, 'tasks/models.py'), task(true));
    await django.manage('makemigrations', 'tasks', '--name', 'due');
    return { django, database };
  }

  /** What is measured: the command as people run it. */
  migrate(): Promise<void> {
    return this.manage('migrate_schemas', '--executor=multiprocessing', '--tenant', '--verbosity', '0');
  }

  private async manage(...args: string[]): Promise<void> {
    await run(this.#python, ['manage.py', ...args], {
      cwd: this.#project,
      timeout: longestMs,
      maxBuffer: 64 * 1024 * 1024,
    });
  }
}

/** How many of its schemas have the new column. */
export const changedByDjango = async (adminUrl: string, database: string): Promise<number> =>
  (
    await query(
      adminUrl,
      database,
      `select 1 from information_schema.columns where table_name = 'tasks_task' and column_name = 'due_at' and table_schema <> 'public'`,
    )
  ).length;

export async function query(adminUrl: string, database: string, text: string): Promise<unknown[]> {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
