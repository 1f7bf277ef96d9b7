import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import { RunbookName, type InputValues, type RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import { readInputs } from '#domain/runbooks/checking/checkInputs.ts';
import { checkRunbook } from '#domain/runbooks/checking/checkRunbook.ts';
import { shippedRunbooks } from '#domain/runbooks/shipped/shippedRunbooks.ts';
import { callersPath } from '../callersPath.ts';
import { Unable } from '../exitCodes.ts';

export interface ChosenRunbook {
  name: string;
  definition: RunbookDefinition;
}

/**
 * A runbook that comes with this release, by its name; or the file of one, in the form that the page of a runbook gives. Refuses with
 * `runbook_invalid`, every finding at once. Throws {@link Unable} where there is none.
 */
export async function whichRunbook(named: string): Promise<ChosenRunbook> {
  const isShipped = Object.hasOwn(shippedRunbooks, named);
  const given: unknown = isShipped ? shippedRunbooks[named] : await readDraft(named);
  const { definition, findings } = checkRunbook(given, { stores: storesIn(given), approvers: null });
  if (!definition)
    throw new DomainError('runbook_invalid', 'Nothing could be run by this.', {
      fields: findings.filter(({ severity }) => severity === 'error').map(({ path, message }) => ({ path, message })),
    });
  const name = basename(named).replace(/\.json$/i, '').toLowerCase().replace(/[^a-z0-9-]+/g, '-'); // prettier-ignore
  return { name: RunbookName.safeParse(name).success ? name : 'runbook', definition };
}

async function readDraft(named: string): Promise<unknown> {
  const text = await readFile(callersPath(named), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Unable(
      `There is no runbook "${named}" (${error.code}). Name a file, or one of: ${Object.keys(shippedRunbooks).join(', ')}.`,
      { cause: error },
    );
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DomainError('runbook_invalid', `The file is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** Which data stores there are stands in the registry, which is away: those that it names are believed. */
function storesIn(given: unknown): string[] {
  if (typeof given !== 'object' || given === null) return [];
  const { on } = given as { on?: unknown };
  return [...(typeof on === 'string' ? [on] : []), ...Object.values(given).flatMap(storesIn)];
}

/** `<name>=<value>`, in the type that the runbook asks for. Refuses with `input_invalid`. */
export function inputsOf({ definition }: ChosenRunbook, given: readonly string[]): InputValues {
  const told: InputValues = {};
  for (const text of given) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new Unable(`"${text}" is no input: it is written <name>=<value>.`);
    const type = definition.inputs.find((input) => input.name === name)?.type;
    told[name] = type === 'number' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : type === 'boolean' && /^(?:true|false)$/.test(value) ? value === 'true' : value; // prettier-ignore
  }
  return readInputs(definition.inputs, told);
}
