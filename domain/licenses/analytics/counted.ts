import { sql, type RawBuilder } from 'kysely';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';

/** Whose licences are looked at: in reach, and of these. */
export interface About {
  reach: Reach;
  product?: string | undefined;
  plan?: string | undefined;
  tenantId?: string | undefined;
}

/** Licences `l` that count in figures: not those for trying out, nor those that another took the place of. */
export const isCounted = ({ reach, product, plan, tenantId }: About): RawBuilder<unknown> =>
  sql.join(
    [
      sql`not l.is_test and l.state <> 'superseded'`,
      withinReach(reach, sql`l.tenant_id`),
      ...(product ? [sql`l.product = ${product}`] : []),
      ...(plan ? [sql`l.plan = ${plan}`] : []),
      ...(tenantId ? [sql`l.tenant_id = ${tenantId}::uuid`] : []),
    ],
    sql` and `,
  );

/** The seats or machines that licences `l` with policies `p` have; null: as many as they like. */
export const limitOf = (kind: 'seats' | 'machines'): RawBuilder<unknown> =>
  sql`(p.rules #>> ${`{${kind},limit}`}::text[])::int`;
