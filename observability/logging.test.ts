import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import { createLogger, logContext, temporalLogger, withLogContext, type LoggerOptions } from './logging.ts';

function collecting(options: LoggerOptions = {}) {
  const lines: string[] = [];
  const logger = createLogger('test', { level: 'trace', pretty: false, write: (line) => lines.push(line), ...options });
  return { logger, lines, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('logging', () => {
  it('writes one JSON line with role, level, time and message', () => {
    const { logger, lines, entries } = collecting();
    logger.info({ port: 4400 }, 'serving');
    assert.match(lines[0]!, /^\{.*\}\n$/);
    const { time, ...entry } = entries()[0]!;
    assert.deepEqual(entry, { level: 'info', role: 'test', port: 4400, msg: 'serving' });
    assert.ok(!Number.isNaN(Date.parse(String(time))));
  });

  it('carries request, run and tenant id through everything that is awaited, and not into a neighbour', async () => {
    const { logger, entries } = collecting();
    const settled = Promise.withResolvers<void>();
    await Promise.all(
      ['a', 'b'].map((id) =>
        withLogContext({ requestId: id }, async () => {
          if (id === 'a') await settled.promise; // the other one writes in the middle of this one
          await withLogContext({ tenantId: `t${id}`, runId: `r${id}` }, async () => {
            await sleep(1);
            logger.info('inside');
            settled.resolve();
          });
        }),
      ),
    );
    logger.info('outside');
    const ids = entries().map(({ requestId, runId, tenantId }) => [requestId, runId, tenantId]);
    assert.deepEqual(ids, [
      ['b', 'rb', 'tb'],
      ['a', 'ra', 'ta'],
      [undefined, undefined, undefined],
    ]);
    assert.deepEqual(logContext(), {});
  });

  it('lets no secret out: not in fields, messages, bindings of children, errors or their causes', () => {
    const { logger, lines } = collecting();
    logger.info({ headers: { authorization: 'Bearer canary-0001', cookie: 'sid=canary' } }, 'request');
    logger.warn('sent to canary@example.org through smtp://u:canary@mail');
    logger.child({ password: 'canary', databaseUrl: 'postgres://u:canary@h/d' }).info('child');
    const cause = Object.assign(new Error('connect postgres://u:canary@h/d'), { parameters: ['canary'] });
    logger.error({ err: new DomainError('internal', 'It failed', { cause, message: 'mail for canary@example.org' }) });
    logger.error(Object.assign(new Error('duplicate'), { detail: 'Key (email)=(canary@example.org) already exists.' }));
    assert.equal(lines.length, 5);
    assert.doesNotMatch(lines.join(''), /canary/);
    assert.match(lines[3]!, /"stack":/);
  });

  it('writes one readable line on a terminal, with the stack below it', () => {
    const { logger, lines } = collecting({ pretty: true });
    logger.info({ runId: 'r1', password: 'canary' }, 'step done');
    logger.error(new Error('broken'), 'step failed');
    const plain = lines.join('').replace(/\u001b\[\d+m/g, '');
    assert.match(plain, /^\d\d:\d\d:\d\d\.\d{3} info {2}test {2}step done runId=r1 password=\[redacted\]\n/);
    assert.match(plain, /error test {2}step failed\n {4}Error: broken\n {8}at /);
  });

  it('takes the lines of the Temporal SDK, with their error and big numbers', () => {
    const { logger, entries } = collecting();
    const temporal = temporalLogger(logger);
    temporal.warn('Activity failed', { error: new Error('to canary@example.org'), attempt: 2, taskToken: 'canary' });
    temporal.log('INFO', 'poll', { sinceNanos: 12n });
    const [first, second] = entries();
    assert.equal(first?.['level'], 'warn');
    assert.equal(first?.['attempt'], 2);
    assert.equal((first?.['err'] as { type: string }).type, 'Error');
    assert.equal(second?.['sinceNanos'], '12');
    assert.doesNotMatch(JSON.stringify(entries()), /canary/);
  });

  it('writes nothing below its level', () => {
    const { logger, lines } = collecting({ level: 'warn' });
    logger.info('unheard');
    assert.deepEqual(lines, []);
  });
});
