import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { HttpCheckStep, SqlStep } from '#contracts/runbooks/steps.ts';
import { unreadableIn } from '#domain/runbooks/checking/readable.ts';
import { guardedFetch, NoAnswer } from '#providers/http/guardedFetch.ts';
import { ProviderError } from '#providers/provider.ts';
import type { ActionResult } from './action.ts';

/**
 * A statement that reads, in a transaction that may do nothing else, for as long as its step allows. Refuses with `check_failed` what is
 * not as expected; a server that is away is tried again.
 *
 * @param url of the database, with a role that may read
 */
export async function checkBySql(
  step: SqlStep,
  params: unknown[],
  url: string,
  expect = step.expect,
): Promise<ActionResult> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    query_timeout: step.timeoutSeconds * 1000 + 5_000,
    application_name: 'tenantry runbook',
  });
  // Its server may go while it asks; the query tells.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('begin read only');
    await client.query(`set local statement_timeout = ${step.timeoutSeconds * 1000}`);
    await client.query(`set local lock_timeout = 2000`);
    await refuseUnreadable(client, step, params);
    // A cursor takes one statement and no more, whatever the text holds.
    const { rows: found, rowCount } = await client.query<Record<string, unknown>>({ text: step.query, values: params });
    return judge(step, found, rowCount ?? found.length, expect);
  } catch (error) {
    throw explained(error);
  } finally {
    await client.query('rollback').catch(() => undefined);
    await client.end().catch(() => undefined);
  }
}

/** By the plan for these values: whatever the version was checked against, nobody's data is read by it. */
async function refuseUnreadable(client: pg.Client, { query, on }: SqlStep, params: unknown[]): Promise<void> {
  if (/^\s*show\b/i.test(query)) return;
  const { rows: plan } = await client.query<{ 'QUERY PLAN': unknown }>({
    text: `explain (verbose, format json) ${query}`,
    values: params,
  });
  const wrong = unreadableIn(plan[0]?.['QUERY PLAN'], on);
  if (wrong) throw failed(`The statement ${wrong}.`);
}

function judge(
  step: SqlStep,
  found: Record<string, unknown>[],
  count: number,
  expect: SqlStep['expect'],
): ActionResult {
  const { rows: wanted, first } = expect;
  if (wanted && (count < wanted.atLeast || (wanted.atMost !== null && count > wanted.atMost)))
    throw failed(`It found ${count} rows; expected were ${wanted.atLeast} to ${wanted.atMost ?? 'any number'}.`);
  for (const [column, value] of Object.entries(first ?? {})) {
    const told = found[0]?.[column];
    if (found.length === 0) throw failed('It found no row.');
    if (JSON.stringify(plain(told)) !== JSON.stringify(value) && String(told) !== String(value))
      throw failed(`"${column}" is not as expected.`);
  }
  return { rows: count, ...Object.fromEntries(step.tells.map((column) => [column, plain(found[0]?.[column])])) };
}

const plain = (value: unknown): string | number | boolean | null =>
  value === undefined || value === null
    ? null
    : typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string'
      ? value
      : value instanceof Date
        ? value.toISOString()
        : JSON.stringify(value);

const failed = (text: string): DomainError => new DomainError('check_failed', text);

function explained(error: unknown): unknown {
  if (error instanceof DomainError) return error;
  const { code } = error as { code?: string };
  if (typeof code === 'string' && /^(?:25006|42|22|57014)/.test(code))
    return new DomainError('check_failed', `The database refused the statement (${code}).`, { cause: error as Error });
  return new ProviderError('PostgreSQL', 'The database did not answer.', { cause: error as Error, retryable: true });
}

/** Asks an address until it answers as expected, or its time is over. Refuses with `check_failed`. */
export async function checkByHttp(
  step: HttpCheckStep,
  { url, body }: { url: string; body: unknown },
  {
    toPrivateNetworks,
    signal,
    heartbeat,
  }: { toPrivateNetworks: boolean; signal: AbortSignal; heartbeat: (progress: string) => void },
): Promise<ActionResult> {
  const overAt = performance.now() + step.untilSeconds * 1000;
  for (let attempt = 1; ; attempt += 1) {
    const { wrong, status } = await askOnce(step, { url, body }, { toPrivateNetworks, signal });
    if (wrong === null) return { status };
    if (performance.now() >= overAt) throw failed(wrong);
    heartbeat(`${attempt} attempts: ${wrong}`);
    await pause(Math.min(250 * 2 ** (attempt - 1), 5_000), signal);
  }
}

async function askOnce(
  { method, timeoutSeconds, expect }: HttpCheckStep,
  { url, body }: { url: string; body: unknown },
  { toPrivateNetworks, signal }: { toPrivateNetworks: boolean; signal: AbortSignal },
): Promise<{ wrong: string | null; status: number }> {
  try {
    const { status, text } = await guardedFetch(
      {
        ...{ method, url, timeoutMs: timeoutSeconds * 1000, signal },
        headers: method === 'POST' ? { 'content-type': 'application/json' } : {},
        body: method === 'POST' ? JSON.stringify(body ?? {}) : '',
      },
      { toPrivateNetworks },
    );
    if (!expect.status.includes(status)) return { wrong: `It answered ${status}.`, status };
    if (expect.contains !== undefined && !text.includes(expect.contains))
      return { wrong: 'Its answer does not hold what was expected.', status };
    return { wrong: null, status };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    if (error.why === 'address_forbidden') throw failed(`${error.host} is an address that must not be called.`);
    return { wrong: `${error.host}: ${error.why.replaceAll('_', ' ')}.`, status: 0 };
  }
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason as Error)), { once: true });
  });
