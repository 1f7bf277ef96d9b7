import { canonical } from '../audit/canonical.ts';

/** The lines of `manifest.jsonl`: what an export holds, so that its reader can tell that nothing is missing or changed. */
export interface ManifestHead {
  record: 'export';
  v: 1;
  installation: string;
  tenant: string;
  export: string;
  at: string;
}

export interface ManifestPart {
  record: 'part';
  /** Where it lies in the archive: letters, digits, dots, dashes and underscores only. */
  path: string;
  /** Where it lies in the place. */
  key: string;
  /** The provider, or `registry`. */
  source: string;
  what: 'rows' | 'object';
  /** What it is called where it came from: any text. */
  name: string;
  bytes: number;
  sha256: string;
  /** Of rows: how many lines, which are as many as the source counted at the same moment. */
  rows: number | null;
  /** What is needed to read it: of a table its columns, and the newest migration that its schema had. */
  about?: Record<string, unknown>;
}

export interface ManifestEnd {
  record: 'end';
  parts: number;
  rows: number;
  bytes: number;
}

export type ManifestLine = ManifestHead | ManifestPart | ManifestEnd;

export const textOfLine = (line: ManifestLine): Buffer => Buffer.from(`${canonical(line)}\n`);

/** Reads JSON Lines piece by piece; a line of more than a mebibyte is none of ours. */
export async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncIterable<ManifestLine> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      yield JSON.parse(rest.subarray(0, end).toString()) as ManifestLine;
      rest = rest.subarray(end + 1);
    }
    if (rest.length > longestLine) throw new Error('a line of the manifest is too long');
  }
  if (rest.length > 0) throw new Error('the manifest ends within a line');
}

const longestLine = 1024 * 1024;

/** Of all exports of a tenant. */
export const folderOfTenant = (tenantId: string): string => `exports/${tenantId}`;
export const folderOf = ({ tenantId, exportId }: { tenantId: string; exportId: string }): string =>
  `${folderOfTenant(tenantId)}/${exportId}`;
export const manifestKeyOf = (of: { tenantId: string; exportId: string }): string => `${folderOf(of)}/manifest`;

/** What a file is, as its seal says it: none can be passed off as another. */
export const sealContextOf = (exportId: string, key: string): string => `export/${exportId}/${key}`;

/** For a file of an archive: whatever the thing is called, it cannot lead out of a folder, nor be taken for a device or an option. */
export function safeNameOf(name: string): string {
  const safe = name
    .split('/')
    .at(-1)!
    .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[.-]+/, '')
    .slice(-60);
  return safe === '' ? '_' : safe;
}
