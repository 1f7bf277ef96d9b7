import type { PublicJwk } from '../src/claims.ts';
import { canonicalJson } from '../src/format/canonicalJson.ts';
import { refused, runs } from './expected.ts';
import type { Add } from './expected.ts';
import {
  changed,
  claimsWith,
  file,
  licenseId,
  listWith,
  nextKey,
  payloadChanged,
  signatureChanged,
  signedText,
  signedWith,
  stranger,
  vendor,
  withGreaterS,
} from './issuer.ts';

export async function signatures(add: Add, good: string): Promise<void> {
  add(
    'more seats',
    payloadChanged(good, (claims) => claims.replace('"limit":20', '"limit":99')),
    refused('tampered'),
  );
  add(
    'one bit of the signature',
    signatureChanged(good, (signature) => Buffer.from(signature.with(5, signature[5]! ^ 1))),
    refused('tampered'),
  );
  add('signed by the next key', await file({}, nextKey), runs());
  add('signed by a stranger', await file({}, stranger), refused('unknown_kid'));
  add(
    'signed by a stranger under a pinned name',
    changed(await file({ kid: vendor.jwk.kid }, stranger), (all) => ({ ...all, kid: vendor.jwk.kid })),
    refused('tampered'),
  );
  add(
    'under the name of another pinned key',
    changed(good, (all) => ({ ...all, kid: nextKey.jwk.kid })),
    refused('tampered'),
  );
  add('claims that name another key', signedWith({ kid: nextKey.jwk.kid }), refused('tampered'));
  add('S beyond the order', signatureChanged(good, withGreaterS), refused('tampered'));
  const small = [
    '01'.padEnd(64, '0'),
    '00'.repeat(32),
    `ec${'ff'.repeat(30)}7f`,
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    `ee${'ff'.repeat(31)}`,
  ];
  for (const [at, hex] of small.entries())
    add(
      `R of small order ${at + 1}`,
      signatureChanged(good, (signature) => Buffer.concat([Buffer.from(hex, 'hex'), signature.subarray(32)])),
      refused('low_order'),
    );
  const key = (hex: string): PublicJwk => ({
    kty: 'OKP',
    crv: 'Ed25519',
    x: Buffer.from(hex, 'hex').toString('base64url'),
  });
  for (const [at, hex] of small.entries())
    add(`a pinned key of small order ${at + 1}`, good, { error: 'low_order' }, { keys: [key(hex)] });
  add('a pinned key beyond the field', good, { error: 'malformed' }, { keys: [key(`f0${'ff'.repeat(30)}7f`)] });
  add('a pinned key that is too short', good, { error: 'malformed' }, { keys: [key('00'.repeat(31))] });
  add(
    'a pinned key under another name',
    good,
    { error: 'unknown_kid' },
    { keys: [{ ...vendor.jwk, kid: nextKey.jwk.kid }] },
  );
  add('no pinned key', good, refused('unknown_kid'), { keys: [] });
}

export async function shapes(add: Add): Promise<void> {
  const wrong: [string, Record<string, unknown>][] = [
    ['another version', { v: 2 }],
    ['another kind', { typ: 'tenantry-revocations' }],
    ['one member more', { region: 'eu' }],
    ['a member less', { trial: undefined }],
    ['a serial of zero', { serial: 0 }],
    ['a serial that is a text', { serial: '3' }],
    ['a serial beyond what numbers can tell apart', { serial: 2 ** 53 }],
    ['an id in capitals', { id: licenseId.toUpperCase() }],
    ['a grace without end', { graceDays: 3661 }],
    ['a grace before the end', { graceDays: -1 }],
    ['no grace', { graceDays: null }],
    ['contact never', { connectivity: { days: 0 } }],
    ['an unknown rule on expiry', { onExpiry: 'celebrate' }],
    ['an unknown rule on overage', { seats: { limit: 1, overage: 'maybe', soft: 0 } }],
    ['a machine that is no digest', { machines: { limit: 1, binding: ['laptop'] } }],
    ['a yes that is a number', { suspended: 0 }],
    ['an entitlement of two kinds', { entitlements: { a: { flag: true, number: 1 } } }],
    ['an entitlement of no kind', { entitlements: { a: {} } }],
    ['an entitlement of an unknown kind', { entitlements: { a: { colour: 'red' } } }],
    ['a meter without a period', { entitlements: { a: { meter: { limit: 1 } } } }],
    ['entitlements in a list', { entitlements: [] }],
    ['a line end in the plan', { plan: 'a\nb' }],
    ['no plan', { plan: '' }],
    ['a product with blanks', { product: 'At las' }],
  ];
  for (const [what, changes] of wrong) add(`claims with ${what}`, signedWith(changes), refused('malformed'));
  const claims = canonicalJson(claimsWith());
  add(
    'claims with a prototype',
    signedText(claims.replace('{', '{"__proto__":{"suspended":false},')),
    refused('malformed'),
  );
  add(
    'an entitlement named like a prototype',
    signedText(claims.replace('"entitlements":{', '"entitlements":{"__proto__":{"flag":true},')),
    refused('malformed'),
  );
  add(
    'an entitlement named constructor',
    await file({ entitlements: { constructor: { flag: true } } as never }),
    runs(),
  );
  add(
    'a list whose entries are none',
    await file(),
    { error: 'revocations_refused' },
    { revocations: signedText(canonicalJson({ ...listWith(), revoked: [{ id: licenseId }] }), vendor, 'REVOCATIONS') },
  );
}
