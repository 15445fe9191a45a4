// `gatehouse health`: asks gRPC health of a running server; made for container health checks.

import { CheckClient } from '../extauthz/check-client.ts';
import type { Surroundings } from './cli-app.ts';
import { describeNoAnswer } from './describe-no-answer.ts';
import { EXIT } from './exit-codes.ts';
import { type TargetOptions, targetOf } from './target-options.ts';

/** Prints one line; resolves to the exit code. Docker knows only 0 and 1, so a server that is not there is 1 too. */
export async function healthCommand(options: TargetOptions, around: Surroundings): Promise<number> {
  let client: CheckClient | undefined;
  try {
    client = new CheckClient(targetOf(options));
    const serving = await client.isServing(options.timeout);
    around.out(serving ? 'SERVING' : 'NOT_SERVING');
    return serving ? EXIT.ok : EXIT.refused;
  } catch (error) {
    around.err(`gatehouse: ${describeNoAnswer(error)}`);
    return EXIT.refused;
  } finally {
    client?.close();
  }
}
