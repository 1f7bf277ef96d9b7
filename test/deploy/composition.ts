import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { checkout } from '#local/paths.ts';
import { freePorts } from '#local/ports.ts';

export type RoleName = 'api' | 'worker' | 'migrate';

export interface RoleProcess {
  child: ChildProcess;
  env: NodeJS.ProcessEnv;
  /** Everything it has written so far. */
  said(): string;
  /** Resolves with the exit code, or the signal that ended it. */
  ended: Promise<number | string>;
}

export interface Composition {
  /** Prefix of its database and roles. */
  name: string;
  apiPort: number;
  /** Starts a role as the image does, with the environment that docker-compose.yml gives it. */
  start(role: RoleName): RoleProcess;
}

const served = { TENANTRY_PUBLIC_URL: 'https://tenantry.example' };

/**
 * docker-compose.yml without containers: the variables of each service, resolved as Compose would, with the addresses of real
 * servers in the place of its service names, given to the same commands that the image runs.
 */
export async function composition(options: {
  adminUrl: string;
  temporalAddress: string;
  dir: string;
  variables: Record<string, string>;
}): Promise<Composition> {
  const { adminUrl, temporalAddress, dir, variables } = options;
  const name = `composed_${randomBytes(4).toString('hex')}`;
  const secret = () => randomBytes(24).toString('hex');
  const chosen: Record<string, string> = {
    ...served,
    TENANTRY_MIGRATOR_PASSWORD: secret(),
    TENANTRY_APP_PASSWORD: secret(),
    TENANTRY_PROVISIONER_PASSWORD: secret(),
    TENANTRY_READER_PASSWORD: secret(),
    TENANTRY_TASK_QUEUE: name,
    POSTGRES_PASSWORD: 'the administrator is the one of the test server',
    ...variables,
  };
  const masterKeyFile = join(dir, 'master_key');
  await mkdir(join(dir, 'data'), { recursive: true });
  await writeFile(masterKeyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
  const [apiPort = 0, apiMetrics = 0, workerMetrics = 0] = await freePorts(3);

  const { services } = parse(readFileSync(join(checkout, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
    services: Record<RoleName, { environment: Record<string, string>; command: string[] }>;
  };
  const place = (text: string): string => {
    const resolved = resolveVariables(text, chosen);
    if (resolved.includes('//tenantry_admin:')) return adminUrl;
    return resolved
      .replace('@postgres:5432', `@${new URL(adminUrl).host}`)
      .replace('//tenantry_', `//${name}_`)
      .replace(/\/tenantry$/, `/${name}`)
      .replace('temporal:7233', temporalAddress)
      .replace('/run/secrets/master_key', masterKeyFile);
  };
  const environmentOf = (role: RoleName): NodeJS.ProcessEnv => ({
    ...imageEnvironment(),
    ...Object.fromEntries(Object.entries(services[role].environment).map(([key, value]) => [key, place(value)])),
    TENANTRY_HOST: '127.0.0.1',
    TENANTRY_PORT: String(apiPort),
    TENANTRY_METRICS_PORT: String(role === 'api' ? apiMetrics : workerMetrics),
    TENANTRY_DATA_DIR: join(dir, 'data'),
    TENANTRY_WORKFLOW_BUNDLE: process.env['TEST_WORKFLOW_BUNDLE'],
    TENANTRY_WEB_BUILD: process.env['TEST_WEB_BUILD'],
    // What the test runner knows its processes by, and where they report what they ran.
    TENANTRY_TEST_RUN: process.env['TENANTRY_TEST_RUN'],
    NODE_V8_COVERAGE: process.env['NODE_V8_COVERAGE'],
    PATH: `${dirname(process.execPath)}${delimiter}/usr/bin${delimiter}/bin`,
  });
  return {
    name,
    apiPort,
    start: (role) => startRole(services[role].command, environmentOf(role)),
  };
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}`, as Compose reads them. */
function resolveVariables(text: string, chosen: Record<string, string>): string {
  return text.replace(/\$\{([A-Z0-9_]+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind?: string, rest = '') => {
    const value = chosen[name];
    if (value) return value;
    if (kind === '?') throw new Error(`required variable ${name} is missing a value: ${rest}`);
    return rest;
  });
}

/** The ENV lines of the Dockerfile. */
function imageEnvironment(): Record<string, string> {
  const dockerfile = readFileSync(join(checkout, 'Dockerfile'), 'utf8').replace(/\\\n/g, ' ');
  return Object.fromEntries(
    [...dockerfile.matchAll(/^ENV (.+)$/gm)].flatMap(([, line = '']) =>
      [...line.matchAll(/(\w+)=(\S+)/g)].map((match) => [match[1], match[2]] as [string, string]),
    ),
  );
}

function startRole(command: string[], env: NodeJS.ProcessEnv): RoleProcess {
  const child = spawn('sh', ['deploy/role.sh', ...command], { cwd: checkout, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  return { child, env, said: () => text, ended };
}
