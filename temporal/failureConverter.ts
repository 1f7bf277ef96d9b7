import { DefaultFailureConverter } from '@temporalio/common';

/** Failure texts and stack traces go through the codec too; left plain they would tell what payloads hide. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
