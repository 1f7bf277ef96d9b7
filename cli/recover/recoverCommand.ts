import { Command } from 'commander';
import { userInfo } from 'node:os';
import { DomainError } from '#contracts/errors.ts';
import { callersPath } from '../callersPath.ts';
import { exitCodes } from '../exitCodes.ts';
import { readAnswers, readTold } from './flags.ts';
import { recover } from './recover.ts';

interface Options {
  journal: string;
  input: string[];
  decide: string[];
  answer: string[];
  practice?: boolean;
  ask?: boolean;
  as?: string;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const more = (value: string, before: string[]): string[] => [...before, value];

export function recoverCommand(): Command {
  return new Command('recover')
    .description(
      'Carries a runbook out where the control plane is what was lost: by a journal in a folder, without API, registry or cluster.',
    )
    .argument('[runbook]', 'the name of one that comes along, or a file; nothing: what the journal is about')
    .requiredOption(
      '--journal <folder>',
      'where it is written down what was done; the same folder goes on where it was broken off',
    )
    .option('--input <name=value>', 'an input of the runbook; again for each', more, [])
    .option(
      '--decide <step=word,who,why>',
      'told beforehand: done, failed, approve, refuse, retry, skip, stop, leave; again for each',
      more,
      [],
    )
    .option('--answer <step.field=value>', 'what a manual step asks for; again for each', more, [])
    .option('--practice', 'as it is practised')
    .option('--ask', 'ask on standard input, although it is no terminal')
    .option('--no-ask', 'never ask: stop where nobody decided beforehand')
    .option('--as <name>', 'who starts it (default: the user of this machine)')
    .addHelpText(
      'after',
      `\nEnds with ${exitCodes.fine} when all of it is done, ${exitCodes.found} when it was taken back, left something, or was refused,` +
        ` ${exitCodes.unable} when it could not go on, ${exitCodes.waits} when it waits for a person: run it again with the same journal.`,
    )
    .action(async (runbook: string | undefined, options: Options) => {
      const operator = options.as ?? userInfo().username;
      try {
        process.exitCode = await recover({
          ...{ runbook: runbook ?? null, folder: callersPath(options.journal), operator, say },
          ...{ inputs: options.input, practice: options.practice ?? false },
          ...{ told: readTold(options.decide, operator), answers: readAnswers(options.answer) },
          mayAsk: options.ask ?? process.stdin.isTTY,
        });
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        say(`✖ ${error.publicMessage} (${error.code})`);
        for (const { path, message } of error.fields) say(`  ${path}: ${message}`);
        process.exitCode = exitCodes.found;
      }
    });
}
