import { sql, type RawBuilder } from 'kysely';

/**
 * Terms that ended by `now`, as `(license_id, ended_at, renewed_at)`: those that renewals followed, and those that none did, which stand in the
 * licences themselves, where a renewal would have moved the end.
 */
export const endedTerms = (now: Date): RawBuilder<unknown> => sql`
  (select license_id, prolongs as ended_at, activated_at as renewed_at from license_renewals
   where kind <> 'upgrade' and state <> 'taken_back' and activated_at is not null and prolongs <= ${now}
   union all
   select id, expires_at, null from licenses where expires_at <= ${now})`;
