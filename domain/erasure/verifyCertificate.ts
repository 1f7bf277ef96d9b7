import { CertificateFile, ErasureCertificate } from '#contracts/offboarding/certificate.ts';
import { KeyBook, type PublicKey } from '../audit/statements.ts';
import type { ErasureLedger } from './erasureLedger.ts';
import { digestOfCertificate } from './certificates.ts';

export interface VerifiedCertificate {
  certificate: ErasureCertificate;
  /** SHA-256 of the signed text, hexadecimal: what the ledger's line holds. */
  digest: string;
  /** What is wrong with it; empty when nothing is. */
  findings: string[];
}

/**
 * Judges a certificate without any server: its shape, its signature, that nothing is left, and its line in the ledger where that is at hand.
 * Throws when it is no certificate at all.
 *
 * @param keys known from elsewhere; without them those in the file itself are taken, which tells only that it was not changed since
 */
export async function verifyCertificate(
  given: unknown,
  { keys, ledger }: { keys: readonly PublicKey[]; ledger: ErasureLedger | null },
): Promise<VerifiedCertificate> {
  const file = CertificateFile.safeParse(given);
  const certificate = file.success ? file.data.certificate : ErasureCertificate.parse(given);
  const book = new KeyBook(keys.length > 0 ? keys : file.success ? file.data.keys : []);
  const findings: string[] = [];
  if (!book.has(certificate.kid)) findings.push(`it is signed by a key that is not known: ${certificate.kid}`);
  else if (!book.vouchesFor(certificate)) findings.push('its signature is not over this text: it was changed');
  for (const { store, what, before, after } of certificate.counts)
    if (after > 0) findings.push(`${store}: ${after} of ${before} ${what} were left`);
  for (const { what, id, until } of certificate.stays ?? [])
    findings.push(`a lock kept ${id ? `${what} ${id}` : `the ${what}`}${until ? ` until ${until}` : ''}`);
  const digest = digestOfCertificate(certificate).toString('hex');
  if (file.success && file.data.ledger.digest !== digest) findings.push('its digest in the file is another one');
  if (ledger && !(await isInLedger(ledger, certificate.tenant, digest, book)))
    findings.push('the erasure ledger has no signed line for it');
  return { certificate, digest, findings };
}

async function isInLedger(ledger: ErasureLedger, tenant: string, digest: string, book: KeyBook): Promise<boolean> {
  for await (const { anchor } of ledger.lines())
    if (anchor?.certificate === digest && anchor.tenant === tenant && book.vouchesFor(anchor)) return true;
  return false;
}
