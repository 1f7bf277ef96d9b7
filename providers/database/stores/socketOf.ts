import type { Socket } from 'node:net';
import type pg from 'pg';

/** The driver does not tell of it, and has no way of its own to end a connection that does not answer. */
export const socketOf = (client: pg.ClientBase): Socket | undefined =>
  (client as unknown as { connection?: { stream?: Socket } }).connection?.stream;
