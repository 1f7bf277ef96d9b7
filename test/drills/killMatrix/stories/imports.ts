import { randomUUID } from 'node:crypto';
import { ImportQuery } from '#contracts/imports/imports.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { receiveFile } from '#domain/imports/receiveFile.ts';
import { written } from '../places.ts';
import type { Story } from '../story.ts';

const tenants = 3;

/** A file of a few tenants, which is started by itself; each of its tenants is provisioned by an ordinary run. */
const importAFile: Story = {
  title: 'a file of tenants is imported',
  kind: 'importTenants',
  places: [...written('import', 'import.check'), ...written('import', 'import.turn')],
  fails: [],
  async open({ installation }, _tenant, label) {
    async function* file(): AsyncGenerator<Buffer> {
      const id = `${label.replace(/\W+/g, '-')}-${randomUUID()}`;
      const lines = Array.from({ length: tenants }, (_, at) => `Imported ${label} ${at},${id}-${at}`);
      yield Buffer.from(`name,externalId\n${lines.join('\n')}\n`);
    }
    const { registry, installation: ours } = installation.platform;
    const query = ImportQuery.parse({ fileName: 'tenants.csv', startWhenValid: 'true' });
    const { runId } = await receiveFile({ registry, keyring: ours.keyring }, query, file(), theSystem);
    return { runId, subject: runId };
  },
  ends: { run: 'succeeded', tenant: null },
};

export const importStories: readonly Story[] = [importAFile];
