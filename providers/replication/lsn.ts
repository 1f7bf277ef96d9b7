/** A place in the write-ahead log, as PostgreSQL writes it (`16/B374D848`), counts bytes since the cluster was made. */
export function bytesOfLsn(lsn: string): bigint {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(lsn) ?? [];
  if (high === undefined || low === undefined) throw new Error(`"${lsn}" is no place in a write-ahead log`);
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

export const lsnOfBytes = (bytes: bigint): string =>
  `${(bytes >> 32n).toString(16).toUpperCase()}/${(bytes & 0xffffffffn).toString(16).toUpperCase()}`;

/** How much `behind` lacks of `ahead`; 0 where it lacks nothing. */
export function bytesBehind(ahead: string, behind: string): number {
  const gap = bytesOfLsn(ahead) - bytesOfLsn(behind);
  return gap > 0n ? Number(gap) : 0;
}
