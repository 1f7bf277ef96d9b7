import { v7 as newId } from 'uuid';
import { sessionCookie } from '#api/signIn/cookies.ts';
import { bumpAccessEpoch } from '#domain/access/epoch.ts';
import { startSession } from '#domain/people/sessions.ts';
import { rows } from '#domain/sql.ts';
import { withRegistry } from '../start/controlPlane.ts';
import { ownerFrom } from '../start/firstOwner.ts';
import { SetupError } from '../progress.ts';
import { endDemoUser, demoEmail } from './demoUser.ts';

const sessionSeconds = 1800;

export interface DemoSession {
  cookie: string;
  end(): Promise<void>;
}

/**
 * As the owner when the environment names one. Else whoever may read this folder's secrets is the operator of this control
 * plane: the demo gives itself a user without a password, for as long as it runs, and takes it away again.
 */
export async function signIn(server: {
  base: string;
  publicUrl: string;
  appDatabaseUrl: string;
  env: NodeJS.ProcessEnv;
}): Promise<DemoSession> {
  const owner = await ownerFrom(server.env);
  if (owner) return { cookie: await cookieOf(server.base, owner), end: async () => {} };
  return withRegistry(server.appDatabaseUrl, async (em) => {
    await endDemoUser(em);
    const userId = newId();
    await rows(em)`
      insert into users (id, email, password_hash) values (${userId}, ${demoEmail}, 'none')`;
    await rows(em)`insert into role_assignments (user_id, role, scope_kind) values (${userId}, 'owner', 'platform')`;
    await bumpAccessEpoch(em);
    const { token } = await startSession(em, userId, sessionSeconds);
    const cookie = `${sessionCookie(server.publicUrl).name}=${token}`;
    const end = async (): Promise<void> => {
      // The API remembers sessions for some seconds: a sign-out is heard at once.
      await fetch(`${server.base}/api/v1/session`, { method: 'DELETE', headers: { cookie } }).catch(() => {});
      await withRegistry(server.appDatabaseUrl, endDemoUser);
    };
    return { cookie, end };
  });
}

async function cookieOf(base: string, owner: { email: string; password: string }): Promise<string> {
  const response = await fetch(`${base}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(owner),
  });
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
  if (response.status === 202)
    throw new SetupError(
      `${owner.email} signs in with a second factor, which the demo cannot answer: leave TENANTRY_OWNER_EMAIL out for it.`,
    );
  if (response.ok && cookie) return cookie;
  throw new SetupError(
    `Signing in as TENANTRY_OWNER_EMAIL (${owner.email}) was refused with ${response.status}: is the password still this one?`,
  );
}
