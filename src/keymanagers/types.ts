// The types of key managers that are built in; an explicit list, so that one search finds them all.

import { APPLE } from './apple.ts';
import { ASGARDEO } from './asgardeo.ts';
import { AUTH0 } from './auth0.ts';
import { AUTHENTIK } from './authentik.ts';
import { AZURE_AD } from './azure-ad.ts';
import { AZURE_B2C } from './azure-b2c.ts';
import { COGNITO } from './cognito.ts';
import { CURITY } from './curity.ts';
import { CUSTOM_KEY_MANAGER } from './custom-key-manager.ts';
import { DEFAULT } from './default.ts';
import { FORGEROCK } from './forgerock.ts';
import { GENERIC_RFC9068 } from './generic-rfc9068.ts';
import { GITHUB_ACTIONS } from './github-actions.ts';
import { GOOGLE } from './google.ts';
import { HYDRA } from './hydra.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { KEYCLOAK } from './keycloak.ts';
import { KUBERNETES } from './kubernetes.ts';
import { OKTA } from './okta.ts';
import { PING_FEDERATE } from './ping-federate.ts';
import { PINGONE } from './pingone.ts';
import { SPIFFE } from './spiffe.ts';
import { UAA } from './uaa.ts';
import { WSO2_IS } from './wso2-is.ts';
import { WSO2_IS_7 } from './wso2-is-7.ts';
import { ZITADEL } from './zitadel.ts';

/** The known types and presets. */
export interface KeyManagerTypes {
  /** By WSO2 type id. */
  readonly byType: ReadonlyMap<string, KeyManagerType>;
  /** Presets of `CustomKeyManager`, by name. */
  readonly byPreset: ReadonlyMap<string, KeyManagerType>;
}

/** Those that come with Gatehouse. */
export const BUILT_IN_TYPES: KeyManagerTypes = keyManagerTypesOf([
  DEFAULT,
  CUSTOM_KEY_MANAGER,
  WSO2_IS,
  WSO2_IS_7,
  KEYCLOAK,
  OKTA,
  AUTH0,
  AZURE_AD,
  PING_FEDERATE,
  FORGEROCK,
  ASGARDEO,
  COGNITO,
  PINGONE,
  AZURE_B2C,
  UAA,
  CURITY,
  HYDRA,
  ZITADEL,
  AUTHENTIK,
  GENERIC_RFC9068,
  GOOGLE,
  APPLE,
  GITHUB_ACTIONS,
  KUBERNETES,
  SPIFFE,
]);

/** A registry of these; of two with one name the first counts. */
export function keyManagerTypesOf(types: readonly KeyManagerType[]): KeyManagerTypes {
  const byType = new Map<string, KeyManagerType>();
  const byPreset = new Map<string, KeyManagerType>();
  for (const type of types) {
    const [map, name] = type.preset === null ? [byType, type.type] : [byPreset, type.preset];
    if (!map.has(name)) map.set(name, type);
  }
  return { byType, byPreset };
}

/** Names in `additionalProperties` that are settings of the type's connector; unknown types have none. */
export function connectionOf(types: KeyManagerTypes, type: string): KeyManagerType['connection'] {
  return types.byType.get(type)?.connection ?? [];
}
