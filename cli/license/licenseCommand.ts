import { Command, InvalidArgumentError } from 'commander';
import { exitCodes } from '../exitCodes.ts';
import { verifyLicenseFile, type LicenseOptions } from './verifyLicenseFile.ts';

export function licenseCommand(): Command {
  const license = new Command('license').description('Licence files.');
  license
    .command('verify')
    .description(
      'Checks a licence file without any server. Ends with 0 when it is valid or in grace, with 1 for anything else.',
    )
    .argument('<file>', 'the licence file')
    .requiredOption('--key <file>', "the product's public keys: JWK, a list of them (JSON), or PEM")
    .option('--product <name>', 'the product that it has to be for')
    .option('--tenant <id>', 'the tenant that it has to be for')
    .option('--machine <sha256>', "the machine's fingerprint (SHA-256, hexadecimal)")
    .option('--license-key <key>', 'the licence key, for an encrypted file')
    .option('--revocations <file>', 'the revocation list')
    .option('--min-serial <number>', 'the least serial that is taken', wholeNumber)
    .option('--seats <number>', 'how many seats are taken', wholeNumber)
    .option('--machines <number>', 'how many machines are taken', wholeNumber)
    .option('--at <time>', 'judge as of then (RFC 3339) instead of now', time)
    .option('--json', 'tell it as JSON', false)
    .action(async (file: string, options: LicenseOptions) => {
      const isGood = await verifyLicenseFile(file, options, (text) => void process.stdout.write(`${text}\n`));
      process.exitCode = isGood ? exitCodes.fine : exitCodes.found;
    });
  return license;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is no whole number.');
  return Number(text);
}

function time(text: string): number {
  const ms = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(ms)) throw new InvalidArgumentError('It is no time (RFC 3339).');
  return ms;
}
