import { cellsOf, type BegunAt, type Cell } from '../killMatrix/batch.ts';
import { lifeStories } from '../killMatrix/stories.ts';
import type { Ground } from '../ground.ts';

/** Where an activity of its own stands, which another worker can take over: a local one ends with its workflow's task. */
export const lifeCells: readonly Cell[] = cellsOf(lifeStories).filter(({ place }) => !place.inWorkflowTask);

export const told = ({ story, place }: Cell): string =>
  `${story.title}, ${place.step} ${place.moment} (${place.position.at})`;

/** How the run and its tenant ended, as `<run> <tenant>`. */
export async function endsOf(ground: Ground, begun: readonly BegunAt[]): Promise<string[]> {
  const found = await ground.ask<{ id: string; run: string; tenant: string | null }>(
    `select r.id, r.state as run, t.state as tenant from runs r left join tenants t on t.id = r.tenant_id
     where r.id = any($1)`,
    [begun.map(({ runId }) => runId)],
  );
  return begun.map(({ runId }) => {
    const end = found.find(({ id }) => id === runId);
    return `${end?.run} ${end?.tenant}`;
  });
}

/** As the story tells it when nobody interferes. */
export const endOf = ({ cell: { story } }: BegunAt): string => `${story.ends.run} ${story.ends.tenant}`;
