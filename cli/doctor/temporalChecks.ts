import { Connection } from '@temporalio/client';
import type { Configuration } from '#domain/configuration.ts';
import { connectionOptions } from '#temporal/connection.ts';
import { taskQueueOf } from '#temporal/queues.ts';
import { searchAttributeNames } from '#temporal/searchAttributes.ts';
import { fine, look, wrong, type Diagnosis } from './check.ts';

const workflowQueue = 1;

/** Whether Temporal answers, has what runs need, and a worker asks it for work. */
export async function checkTemporal(configuration: Configuration): Promise<Diagnosis[]> {
  const { address, namespace } = configuration.temporal;
  const connection = await Connection.connect({ ...connectionOptions(configuration), connectTimeout: '5s' }).catch(
    () => null,
  );
  if (!connection)
    return [
      wrong('Temporal', `does not answer at ${address}`, 'Start it, or mend TEMPORAL_ADDRESS and TEMPORAL_TLS….'),
    ];
  try {
    return [
      ...(await look('Temporal', async () => {
        const { serverVersion } = await connection.workflowService.getSystemInfo({});
        await connection.workflowService.describeNamespace({ namespace });
        return fine('Temporal', `${serverVersion ?? ''} answers, with the namespace ${namespace}`);
      })),
      ...(await look('search attributes', async () => {
        const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
        const missing = searchAttributeNames.filter((name) => !(name in (customAttributes ?? {})));
        return missing.length > 0
          ? wrong('search attributes', `missing: ${missing.join(', ')}`, 'Run `npm run migrate` with TEMPORAL_ADDRESS.')
          : fine('search attributes', 'are registered');
      })),
      ...(await look('worker', async () => {
        const name = taskQueueOf(configuration.taskQueue, 'interactive');
        const { pollers } = await connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name },
          taskQueueType: workflowQueue,
        });
        const recent = (pollers ?? []).filter(
          ({ lastAccessTime }) => Date.now() / 1000 - Number(lastAccessTime?.seconds ?? 0) < 120,
        );
        return recent.length > 0
          ? fine('worker', `${recent.length} ask for work`)
          : wrong('worker', `nobody asks for work on ${name}`, 'Start one: `npm run worker`, or `npm start`.');
      })),
    ];
  } finally {
    await connection.close();
  }
}
