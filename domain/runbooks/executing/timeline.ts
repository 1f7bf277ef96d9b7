import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { seal, unseal, type Keyring } from '../../secrets/keyring.ts';
import { json, rows } from '../../sql.ts';

export type WordsKey = Pick<Keyring, 'platformKey'>;

export interface Happened {
  kind: string;
  step?: string | null;
  /** The platform's own words. */
  note?: string | null;
  /** What a person wrote: it may name people, so it rests sealed, here and nowhere else. */
  words?: { keyring: WordsKey; text: string | null };
  data?: Record<string, unknown>;
}

const contextOf = (runId: string, number: number): string => `runbook-execution/${runId}/words/${number}`;

/** Adds to an execution's timeline, and to the audit; call it under the run's lock. What people wrote stays out of the audit. */
export async function tell(
  em: Sql,
  runId: string,
  { kind, step, note, words, data }: Happened,
  actor: Actor,
): Promise<void> {
  const [last] = await rows<{ next: number }>(em)`
    select coalesce(max(number), 0) + 1 as next from runbook_timeline where run_id = ${runId}`;
  const number = last!.next;
  const sealed = words?.text
    ? seal(words.keyring.platformKey, Buffer.from(words.text), contextOf(runId, number))
    : null;
  await rows(em)`
    insert into runbook_timeline (run_id, number, kind, step, actor_id, note, sealed_words, data)
    values (${runId}, ${number}, ${kind}, ${step ?? null}, ${actor.userId}::uuid, ${note || null}, ${sealed}::bytea,
            ${json(data ?? {})}::jsonb)`;
  await appendEvent(
    em,
    {
      stream: `run:${runId}`,
      type: `runbook.${kind.replaceAll('.', '_')}`,
      tenantId: null,
      data: { ...(step ? { step } : {}), ...data },
    },
    actor,
  );
}

/** What was told: the platform's words, or what a person wrote. */
export const noteOf = (
  { platformKey }: WordsKey,
  runId: string,
  { number, note, sealed }: { number: number; note: string | null; sealed: Buffer | null },
): string | null => (sealed ? unseal(platformKey, sealed, contextOf(runId, number)).toString() : note);
