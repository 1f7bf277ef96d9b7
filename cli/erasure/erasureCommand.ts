import { readFile, stat } from 'node:fs/promises';
import { Command } from 'commander';
import { openErasureLedger } from '#domain/erasure/erasureLedger.ts';
import { verifyCertificate } from '#domain/erasure/verifyCertificate.ts';
import { readKeys } from '../audit/verifyFile.ts';
import { callersPath } from '../callersPath.ts';
import { exitCodes, Unable } from '../exitCodes.ts';

interface Options {
  key?: string;
  ledger?: string;
}

export function erasureCommand(): Command {
  const erasure = new Command('erasure').description('Tenants that are gone.');
  erasure
    .command('verify')
    .description('Checks an erasure certificate without any server: its signature, its counts, its line in the ledger.')
    .argument('<file>', 'the certificate, as it was downloaded (JSON)')
    .option('--key <file>', "the installation's public keys, as GET /api/v1/audit/keys gave them (JSON)")
    .option('--ledger <place>', 'the erasure ledger: a file, a folder, or s3://bucket/prefix')
    .action(async (file: string, options: Options) => {
      const isGood = await verifyErasureFile(file, options, (text) => void process.stdout.write(`${text}\n`));
      process.exitCode = isGood ? exitCodes.fine : exitCodes.found;
    });
  return erasure;
}

/** Says what is wrong with a certificate, if anything. Throws {@link Unable} when that cannot be found out. */
async function verifyErasureFile(
  file: string,
  { key, ledger }: Options,
  say: (text: string) => void,
): Promise<boolean> {
  const { certificate, digest, findings } = await readJson(callersPath(file))
    .then(async (given) =>
      verifyCertificate(given, {
        keys: key === undefined ? [] : await readKeys(key),
        ledger: ledger === undefined ? null : openErasureLedger({ erasure: { ledger: await placeOf(ledger) } }),
      }),
    )
    .catch((error: unknown) => {
      if (error instanceof Unable) throw error;
      throw new Unable(`${file} is no erasure certificate: ${(error as Error).message}`, { cause: error });
    });
  say(`tenant ${certificate.tenant}, erased ${certificate.erasedAt}, key destroyed ${certificate.keyDestroyedAt}`);
  say(`SHA-256 ${digest}`);
  for (const finding of findings) say(`✖ ${finding}`);
  if (findings.length > 0) say(`NOT GOOD: ${findings.length} findings.`);
  else if (key === undefined)
    say('CONSISTENT: nothing was changed since the keys in it signed it. Whether they are yours, --key tells.');
  else say('GOOD: signed by a key of yours, and nothing was left.');
  return findings.length === 0;
}

const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8')) as unknown;

/** A ledger that is not there would look like one without the line. */
async function placeOf(where: string): Promise<string> {
  if (where.startsWith('s3://')) return where;
  const path = callersPath(where);
  await stat(path).catch((error: Error) => {
    throw new Unable(`The ledger cannot be read: ${error.message}`, { cause: error });
  });
  return path;
}
