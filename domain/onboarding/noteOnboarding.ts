import type { OnboardingItem } from '#contracts/onboarding/items.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { settleItem, type Settled } from './settleItem.ts';

/**
 * For whoever does what an item asks for, in the transaction that does it. Nothing happens where the tenant has no such open item.
 *
 * @returns the workflow to wake after the commit (`WorkflowDesk.wake`), for it to be noticed at once; the reconciler wakes it else
 */
export const noteOnboarding = (
  em: Sql,
  tenantId: string,
  item: OnboardingItem,
  actor: Actor,
): Promise<Settled | null> => settleItem(em, { tenantId, item, reason: null }, actor);
