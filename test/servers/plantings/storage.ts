import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketNameOf } from '#domain/resources/names.ts';
import { crowdRun, crowdTags, forged, tagOfAnother, type PlantContext, type Planting, type Plant } from './planting.ts';

const bucketPath = ({ installation, spec }: PlantContext) =>
  join(installation.configuration.storageDir, bucketNameOf(spec.tenantId));
const marker = '.tenantry-owner';
const plantBucket =
  (files: (context: PlantContext) => Record<string, string>): Plant =>
  async (context) => {
    await mkdir(bucketPath(context), { recursive: true });
    for (const [name, text] of Object.entries(files(context))) await writeFile(join(bucketPath(context), name), text);
  };

export const storage: Planting = {
  async snapshot(context) {
    const path = bucketPath(context);
    if (!(await stat(path).catch(() => null))?.isDirectory()) return [];
    const names = (await readdir(path)).sort();
    return Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')]));
  },
  async remains(context) {
    const isThere = (await stat(bucketPath(context)).catch(() => null))?.isDirectory() ?? false;
    const trash = await readdir(join(context.installation.configuration.storageDir, '.trash')).catch(() => []);
    return [
      ...(isThere ? ['bucket'] : []),
      ...trash.filter((name) => name.startsWith(bucketNameOf(context.spec.tenantId))),
    ];
  },
  halves: {
    'only an empty folder': plantBucket(() => ({})),
    'a marker that was not finished': plantBucket(() => ({ [`${marker}.new`]: '' })),
  },
  foreign: {
    'a folder with files': plantBucket(() => ({ 'precious.txt': 'not yours' })),
    'a folder with a forged tag': plantBucket((context) => ({ [marker]: forged(context) })),
    'a folder tagged for another resource': plantBucket((context) => ({
      [marker]: tagOfAnother(context),
      'precious.txt': 'not yours',
    })),
  },
  differences: {
    'no bucket': { plant: (context) => rm(bucketPath(context), { recursive: true }), difference: /^bucket/ },
    'no tag': { plant: (context) => rm(join(bucketPath(context), marker)), difference: /marker of bucket/ },
    'no tag, among files': {
      plant: async (context) => {
        await writeFile(join(bucketPath(context), 'precious.txt'), 'the tenant’s own');
        await rm(join(bucketPath(context), marker));
      },
      difference: /marker of bucket/,
    },
    'a folder that is open to others': {
      plant: (context) => chmod(bucketPath(context), 0o755),
      difference: /access of bucket/,
    },
    'a forged tag': {
      plant: plantBucket((context) => ({ [marker]: forged(context) })),
      difference: /marker of bucket/,
      stays: true,
    },
  },
  async crowd(context) {
    const root = context.installation.configuration.storageDir;
    for (const { tenantId, tag } of crowdTags(context, this.crowdSize)) {
      await mkdir(join(root, bucketNameOf(tenantId)), { recursive: true });
      await writeFile(join(root, bucketNameOf(tenantId), marker), tag);
    }
    await mkdir(join(root, 't-foreign'), { recursive: true });
  },
  crowdRun,
  crowdSize: 520,
};
