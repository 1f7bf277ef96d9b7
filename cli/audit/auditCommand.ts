import { Command } from 'commander';
import { exitCodes } from '../exitCodes.ts';
import { rotate } from './rotate.ts';
import { verifyFile } from './verifyFile.ts';

export function auditCommand(): Command {
  const audit = new Command('audit').description('The audit: who did what.');
  audit
    .command('verify')
    .description(
      'Checks an export (JSON Lines or CSV) without any server: says what was edited, deleted, inserted, reordered or cut off.',
    )
    .argument('<file>', 'the export')
    .option('--anchors <place>', 'the anchors from outside the database: a file, a folder, or s3://bucket/prefix')
    .option('--key <file>', "the installation's public keys, as GET /api/v1/audit/keys gave them (JSON)")
    .option('--json', 'tell it as JSON', false)
    .action(async (file: string, options: { anchors?: string; key?: string; json: boolean }) => {
      const isIntact = await verifyFile(file, options, (text) => void process.stdout.write(`${text}\n`));
      process.exitCode = isIntact ? exitCodes.fine : exitCodes.found;
    });
  audit
    .command('rotate-key')
    .description('From now on a new key signs; the old one vouches for it. Save the public keys again afterwards.')
    .action(async () => {
      const { kid } = await rotate();
      process.stdout.write(`The key ${kid} signs from now on.\n`);
    });
  return audit;
}
