import { causesOf } from './causes.ts';

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Connection exceptions, shut-downs, exhausted connections, cancelled and deadlocked statements: asking again may help. */
const sqlStates = /^(?:08...|57P0[1-5]|53...|57014|55P03|40001|40P01|XX000|25P0[34])$/;
const lostConnection =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|connection timeout|Query read timeout/i;

/** Whether this error itself, whatever caused it, says that the registry did not answer. */
export function saysRegistryIsAway({ code, message }: Error & { code?: unknown }): boolean {
  return (typeof code === 'string' && (networkCodes.has(code) || sqlStates.test(code))) || lostConnection.test(message);
}

/** Whether an outage of the registry is behind this failure. */
export function isRegistryAway(error: unknown): boolean {
  for (const cause of causesOf(error)) if (saysRegistryIsAway(cause)) return true;
  return false;
}
