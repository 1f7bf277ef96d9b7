import type { Entry } from '../chain.ts';
import type { KeyInfo } from '../signingKeys.ts';
import type { ExportStatement, HeadStatement, SignedStatement, TrimStatement } from '../statements.ts';

/** What an export is made of, one a line, in this order: `export`, `key`…, then for each chain `chain`, `head`… and `entry`…, at last `end`. */
export type ExportRecord =
  | {
      record: 'export';
      v: 1;
      installation: string;
      at: string;
      /** Whether all chains are here, or only some of them. */
      whole: boolean;
      /** Batches that were sealed from then on, and before then, where the export was limited so. */
      from: string | null;
      to: string | null;
    }
  | ({ record: 'key' } & KeyInfo)
  | {
      record: 'chain';
      chain: string;
      /** What its first entry follows: nothing, a signed head, or the signed word that older entries were deleted by retention. */
      after: SignedStatement<HeadStatement | TrimStatement> | null;
    }
  | ({ record: 'head' } & SignedStatement<HeadStatement>)
  | {
      record: 'entry';
      hash: string;
      entry: Entry;
      /** From where, for who may read it; not part of what is sealed. */
      address?: string | null;
      userAgent?: string | null;
    }
  | ({ record: 'end' } & SignedStatement<ExportStatement>);

export const exportFormats = ['jsonl', 'csv'] as const;
export type ExportFormat = (typeof exportFormats)[number];
