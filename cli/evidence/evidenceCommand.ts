import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { verifyEvidence } from '#domain/backups/evidence/verifyEvidence.ts';
import { readKeys } from '../audit/verifyFile.ts';
import { callersPath } from '../callersPath.ts';
import { exitCodes, Unable } from '../exitCodes.ts';

export function evidenceCommand(): Command {
  const evidence = new Command('evidence').description('What was signed of backups and their proofs.');
  evidence
    .command('verify')
    .description('Checks evidence without any server: its signature, and that its sums are those of its lists.')
    .argument('<file>', 'the evidence, as it was downloaded (JSON)')
    .option('--key <file>', "the installation's public keys, as GET /api/v1/audit/keys gave them (JSON)")
    .action(async (file: string, { key }: { key?: string }) => {
      const isGood = await verifyEvidenceFile(file, key, (text) => void process.stdout.write(`${text}\n`));
      process.exitCode = isGood ? exitCodes.fine : exitCodes.found;
    });
  return evidence;
}

/** Says what is wrong with the file, if anything. Throws {@link Unable} when that cannot be found out. */
async function verifyEvidenceFile(
  file: string,
  key: string | undefined,
  say: (text: string) => void,
): Promise<boolean> {
  const keys = key === undefined ? [] : await readKeys(key);
  const given = await readFile(callersPath(file), 'utf8').catch((error: Error) => {
    throw new Unable(`${file} cannot be read: ${error.message}`, { cause: error });
  });
  const { bundle, digest, findings } = judged(file, given, keys);
  const { totals } = bundle;
  say(
    `${bundle.tenant === null ? 'all tenants' : `tenant ${bundle.tenant}`}, ${bundle.from} to ${bundle.to}, signed ${bundle.at}`,
  );
  say(
    `${totals.tenants} tenants, ${totals.notProtected} not protected · ${totals.backups} backups, ${totals.bad} bad, ${totals.gaps} gaps · ` +
      `${totals.drills} drills, ${totals.proven} proven · ${totals.restores} restores · ${totals.alarms} alarms`,
  );
  say(`SHA-256 ${digest}`);
  for (const finding of findings) say(`✖ ${finding}`);
  if (findings.length > 0) say(`NOT GOOD: ${findings.length} findings.`);
  else if (key === undefined)
    say('CONSISTENT: nothing was changed since the keys in it signed it. Whether they are yours, --key tells.');
  else say('GOOD: signed by a key of yours.');
  return findings.length === 0;
}

function judged(file: string, text: string, keys: Parameters<typeof verifyEvidence>[1]) {
  try {
    return verifyEvidence(JSON.parse(text), keys);
  } catch (error) {
    throw new Unable(`${file} is no evidence: ${(error as Error).message}`, { cause: error });
  }
}
