// The lifecycle of an API as WSO2 has it: which actions lead where.

import type { Lifecycle } from '../../domain/api.ts';

/** By state, WSO2's actions and the states that they lead to. */
export const LIFECYCLE_ACTIONS: Readonly<Record<Lifecycle, Readonly<Record<string, Lifecycle>>>> = {
  CREATED: { Publish: 'PUBLISHED', 'Deploy as a Prototype': 'PROTOTYPED' },
  PROTOTYPED: { Publish: 'PUBLISHED', 'Demote to Created': 'CREATED', 'Deploy as a Prototype': 'PROTOTYPED' },
  PUBLISHED: {
    Block: 'BLOCKED',
    'Deploy as a Prototype': 'PROTOTYPED',
    'Demote to Created': 'CREATED',
    Deprecate: 'DEPRECATED',
    Publish: 'PUBLISHED',
  },
  BLOCKED: { 'Re-Publish': 'PUBLISHED', Deprecate: 'DEPRECATED' },
  DEPRECATED: { Retire: 'RETIRED' },
  RETIRED: {},
};

/** WSO2 LifecycleState. */
export function lifecycleForm(lifecycle: Lifecycle) {
  const availableTransitions = Object.entries(LIFECYCLE_ACTIONS[lifecycle]).map(([event, targetState]) => ({
    event,
    targetState,
  }));
  return { state: lifecycle, checkItems: [], availableTransitions };
}
