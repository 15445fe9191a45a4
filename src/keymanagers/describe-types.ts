// The types of key managers as data for people and portals (GET /key-manager-types): enough to draw a form and to say what to expect.

import type { ConnectionSetting, KeyManagerType } from './key-manager-type.ts';
import type { KeyManagerTypes } from './types.ts';

/** One type or preset. Names of WSO2's gateway settings (`configurations`, `defaultConsumerKeyClaim`) where it has them. */
export interface DescribedType {
  readonly type: string;
  readonly preset: string | null;
  readonly displayName: string;
  readonly tokenKind: KeyManagerType['tokenKind'];
  readonly configurations: readonly ConnectionSetting[];
  readonly defaultConsumerKeyClaim: string;
  readonly defaultScopesClaim: string;
  readonly consumerKeyClaims: readonly string[];
  readonly scopesClaims: readonly string[];
  readonly audienceClaim: string;
  readonly algorithms: readonly string[];
  readonly profile: string;
  readonly acceptedTyp: readonly string[] | null;
  readonly requiredClaims: readonly string[];
  readonly introspection: boolean;
  readonly referencePattern: string | null;
  readonly wellKnownEndpoint: string;
  readonly notes: string;
  readonly quirks: KeyManagerType['quirks'];
}

/** All of them, types before presets. */
export function describeKeyManagerTypes({ byType, byPreset }: KeyManagerTypes): readonly DescribedType[] {
  return [...byType.values(), ...byPreset.values()].map((type) => ({
    type: type.type,
    preset: type.preset,
    displayName: type.displayName,
    tokenKind: type.tokenKind,
    configurations: type.connection,
    defaultConsumerKeyClaim: type.consumerKeyClaims[0] ?? '',
    defaultScopesClaim: type.scopesClaims[0] ?? '',
    consumerKeyClaims: type.consumerKeyClaims,
    scopesClaims: type.scopesClaims,
    audienceClaim: type.audienceClaim,
    algorithms: type.algorithms,
    profile: type.profile,
    acceptedTyp: type.acceptedTyp,
    requiredClaims: type.requiredClaims,
    introspection: type.introspection !== null,
    referencePattern: type.referencePattern,
    wellKnownEndpoint: type.discovery,
    notes: type.notes,
    quirks: type.quirks,
  }));
}
