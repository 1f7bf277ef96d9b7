import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { ServerName } from '#contracts/recovery/servers.ts';
import { ProviderError } from '../provider.ts';

const absolute = z.string().refine(isAbsolute, 'must be an absolute path');

/** A command or an address of one's own. It is asked with what is to be done, and says by its end that it is done. */
const Hook = z.union([
  z.strictObject({ exec: z.array(z.string().min(1)).min(1).max(20), seconds: z.number().min(1).max(600).default(60) }),
  z.strictObject({ http: z.url({ protocol: /^https?$/ }), seconds: z.number().min(1).max(600).default(60) }),
]);
export type Hook = z.infer<typeof Hook>;

const Server = z.strictObject({
  name: ServerName,
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
    .describe('Of a role that may replicate, promote and read statistics, into its home database'),
  passwordFile: absolute.optional().describe('Read each time; where the URL holds no password'),
  folder: z
    .strictObject({ bin: absolute.describe('Holds pg_ctl'), home: absolute.describe('Holds `data` and `log`') })
    .optional()
    .describe('Of a server that runs on the machine of the worker; whoever owns `home` runs it'),
  fence: Hook.optional().describe('Stops it for good, or makes it refuse writes for good'),
  rebuild: Hook.optional().describe('Makes it a standby of the server that it is told'),
});
export type DatabaseServer = z.infer<typeof Server>;

const ServersFile = z
  .strictObject({ servers: z.array(Server).max(64) })
  .refine(({ servers }) => new Set(servers.map(({ name }) => name)).size === servers.length, 'two have one name');

/**
 * The servers that recovery may touch, by name. They are a file of the machine and no rows: commands do not come from whoever may write
 * a runbook, no secret travels with a step, and it can be read when the registry is what was lost.
 */
export class DatabaseServers {
  readonly #read: () => Promise<DatabaseServer[]>;

  constructor(read: DatabaseServer[] | (() => Promise<DatabaseServer[]>)) {
    this.#read = typeof read === 'function' ? read : async () => read;
  }

  /** Read again each time, so that a server that was added is known without a restart. */
  static in(file: string | null): DatabaseServers {
    return new DatabaseServers(async () => (file === null ? [] : readServers(await readFile(file, 'utf8'))));
  }

  all(): Promise<DatabaseServer[]> {
    return this.#read();
  }

  /** Refuses with `server_unknown`. */
  async named(name: string): Promise<DatabaseServer> {
    const found = (await this.all()).find((server) => server.name === name);
    if (found) return found;
    throw new DomainError(
      'server_unknown',
      `No server "${name}" is described in the file that TENANTRY_SERVERS names.`,
    );
  }
}

/** Refuses with `server_unknown`, saying where; values are not repeated. */
export function readServers(text: string): DatabaseServer[] {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new DomainError('server_unknown', 'The file that TENANTRY_SERVERS names is no JSON.');
  }
  const parsed = ServersFile.safeParse(given);
  if (parsed.success) return parsed.data.servers;
  const told = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'} ${message}`);
  throw new DomainError(
    'server_unknown',
    `The file that TENANTRY_SERVERS names is not as it should be: ${told.join('; ')}.`,
  );
}

export const addressOf = ({ url }: DatabaseServer): { host: string; port: number } => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port || 5432) };
};

/** With its password, for `database` or the one that its URL names. Never to be logged. */
export async function urlOf(server: DatabaseServer, database?: string): Promise<string> {
  const url = new URL(server.url);
  if (server.passwordFile) url.password = encodeURIComponent((await readFile(server.passwordFile, 'utf8')).trim());
  if (database !== undefined) url.pathname = `/${encodeURIComponent(database)}`;
  return url.toString();
}

export interface AskOptions {
  database?: string;
  connectMs?: number;
  statementMs?: number;
  applicationName?: string;
}

/** A connection of its own for a few questions. Throws {@link ProviderError} when there is none to be had. */
export async function onServer<Answer>(
  server: DatabaseServer,
  ask: (client: pg.Client) => Promise<Answer>,
  { database, connectMs = 3_000, statementMs = 15_000, applicationName = 'tenantry recovery' }: AskOptions = {},
): Promise<Answer> {
  const client = new pg.Client({
    connectionString: await urlOf(server, database),
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    query_timeout: statementMs + 2_000,
    application_name: applicationName,
    keepAlive: true,
  });
  client.on('error', () => undefined); // the statement under way tells
  try {
    await client.connect();
  } catch (cause) {
    await client.end().catch(() => undefined);
    throw new ProviderError('PostgreSQL', `server "${server.name}" cannot be reached (${codeOf(cause)})`, { cause });
  }
  try {
    return await ask(client);
  } finally {
    // Where the other side is dead, a goodbye is not waited for.
    await Promise.race([
      client.end().catch(() => undefined),
      new Promise((resume) => setTimeout(resume, 1_000).unref()),
    ]);
  }
}

export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;
