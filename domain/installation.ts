import { randomUUID } from 'node:crypto';
import type { Registry } from './database.ts';
import { Keyring, masterKeyIdOf } from './secrets/keyring.ts';
import { rows } from './sql.ts';

/** Which control plane this is: its id is part of every ownership tag. */
export interface Installation {
  id: string;
  keyring: Keyring;
}

/** Opens the installation of this registry, or founds it. Throws a clear error when the master key is not the one it was founded with. */
export async function openInstallation(registry: Registry, masterKey: Buffer): Promise<Installation> {
  const em = registry.em.fork();
  const [told] = await rows<{ said: string | null }>(em)`
    select obj_description('public.installations'::regclass, 'pg_class') as said`;
  if (told?.said)
    throw new Error(
      'This registry is being restored. Run `tenantry restore platform` again: it goes on from where it was.',
    );
  const newId = randomUUID();
  await rows(em)`
    insert into installations (id, sealed_root, master_key_id)
    values (${newId}, ${Keyring.newRoot(masterKey, newId)}, ${masterKeyIdOf(masterKey)})
    on conflict do nothing`;
  const [found] = await rows<{
    id: string;
    sealed_root: Buffer;
    master_key_id: string;
    next_sealed_root: Buffer | null;
    next_master_key_id: string | null;
  }>(em)`
    select id, sealed_root, master_key_id, next_sealed_root, next_master_key_id from installations`;
  if (!found) throw new Error('the registry has no installation row and none could be written');
  const given = masterKeyIdOf(masterKey);
  // While the key is being changed (masterKeyRotation.ts) either opens.
  if (found.next_sealed_root && found.next_master_key_id === given)
    return { id: found.id, keyring: Keyring.open(masterKey, found.id, found.next_sealed_root) };
  if (found.master_key_id !== given)
    throw new Error(
      `The master key of this registry is ${found.master_key_id}, but the key given is ${given}. ` +
        'Point TENANTRY_MASTER_KEY_FILE (or TENANTRY_MASTER_KEY) at the key that was saved, at the first start or when it was changed.',
    );
  return { id: found.id, keyring: Keyring.open(masterKey, found.id, found.sealed_root) };
}
