// What a source that is made for tests has at each of its steps: always the same applications, each with the number of the step.

import type { Change } from '../../../src/domain/change.ts';
import type { Application } from '../../../src/domain/subscriber.ts';
import { ORGANIZATION } from './catalog-samples.ts';

/** The source's only history. */
export const EPOCH = 'steps';

/** How many applications there are. */
export const APPLICATIONS = 40;

/** All of them at a step. */
export function applicationsOf(step: number, owner = 'paula'): readonly Change[] {
  return Array.from({ length: APPLICATIONS }, (_, n): Change => {
    const id = `app-${n}`;
    const entity: Application = {
      ...{ id, number: n + 1, organization: ORGANIZATION, name: id, owner, policy: 'Gold', version: step },
      ...{ description: String(step), attributes: {}, groups: [], state: 'APPROVED', extra: {} },
    };
    return { kind: 'application', id, entity };
  });
}
