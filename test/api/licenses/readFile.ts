import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { canonicalJson } from '#packages/license/src/writing.ts';

export interface Envelope {
  alg: string;
  kid: string;
  payload: string;
  signature: string;
  iv?: string;
  salt?: string;
}

/** What is in the armour of a file. */
export function envelopeOf(text: string): Envelope {
  const [, base64 = ''] = /^-----BEGIN TENANTRY \w+-----\n([\s\S]+)\n-----END TENANTRY \w+-----\n?$/.exec(text) ?? [];
  const json = Buffer.from(base64, 'base64').toString();
  const envelope = JSON.parse(json) as Envelope;
  assert.equal(json, canonicalJson(envelope));
  return envelope;
}

/** The claims of a file, if this key (PEM) signed them, by OpenSSL as Node has it. */
export function claimsOf<Claims>(text: string, pem: string): Claims {
  const { payload, signature } = envelopeOf(text);
  const bytes = Buffer.from(payload, 'base64url');
  assert.ok(verify(null, bytes, createPublicKey(pem), Buffer.from(signature, 'base64url')), 'another key signed it');
  return JSON.parse(bytes.toString()) as Claims;
}
