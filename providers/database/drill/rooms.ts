import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import { base32OfId } from '#domain/resources/names.ts';
import { readTag, writeTag, type Ownership } from '#domain/resources/tags.ts';
import type { Keyring } from '#domain/secrets/keyring.ts';
import { scramVerifier } from '#domain/secrets/scram.ts';
import { StoreConnections } from '../stores/storeConnections.ts';

const ident = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

/** A drill that is forgotten cannot log in any more after this, whatever became of its room. */
const loginHours = 24;

/** Whose a room is: a drill is a run, and its room is called by it. */
export type RoomOf = Pick<Ownership, 'installationId' | 'tenantId' | 'runId'>;

/** Of a database, its owner and the one schema in it. */
export const roomNameOf = (runId: string): string => `drill_${base32OfId(runId)}`;

/**
 * Throw-away databases beside the data stores. Each has a role of its own that owns it, is a member of nothing and may connect to nothing else, so
 * that nothing of a drill can write to what it was copied from.
 */
export class DrillRooms {
  readonly #connections: StoreConnections;
  readonly #provisionerUrl: string;
  readonly #keyring: Keyring;

  constructor(options: { connections: StoreConnections; provisionerUrl: string; keyring: Keyring }) {
    this.#connections = options.connections;
    this.#provisionerUrl = options.provisionerUrl;
    this.#keyring = options.keyring;
  }

  /**
   * An empty room, whatever a killed attempt left of it, and connections as its owner.
   *
   * @throws `resource_conflict` when something foreign has its name
   */
  async open(of: RoomOf, password: string): Promise<StoreConnections> {
    await this.close(of);
    const name = roomNameOf(of.runId);
    const home = this.#home();
    const tag = literal(writeTag(this.#keyring, { ...of, resourceId: of.runId }));
    // In one message: a role without our tag would be nobody's.
    await home.query(`
      create role ${ident(name)} login nosuperuser nocreaterole nocreatedb noinherit noreplication nobypassrls connection limit 6;
      comment on role ${ident(name)} is ${tag};
      grant ${ident(name)} to current_user with inherit true, set true`);
    await this.#admit(name, password);
    await home.query(`create database ${ident(name)} owner ${ident(name)} strategy wal_log`);
    await home.query(`revoke all on database ${ident(name)} from public; comment on database ${ident(name)} is ${tag}`);
    return this.#connectionsOf(name, password);
  }

  /** Connections to a room that is there, by a new password: the last one was kept nowhere. */
  async enter(of: RoomOf, password: string): Promise<StoreConnections> {
    const name = roomNameOf(of.runId);
    await this.#admit(name, password);
    return this.#connectionsOf(name, password);
  }

  /** Ends whoever is in it, and removes it with its role; that it was never there is success. */
  async close(of: RoomOf): Promise<void> {
    const name = roomNameOf(of.runId);
    const home = this.#home();
    const { rows } = await home.query<{ tag: string | null }>(
      `select shobj_description(oid, 'pg_authid') as tag from pg_roles where rolname = $1`,
      [name],
    );
    // Its role is made first and goes last: without it there is no room.
    if (!rows[0]) return;
    const owner = readTag(this.#keyring, rows[0].tag);
    if (owner?.installationId !== of.installationId || owner.runId !== of.runId)
      throw new DomainError('resource_conflict', `A role named ${name} is there and does not carry our tag.`);
    await home.query(`alter role ${ident(name)} nologin`);
    await home.query(`drop database if exists ${ident(name)} with (force)`);
    await home.query(`drop owned by ${ident(name)}; drop role ${ident(name)}`);
  }

  /** Rooms of this installation that are there, whatever the registry believes. */
  async list(installationId: string): Promise<RoomOf[]> {
    const { rows } = await this.#home().query<{ tag: string | null }>(
      `select shobj_description(oid, 'pg_authid') as tag from pg_roles where rolname like 'drill\\_%'`,
    );
    return rows.flatMap(({ tag }) => {
      const owner = readTag(this.#keyring, tag);
      return owner?.installationId === installationId ? [owner] : [];
    });
  }

  /** By a verifier: the password reaches no log of the server. */
  async #admit(name: string, password: string): Promise<void> {
    const until = new Date(Date.now() + loginHours * 3_600_000).toISOString();
    await this.#home().query(
      `alter role ${ident(name)} password ${literal(await scramVerifier(password))} valid until ${literal(until)}`,
    );
  }

  #home(): pg.Pool {
    return this.#connections.pool(this.#connections.homeDatabase);
  }

  #connectionsOf(name: string, password: string): StoreConnections {
    const url = new URL(this.#provisionerUrl);
    // Where the stores are now, which need not be where they were configured to be.
    url.hostname = this.#connections.host;
    url.port = this.#connections.port;
    url.username = name;
    url.password = encodeURIComponent(password);
    url.pathname = `/${name}`;
    return new StoreConnections(url.toString());
  }
}
