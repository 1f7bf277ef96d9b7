import {
  digestOfLine,
  textOfLine,
  type KeptLine,
  type LineKind,
  type LinePlace,
} from '../audit/anchors/anchorPlace.ts';
import { openLines } from '../audit/anchors/openAnchors.ts';
import { listKeys, signerOf } from '../audit/signingKeys.ts';
import { KeyBook, signStatement, type ErasureStatement, type SignedStatement } from '../audit/statements.ts';
import type { Configuration } from '../configuration.ts';
import type { Sql } from '../database.ts';
import type { Installation } from '../installation.ts';
import { registryTime, rows } from '../sql.ts';

export type ErasureLine = SignedStatement<ErasureStatement>;

/** One line for each erasure, kept apart from the database: a restored registry is told by it whom it must forget again. */
export type ErasureLedger = LinePlace<ErasureLine>;

export const erasureLines: LineKind<ErasureLine> = { read: readErasureLine, fileName: 'erasures.jsonl' };

function readErasureLine(text: string): KeptLine<ErasureLine> {
  try {
    const read = JSON.parse(text) as ErasureLine;
    return { text, anchor: read.kind === 'erasure' && Number.isInteger(read.number) ? read : null };
  } catch {
    return { text, anchor: null };
  }
}

export const openErasureLedger = ({ erasure }: { erasure: Pick<Configuration['erasure'], 'ledger'> }): ErasureLedger =>
  openLines(erasure.ledger, erasureLines);

/**
 * Writes that a tenant is gone, once for each certificate: an attempt that died after the line finds it. Call inside a transaction; only
 * one process writes at a time.
 */
export async function appendErasure(
  em: Sql,
  installation: Installation,
  ledger: ErasureLedger,
  { tenant, certificate, origin }: Pick<ErasureStatement, 'tenant' | 'certificate' | 'origin'>,
): Promise<number> {
  await rows(em)`select pg_advisory_xact_lock(hashtext('tenantry erasure ledger'))`;
  const newest = await ledger.newest();
  const last = newest?.anchor ?? null;
  if (last?.certificate === certificate) return last.number;
  if (last) {
    for await (const { anchor } of ledger.lines()) if (anchor?.certificate === certificate) return anchor.number;
  }
  const statement: ErasureStatement = {
    v: 1,
    kind: 'erasure',
    installation: installation.id,
    number: (last?.number ?? 0) + 1,
    at: await registryTime(em),
    previous: newest && digestOfLine(newest.text),
    tenant,
    certificate,
    ...(origin ? { origin } : {}),
  };
  await ledger.append(signStatement(statement, await signerOf(em, installation)));
  return statement.number;
}

/**
 * What is wrong with the ledger, or between it and the registry's certificates; empty when all is well. Names lines by their number,
 * never a tenant.
 */
export async function verifyErasureLedger(
  em: Sql,
  installation: Pick<Installation, 'id'>,
  ledger: ErasureLedger,
): Promise<string[]> {
  const wrong: string[] = [];
  const book = new KeyBook(await listKeys(em));
  const known = await rows<{ number: string; tenant: string; certificate: string }>(em)`
    select ledger_number::text as number, tenant_id as tenant, encode(certificate_digest, 'hex') as certificate
    from erasures where certified_at is not null`;
  const missing = new Map(known.map((one) => [one.certificate, one]));
  let previous: KeptLine<ErasureLine> | null = null;
  let place = 0;
  for await (const line of ledger.lines()) {
    place += 1;
    const { anchor } = line;
    if (!anchor) {
      wrong.push(`line ${place} is no line of an erasure ledger`);
      continue;
    }
    if (anchor.installation !== installation.id) wrong.push(`line ${place} is of another installation`);
    else if (!book.vouchesFor(anchor)) wrong.push(`line ${place} is not signed by this installation`);
    if (textOfLine(anchor) !== line.text) wrong.push(`line ${place} is not written as it was signed`);
    if (anchor.previous !== (previous && digestOfLine(previous.text)))
      wrong.push(`line ${place} does not follow from the one before it`);
    if (anchor.number !== (previous?.anchor?.number ?? 0) + 1)
      wrong.push(`line ${place} has the number ${anchor.number}`);
    const kept = missing.get(anchor.certificate);
    if (kept && kept.tenant !== anchor.tenant) wrong.push(`line ${place} names another tenant than its certificate`);
    missing.delete(anchor.certificate);
    previous = line;
  }
  for (const { number } of missing.values())
    wrong.push(`line ${number}, which the registry has a certificate for, is missing`);
  return wrong;
}
