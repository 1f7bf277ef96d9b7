import { sql } from 'kysely';

/** Under which a run knows a key: its thumbprint is no uuid. Of the column `k.kid`. */
export const subjectOfKey = sql`substr(encode(sha256(convert_to(k.kid, 'UTF8')), 'hex'), 1, 32)::uuid`;
