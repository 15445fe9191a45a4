// One request's defect must not end the process that decides all the others: it is counted and logged, wherever it surfaces.

import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

/** Counts one and logs it. */
export type CountDefect = (error: unknown, fields: object, message: string) => void;

/** Counts those outside of any request too, until it is ended. */
export function countDefects(
  metrics: Pick<Metrics, 'defect'>,
  log: Logger,
): { readonly countDefect: CountDefect; readonly end: () => void } {
  const countDefect: CountDefect = (error, fields, message) => {
    metrics.defect();
    log.error({ err: error, ...fields }, message);
  };
  const onStray = (error: unknown) => countDefect(error, {}, 'a defect outside of any request');
  process.on('unhandledRejection', onStray).on('uncaughtException', onStray);
  return {
    countDefect,
    end: () => {
      process.off('unhandledRejection', onStray).off('uncaughtException', onStray);
    },
  };
}
