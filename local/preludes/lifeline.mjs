/**
 * Loaded before each command's own file. A launcher that is killed with -9 takes no leave: the command then has a new
 * parent, and stops as if it had been asked to, instead of living on unseen. Processes started by the command have
 * another parent and are left alone.
 */
import { isMainThread } from 'node:worker_threads';

const launcher = Number(process.env.TENANTRY_LAUNCHER_PID);

if (isMainThread && launcher && process.ppid === launcher) {
  const watch = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}
