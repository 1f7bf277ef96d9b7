import type { Breach } from '../drill.ts';
import type { Ground } from '../ground.ts';

/**
 * I2 and I3 of money: no renewal holds or takes it twice, whoever was renewed has paid once, what was taken back holds and took nothing, and
 * no licence was renewed twice for one payment.
 */
export async function paymentsRepeat(ground: Ground): Promise<Breach[]> {
  const renewals = await ground.ask<{ id: string; state: string; provider: string | null; renewed: number }>(
    `select n.id, n.state, p.provider, (
       select count(*)::int from events e where e.type = 'license.renewed' and e.data ->> 'renewalId' = n.id::text) as renewed
     from license_renewals n left join renewal_payments p on p.renewal_id = n.id where n.state <> 'open'`,
  );
  return renewals.flatMap(({ id, state, provider, renewed }) => {
    const breaches: Breach[] = [];
    const complain = (what: string) => breaches.push({ rule: 'I3', what: `renewal ${id} (${state}) ${what}` });
    if (renewed !== (state === 'done' ? 1 : 0)) complain(`renewed its licence ${renewed} times`);
    if (provider !== 'stripe') return breaches;
    const times = (effect: string): number => ground.stripe.effects.filter((one) => one === `${effect} ${id}`).length;
    if (times('requires_capture') > 1) complain(`held money ${times('requires_capture')} times`);
    if (times('succeeded') !== (state === 'done' ? 1 : 0)) complain(`took money ${times('succeeded')} times`);
    const left = [...ground.stripe.intents.values()].filter(
      ({ metadata, status }) => metadata['renewal'] === id && status === 'requires_capture',
    );
    if (left.length > 0) complain('still holds money');
    return breaches;
  });
}
