import { writeTag } from '#domain/resources/tags.ts';
import type { ResourceSpec } from '#providers/provider.ts';
import type { TestInstallation } from '../installation.ts';

export interface PlantContext {
  installation: TestInstallation;
  spec: ResourceSpec;
  /** The tag that the provider itself would write. */
  tag: string;
}

export type Plant = (context: PlantContext) => Promise<unknown>;

/** What the contract's tests do to a kind of resource behind its provider's back. */
export interface Planting {
  /** Everything of this resource in the real system, comparable. */
  snapshot(context: PlantContext): Promise<unknown>;
  /** What must be gone after `destroy`. */
  remains(context: PlantContext): Promise<unknown[]>;
  halves: Record<string, Plant>;
  foreign: Record<string, Plant>;
  /** `stays`: what only a person can bring back. */
  differences: Record<string, { plant: Plant; difference: RegExp; stays?: true }>;
  /** More things than a page holds, ours and foreign mixed. */
  crowd: Plant;
  crowdRun: string;
  crowdSize: number;
}

export const crowdRun = '00000000-0000-4000-8000-00000000c0de';
export const forged = ({ tag }: PlantContext) => tag.slice(0, -4) + 'AAAA';
const idOf = (i: number) => `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;

/** Tags of ours for things of other tenants. */
export const crowdTags = ({ installation, spec }: PlantContext, size: number) =>
  Array.from({ length: size }, (_, i) => ({
    tenantId: idOf(i),
    tag: writeTag(installation.platform.installation.keyring, {
      ...spec,
      tenantId: idOf(i),
      resourceId: idOf(i),
      runId: crowdRun,
    }),
  }));

export const tagOfAnother = ({ installation, spec }: PlantContext) =>
  writeTag(installation.platform.installation.keyring, { ...spec, resourceId: idOf(1) });
