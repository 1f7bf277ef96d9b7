import { DomainError } from '#contracts/errors.ts';
import type { Finding, RunbookDefinition, RunbookDraft } from '#contracts/runbooks/runbooks.ts';
import type { Sql } from '../../database.ts';
import { theSystem } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { checkRunbook } from '../checking/checkRunbook.ts';
import { digestOf } from '../digests.ts';
import { shippedRunbooks } from '../shipped/shippedRunbooks.ts';
import { writeVersion } from './createVersion.ts';

interface Here {
  name: string;
  last: number;
  /** Of the one that is in use. */
  latest: string;
  /** Of all that ever came with a release. */
  shipped: string[] | null;
}

/** What came of it: how many versions were written, and what cannot be run here and was passed over. */
export interface Seeded {
  written: number;
  refused: { name: string; findings: Finding[] }[];
}

/**
 * Brings the runbooks of this release into the registry; every worker does at its start. A new one is in use at once, and so is a newer
 * version of one that nobody edited; where somebody did, theirs stays the latest and the newer one waits. One that was here before is never
 * written again, so an older worker that starts during an upgrade takes nothing back.
 */
export async function seedShipped(
  em: Sql,
  shipped: Readonly<Record<string, RunbookDraft>> = shippedRunbooks,
): Promise<Seeded> {
  const found = await rows<Here>(em)`
    select name, max(version) as last, (array_agg(digest order by version desc) filter (where not waits))[1] as latest,
      array_agg(digest) filter (where origin = 'shipped') as shipped
    from runbook_versions where name = any(${Object.keys(shipped)}::text[]) group by name`;
  const here = new Map(found.map((row) => [row.name, row]));
  const seeded: Seeded = { written: 0, refused: [] };
  for (const [name, draft] of Object.entries(shipped)) {
    // By form and references; what an installation has of stores and people is looked at whenever somebody reads it there.
    const { definition, findings } = checkRunbook(draft, { stores: [], approvers: null });
    if (!definition) seeded.refused.push({ name, findings });
    else if (await seedOne(em, name, definition, here.get(name))) seeded.written += 1;
  }
  return seeded;
}

async function seedOne(em: Sql, name: string, definition: RunbookDefinition, before?: Here): Promise<boolean> {
  if (before?.shipped?.includes(digestOf(definition))) return false;
  const isEdited = before !== undefined && !before.shipped?.includes(before.latest);
  const version = (before?.last ?? 0) + 1;
  const made = { ...{ name, version, definition }, note: 'Came with a release', origin: 'shipped' as const };
  return em
    .transactional((tx) => writeVersion(tx, { ...made, waits: isEdited }, theSystem))
    .then(() => true)
    .catch((error: unknown) => {
      // Another worker, or a person, was quicker; the next start looks again.
      if (error instanceof DomainError && error.code === 'runbook_changed') return false;
      throw error;
    });
}
