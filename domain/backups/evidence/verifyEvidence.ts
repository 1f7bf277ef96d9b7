import { isDeepStrictEqual } from 'node:util';
import { EvidenceBundle, EvidenceFile } from '#contracts/backups/evidence.ts';
import { KeyBook, type PublicKey } from '../../audit/statements.ts';
import { totalsOf } from './collectEvidence.ts';
import { digestOfEvidence } from './issueEvidence.ts';

export interface VerifiedEvidence {
  bundle: EvidenceBundle;
  /** SHA-256 of the signed text, hexadecimal: what the event in the audit log tells. */
  digest: string;
  /** What is wrong with the file; empty when nothing is. What it tells of backups is not judged. */
  findings: string[];
}

/**
 * Judges evidence without any server: its shape, its signature, and that its sums are those of its lists. Throws when it is no evidence at all.
 *
 * @param keys known from elsewhere; without them those in the file itself are taken, which tells only that it was not changed since
 */
export function verifyEvidence(given: unknown, keys: readonly PublicKey[]): VerifiedEvidence {
  const file = EvidenceFile.safeParse(given);
  const bundle = file.success ? file.data.bundle : EvidenceBundle.parse(given);
  const book = new KeyBook(keys.length > 0 ? keys : file.success ? file.data.keys : []);
  const findings: string[] = [];
  if (!book.has(bundle.kid)) findings.push(`it is signed by a key that is not known: ${bundle.kid}`);
  else if (!book.vouchesFor(bundle)) findings.push('its signature is not over this text: it was changed');
  if (!isDeepStrictEqual(totalsOf(bundle), bundle.totals)) findings.push('its sums are not those of its lists');
  const digest = digestOfEvidence(bundle).toString('hex');
  if (file.success && file.data.digest !== digest) findings.push('its digest in the file is another one');
  return { bundle, digest, findings };
}
