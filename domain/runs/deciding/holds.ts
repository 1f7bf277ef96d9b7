import { sql, type RawBuilder } from 'kysely';
import type { Reason } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

/** Why a run is not to begin a step now. */
export interface HeldBy {
  /** `pause`, `breakpoint`: until a person says go on. `provisioning`, `circuit:<provider>`: until times are better. */
  by: string;
  reason: Reason;
}

const circuitIsOpen: RawBuilder<boolean> = sql`
  exists (
    select 1 from circuits c where step.kind = 'resource' and c.provider = step.provider
      and (c.state = 'open' or (c.state = 'half_open' and c.probe_run_id <> run.id)))`;

/** True in a statement on `run_steps as step` and its `run` when the step is not to be begun now. */
export const isHeld: RawBuilder<boolean> = sql`(
  step.breakpoint or run.pause_requested_at is not null
  or exists (select 1 from switches where name = 'provisioning' and paused)
  or ${circuitIsOpen})`;

/** The same asked for its reason; null when nothing holds the step (any more). What a person asked for comes first. */
export async function whyHeld(
  em: Sql,
  run: { pauseRequestedAt: string | null },
  stepId: string,
): Promise<HeldBy | null> {
  const [step] = await rows<{ breakpoint: boolean; provider: string; cut: boolean; paused: string | null }>(em)`
    select step.breakpoint, step.provider, ${circuitIsOpen} as cut,
      (select coalesce(s.reason, '') from switches s where s.name = 'provisioning' and s.paused) as paused
    from run_steps as step join runs run on run.id = step.run_id where step.id = ${stepId}`;
  if (!step) return null;
  if (run.pauseRequestedAt)
    return { by: 'pause', reason: { code: 'paused', text: 'Paused on request, before this step.' } };
  if (step.breakpoint)
    return { by: 'breakpoint', reason: { code: 'breakpoint', text: 'Stopped at the breakpoint before this step.' } };
  if (step.paused !== null)
    return { by: 'provisioning', reason: { code: 'provisioning_paused', text: pausedText(step.paused) } };
  if (step.cut)
    return {
      by: `circuit:${step.provider}`,
      reason: {
        code: 'provider_down',
        text: `The provider "${step.provider}" has failed for several tenants; the run goes on when it answers again.`,
      },
    };
  return null;
}

const pausedText = (reason: string): string =>
  reason === ''
    ? 'Provisioning is paused on the whole platform.'
    : `Provisioning is paused on the whole platform: ${reason}`;

export const asksAPerson = ({ by }: HeldBy): boolean => by === 'pause' || by === 'breakpoint';
