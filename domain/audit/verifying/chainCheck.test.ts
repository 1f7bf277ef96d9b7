import assert from 'node:assert/strict';
import { Random } from '#test/drills/random.ts';
import { rehash, tamperings } from '#test/audit/tampering.ts';
import { beginningOf, type Entry, type KeptEntry, type Link } from '../chain.ts';
import { ChainCheck, type Witness } from './chainCheck.ts';
import type { Finding } from './findings.ts';

const seed = Number(process.env['DRILL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const chain = '0195a000-0000-7000-8000-000000000001';
const beginning = beginningOf('installation', chain);

function newChain(length: number, from: Link = beginning): KeptEntry[] {
  const entries = Array.from({ length }, (_, at): KeptEntry => {
    const sequence = from.sequence + at + 1;
    const entry: Entry = {
      v: 1,
      chain,
      sequence,
      id: String(sequence * 3),
      at: '2026-11-21T18:00:00.000001Z',
      type: 'run.opened',
      schema: 1,
      stream: `run:${sequence}`,
      version: 1,
      tenant: chain,
      outcome: 'success',
      code: null,
      actor: { kind: 'system', user: null, key: null, support: null, onBehalfOf: null },
      target: { kind: 'run', id: String(sequence) },
      request: null,
      trace: null,
      origin: null,
      data: { at },
    };
    return { entry, hash: Buffer.alloc(32) };
  });
  return rehash(entries, from);
}

/** The heads of batches that chance sized; the last entry always ends one. */
function headsOf(entries: KeptEntry[], random: Random): Witness[] {
  return entries
    .filter((_one, at) => at === entries.length - 1 || random.next() < 0.2)
    .map(({ entry: { sequence }, hash }) => ({ sequence, hash }));
}

function check(entries: KeptEntry[], witnesses: Witness[], from: Link = beginning): Finding[] {
  const checking = new ChainCheck(chain, from);
  for (const witness of witnesses) checking.expect(witness);
  for (const kept of entries) checking.take(kept);
  return checking.end();
}

describe(`a chain of the audit, tampered with as the seed ${seed} says`, () => {
  it('is whole when nobody touched it, from its beginning and from where it was trimmed', () => {
    const random = new Random(seed);
    const entries = newChain(200);
    assert.deepEqual(check(entries, headsOf(entries, random)), []);
    const from = { sequence: 120, hash: entries[119]!.hash };
    assert.deepEqual(check(entries.slice(120), headsOf(entries.slice(120), random), from), []);
    assert.deepEqual(check([], []), []);
  });

  for (const { title, apply } of tamperings)
    it(`names ${title}, and where`, () => {
      for (let round = 0; round < 60; round++) {
        const random = new Random(seed + round);
        const from = round % 2 ? beginning : { sequence: 41, hash: Buffer.alloc(32, 9) };
        const entries = newChain(6 + random.below(40), from);
        const witnesses = headsOf(entries, random);
        const tampered = apply(entries, from, random);
        const findings = check(tampered.entries, witnesses, from);
        const said = JSON.stringify(findings);
        assert.ok(
          findings.some(
            (one) => tampered.kinds.includes(one.kind) && one.from! <= tampered.to && one.to! >= tampered.from,
          ),
          `in round ${round} expected ${tampered.kinds.join()} at ${tampered.from}–${tampered.to} of ${entries.length}, got ${said}`,
        );
        assert.ok(findings.length <= 3, `round ${round}: too much is said: ${said}`);
      }
    });

  it('names the copy that was restored, also when it was gone on with', () => {
    for (let round = 0; round < 30; round++) {
      const random = new Random(seed + round);
      const entries = newChain(20);
      const kept = 5 + random.below(10);
      const base = entries[kept - 1]!;
      const later = newChain(1 + random.below(20), { sequence: kept, hash: base.hash }).map(({ entry }) => ({
        entry: { ...entry, type: 'went.on' },
        hash: Buffer.alloc(0),
      }));
      const branch = [...entries.slice(0, kept), ...rehash(later, { sequence: kept, hash: base.hash })];
      const anchors = [
        { sequence: kept, hash: base.hash, anchor: 1 },
        { sequence: 20, hash: entries[19]!.hash, anchor: 2 },
        { sequence: branch.length, hash: branch.at(-1)!.hash, anchor: 3 },
      ];
      const findings = check(branch, anchors);
      assert.deepEqual(
        findings.map(({ kind }) => kind),
        ['restored'],
        `round ${round}: ${JSON.stringify({ kept, length: branch.length, findings })}`,
      );
    }
  });
});
