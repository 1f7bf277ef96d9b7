/** `npm run tenantry -- <command>`: what is done on the operator's machine, some of it while nothing else runs. */
import { Command, CommanderError } from 'commander';
import { approvalsCommand } from './approvals/approvalsCommand.ts';
import { auditCommand } from './audit/auditCommand.ts';
import { backupCommand } from './platform/backupCommand.ts';
import { recoverCommand } from './recover/recoverCommand.ts';
import { restoreCommand } from './platform/restoreCommand.ts';
import { doctorCommand } from './doctor/doctorCommand.ts';
import { evidenceCommand } from './evidence/evidenceCommand.ts';
import { erasureCommand } from './erasure/erasureCommand.ts';
import { exitCodes, Unable } from './exitCodes.ts';
import { licenseCommand } from './license/licenseCommand.ts';
import { masterKeyCommand } from './masterKey/masterKeyCommand.ts';
import { ownerCommand } from './owner/ownerCommand.ts';
import { postgresCommand } from './postgres/postgresCommand.ts';

const program = new Command('tenantry')
  .description('Looks after a Tenantry from the command line.')
  .addCommand(auditCommand())
  .addCommand(erasureCommand())
  .addCommand(evidenceCommand())
  .addCommand(licenseCommand())
  .addCommand(ownerCommand())
  .addCommand(approvalsCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(recoverCommand())
  .addCommand(masterKeyCommand())
  .addCommand(postgresCommand())
  .addCommand(doctorCommand())
  .addHelpText(
    'after',
    `\nEnds with ${exitCodes.fine} when all is well, ${exitCodes.found} when something is wrong, ${exitCodes.usage} when the command was not understood,` +
      ` ${exitCodes.unable} when something could not be done or found out, ${exitCodes.waits} when it waits for a person.`,
  );
const refuseUsage = (command: Command): void => {
  command.exitOverride();
  for (const below of command.commands) refuseUsage(below);
};
refuseUsage(program);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.fine : exitCodes.usage;
  else {
    process.stderr.write(`${error instanceof Unable ? error.message : (error as Error).stack}\n`);
    process.exitCode = exitCodes.unable;
  }
}
process.exit();
