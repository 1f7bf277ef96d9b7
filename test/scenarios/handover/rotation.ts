import pg from 'pg';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openRotation, type Rotation } from '#domain/rotation/openRotation.ts';
import { findManifest, revealManifest } from '#domain/tenants/viewManifest.ts';
import { startRun } from '#temporal/startRun.ts';
import type { TestInstallation } from '../../servers/installation.ts';

export interface Login {
  role: string;
  password: string;
  database: string;
}

/** Asks for a rotation the way the API does. */
export async function rotate(
  installation: TestInstallation,
  { tenantId, slug }: { tenantId: string; slug: string },
  wanted: Partial<Pick<Rotation, 'kinds' | 'overlapSeconds'>> = {},
): Promise<string> {
  const { runId } = await installation.em.transactional((em) =>
    openRotation(
      em,
      { tenantId, confirm: slug, kinds: ['database', 'realm'], overlapSeconds: 86_400, ...wanted },
      theSystem,
    ),
  );
  await startRun(installation.platform, installation.temporal.client, runId);
  return runId;
}

/** How the manifest says that the database is reached. */
export async function loginOf(installation: TestInstallation, tenantId: string): Promise<Login> {
  const { values } = (
    await revealManifest(installation.em, installation.platform.tenantKeys, tenantId, theSystem)
  ).resources.find(({ kind }) => kind === 'database')!;
  return { role: values['role']!, password: values['password']!, database: values['database']! };
}

export const manifestOf = async (installation: TestInstallation, tenantId: string) =>
  (await findManifest(installation.em, tenantId)).resources.find(({ kind }) => kind === 'database')!.values;

export async function connectAs(installation: TestInstallation, login: Login): Promise<pg.Client> {
  const url = new URL(installation.adminUrl);
  const client = new pg.Client({
    host: url.hostname,
    port: Number(url.port),
    user: login.role,
    password: login.password,
    database: login.database,
  });
  client.on('error', () => undefined); // a rotation ends sessions
  await client.connect();
  return client;
}

/** Whether this login opens a session, and reads what is the tenant's. */
export async function works(installation: TestInstallation, login: Login): Promise<boolean> {
  try {
    const client = await connectAs(installation, login);
    await client.query('select count(*) from settings');
    await client.end();
    return true;
  } catch (error) {
    if ((error as pg.DatabaseError).code?.startsWith('28')) return false;
    throw error;
  }
}
