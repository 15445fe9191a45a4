// The types of key managers that are known; an explicit list, so that one search finds them all.

import { ASGARDEO } from './asgardeo.ts';
import { AUTH0 } from './auth0.ts';
import { CUSTOM_KEY_MANAGER } from './custom-key-manager.ts';
import { DEFAULT } from './default.ts';
import { FORGEROCK } from './forgerock.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { KEYCLOAK } from './keycloak.ts';
import { OKTA } from './okta.ts';
import { WSO2_IS } from './wso2-is.ts';
import { WSO2_IS_7 } from './wso2-is-7.ts';

/** By WSO2 type id. */
export const KEY_MANAGER_TYPES: ReadonlyMap<string, KeyManagerType> = new Map(
  [DEFAULT, CUSTOM_KEY_MANAGER, WSO2_IS, WSO2_IS_7, KEYCLOAK, OKTA, AUTH0, ASGARDEO, FORGEROCK].map((type) => [
    type.type,
    type,
  ]),
);
