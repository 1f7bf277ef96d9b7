import { listServers } from '../routes/servers/listServers.ts';
import { readServerArchive } from '../routes/servers/readServerArchive.ts';
import { listPlatformBackups } from '../routes/platformBackups/listPlatformBackups.ts';
import { startPlatformBackup } from '../routes/platformBackups/startPlatformBackup.ts';
import { pauseProvisioning } from '../routes/platform/pauseProvisioning.ts';
import { closeCircuit } from '../routes/platform/closeCircuit.ts';
import { listNotificationTargets } from '../routes/notifications/listNotificationTargets.ts';
import { createNotificationTarget } from '../routes/notifications/createNotificationTarget.ts';
import { updateNotificationTarget } from '../routes/notifications/updateNotificationTarget.ts';
import { deleteNotificationTarget } from '../routes/notifications/deleteNotificationTarget.ts';
import { testNotificationTarget } from '../routes/notifications/testNotificationTarget.ts';
import { readPlatform } from '../routes/platform/readPlatform.ts';
import { confirmCluster } from '../routes/platform/confirmCluster.ts';
import { listSchedules } from '../routes/schedules/listSchedules.ts';
import { readSchedule } from '../routes/schedules/readSchedule.ts';
import { pauseSchedule } from '../routes/schedules/pauseSchedule.ts';
import { resumeSchedule } from '../routes/schedules/resumeSchedule.ts';
import { triggerSchedule } from '../routes/schedules/triggerSchedule.ts';
import { backfillSchedule } from '../routes/schedules/backfillSchedule.ts';
import { decodeHistory } from '../routes/codec/decodeHistory.ts';
import { encodeAnswer } from '../routes/codec/encodeAnswer.ts';
import { listWorkerTokens } from '../routes/outside/listWorkerTokens.ts';
import { issueWorkerToken } from '../routes/outside/issueWorkerToken.ts';
import { revokeWorkerToken } from '../routes/outside/revokeWorkerToken.ts';
import { listSigningSecrets } from '../routes/outside/listSigningSecrets.ts';
import { issueSigningSecret } from '../routes/outside/issueSigningSecret.ts';
import { answerCallback } from '../routes/outside/answerCallback.ts';
import { readLiveness } from '../routes/health/readLiveness.ts';
import { readReadiness } from '../routes/health/readReadiness.ts';

/** The platform itself, and who works for it outside. */
export const platformRoutes = {
  pauseProvisioning,
  closeCircuit,
  listNotificationTargets,
  createNotificationTarget,
  updateNotificationTarget,
  deleteNotificationTarget,
  testNotificationTarget,
  readPlatform,
  confirmCluster,
  listPlatformBackups,
  startPlatformBackup,
  listServers,
  readServerArchive,
  listSchedules,
  readSchedule,
  pauseSchedule,
  resumeSchedule,
  triggerSchedule,
  backfillSchedule,
  decodeHistory,
  encodeAnswer,
  listWorkerTokens,
  issueWorkerToken,
  revokeWorkerToken,
  listSigningSecrets,
  issueSigningSecret,
  answerCallback,
  readLiveness,
  readReadiness,
};
