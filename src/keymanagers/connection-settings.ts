// The settings that most connectors of WSO2 have in common, so that a type's file says only what is its own.

import type { ConnectionSetting } from './key-manager-type.ts';

/** A setting for introspection; the connector needs it wherever an introspection endpoint is given. */
export function introspectionSetting(
  name: string,
  label: string,
  tooltip: string,
  more: Partial<ConnectionSetting> = {},
): ConnectionSetting {
  return {
    name,
    label,
    type: 'input',
    tooltip,
    required: true,
    mask: false,
    default: '',
    values: [],
    usedFor: 'introspection',
    ...more,
  };
}

/** A setting that WSO2's connector uses to register clients; kept and given back, not used to judge tokens. */
export function registrationSetting(
  name: string,
  label: string,
  tooltip: string,
  more: Partial<ConnectionSetting> = {},
): ConnectionSetting {
  return { ...introspectionSetting(name, label, tooltip), required: false, usedFor: 'registration', ...more };
}

/** `client_id` and `client_secret` of the client that asks about tokens. */
export const CLIENT_SETTINGS: readonly ConnectionSetting[] = [
  introspectionSetting('client_id', 'Client ID', 'The client that asks the introspection endpoint.'),
  introspectionSetting('client_secret', 'Client secret', 'Its secret.', { mask: true }),
];

/** `Username` and `Password` of WSO2's own servers. */
export const USER_SETTINGS: readonly ConnectionSetting[] = [
  introspectionSetting('Username', 'Username', 'A user who may introspect tokens.'),
  introspectionSetting('Password', 'Password', 'The password of that user.', { mask: true }),
];
