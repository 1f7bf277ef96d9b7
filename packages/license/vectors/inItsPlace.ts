import { blocked, refused, runs } from './expected.ts';
import type { Add, Expected } from './expected.ts';
import { file, licenseId, list, machine, nextKey, stranger, tenant } from './issuer.ts';
import { records, seenSecret } from './records.ts';

export async function whose(add: Add, good: string): Promise<void> {
  add('for the tenant that asks', good, runs(), { tenant });
  add('for another tenant', good, blocked('wrong_tenant'), { tenant: '0198f0c1-5a00-7000-8000-00000000000b' });
  add('for another product', good, blocked('wrong_product'), { product: 'zephyr' });
  add('for any product', good, runs(), { product: null });
  const suspended = await file({ suspended: true });
  add('suspended', suspended, blocked('suspended'));
  add('suspended, of another product', suspended, blocked('wrong_product'), { product: 'zephyr' });
  const bound = await file({ machines: { limit: 2, binding: [machine] } });
  add('on its machine', bound, runs(), { machine, usage: { machines: 2 } });
  add('on another machine', bound, blocked('wrong_machine'), { machine: 'f'.repeat(64) });
  add('on a machine that does not say which', bound, blocked('wrong_machine'));
  add('on more machines than it is for', bound, blocked('machines_exceeded'), { machine, usage: { machines: 3 } });
  add('bound to no machine', await file({ machines: { limit: null, binding: [] } }), blocked('wrong_machine'), {
    machine,
  });
  add('for tests', await file({ test: true, trial: true }), runs('2027-01-01T00:00:00Z', 'test'));
}

export async function revocationLists(add: Add, good: string): Promise<void> {
  const one = (id: string, serial: number | null) => ({ id, serial, at: '2026-05-01T00:00:00Z', reason: 'key lost' });
  const other = '0198f0c1-5a00-7000-8000-000000000002';
  add('not on the list', good, runs(), { revocations: await list({ revoked: [one(other, null)] }) });
  add('revoked altogether', good, blocked('revoked'), { revocations: await list({ revoked: [one(licenseId, null)] }) });
  add('revoked up to its serial', good, blocked('revoked'), {
    revocations: await list({ revoked: [one(licenseId, 3)] }),
  });
  add('revoked up to a later serial', good, blocked('revoked'), {
    revocations: await list({ revoked: [one(licenseId, 9)] }),
  });
  add('reissued after older ones were revoked', good, runs(), {
    revocations: await list({ revoked: [one(licenseId, 2)] }),
  });
  add('revoked twice on one list', good, blocked('revoked'), {
    revocations: await list({ revoked: [one(licenseId, 3), one(licenseId, 1)] }),
  });
  add('revoked, by a clock that was turned back', good, blocked('revoked'), {
    revocations: await list({ revoked: [one(licenseId, null)] }),
    now: '2026-02-01T00:00:00Z',
  });
  add('a list that should have a successor', good, runs('2027-01-01T00:00:00Z', 'revocations_outdated'), {
    revocations: await list(),
    now: '2026-07-01T00:00:01Z',
  });
  add(
    'a list of another product',
    good,
    { error: 'revocations_refused' },
    { revocations: await list({ product: 'zephyr' }) },
  );
  add('a list by a stranger', good, { error: 'revocations_refused' }, { revocations: await list({}, stranger) });
  add('a licence instead of a list', good, { error: 'revocations_refused' }, { revocations: good });
  add('a list by the next key', good, runs(), { revocations: await list({}, nextKey) });
  add('a list in the armour of a licence', (await list()).replaceAll('REVOCATIONS', 'LICENSE'), refused('malformed'));
  const connected = await file({ connectivity: { days: 30 } });
  add('in contact', connected, runs('2026-01-31T00:00:00Z'), { now: '2026-01-30T23:59:59Z' });
  add('out of contact for too long', connected, blocked('stale'), { now: '2026-01-31T00:00:00Z' });
  add('in contact by a newer list', connected, runs('2026-07-01T00:00:00Z'), { revocations: await list() });
  add('out of contact by an old list', connected, blocked('stale'), {
    revocations: await list(),
    now: '2026-07-01T00:00:00Z',
  });
}

export async function counts(add: Add): Promise<void> {
  const seats = (overage: 'refuse' | 'allow' | 'soft', soft = 0) => file({ seats: { limit: 20, overage, soft } });
  add('all seats taken', await seats('refuse'), runs(), { usage: { seats: 20 } });
  add('one seat too many', await seats('refuse'), blocked('seats_exceeded'), { usage: { seats: 21 } });
  add('one seat too many, which is allowed', await seats('allow'), runs('2027-01-01T00:00:00Z', 'seats_over'), {
    usage: { seats: 1000 },
  });
  add('one seat too many, softly', await seats('soft', 2), runs('2027-01-01T00:00:00Z', 'seats_over'), {
    usage: { seats: 22 },
  });
  add('more seats than softly', await seats('soft', 2), blocked('seats_exceeded'), { usage: { seats: 23 } });
  add('seats without a limit', await file({ seats: { limit: null, overage: 'refuse', soft: 0 } }), runs(), {
    usage: { seats: 1e9 },
  });
}

export async function lastUse(add: Add, good: string): Promise<void> {
  add('used before', good, runs(), { lastSeen: records.june, seenSecret });
  add('a clock that was turned back', good, blocked('clock_rolled_back'), {
    lastSeen: records.june,
    seenSecret,
    now: '2026-06-01T11:54:59Z',
  });
  add('a clock that is a little slow', good, runs(), {
    lastSeen: records.june,
    seenSecret,
    now: '2026-06-01T11:55:00Z',
  });
  add('a clock that may be slower', good, runs(), {
    lastSeen: records.june,
    seenSecret,
    now: '2026-06-01T11:00:00Z',
    clockToleranceSeconds: 3600,
  });
  add('a clock before the licence was issued', good, blocked('clock_rolled_back'), { now: '2025-12-31T23:54:59Z' });
  add('a clock before the list was issued', good, blocked('clock_rolled_back'), {
    revocations: await list(),
    now: '2026-05-31T23:54:59Z',
  });
  add('an older file again', good, blocked('older_than_seen'), { lastSeen: records.serial4, seenSecret });
  add('a newer file', await file({ serial: 5 }), { ...(runs() as object), serial: 5 } as Expected, {
    lastSeen: records.serial4,
    seenSecret,
  });
  add('an older file than is taken', good, blocked('older_than_seen'), { minSerial: 4 });
  add('an older list again', good, blocked('older_than_seen'), {
    lastSeen: records.list8,
    seenSecret,
    revocations: await list(),
  });
  add('a list that is missing', good, runs('2027-01-01T00:00:00Z', 'revocations_missing'), {
    lastSeen: records.list8,
    seenSecret,
  });
  add('the record of another licence', good, runs(), { lastSeen: records.other, seenSecret });
  add('the record of another licence tells the time', good, blocked('clock_rolled_back'), {
    lastSeen: records.other,
    seenSecret,
    now: '2026-05-01T00:00:00Z',
  });
  add('a record that was changed', good, refused('tampered'), {
    lastSeen: records.june.replace('2026-06', '2026-02'),
    seenSecret,
  });
  add('a record of another installation', good, refused('tampered'), { lastSeen: records.june });
  add('a record that is none', good, refused('tampered'), { lastSeen: '{}', seenSecret });
}
