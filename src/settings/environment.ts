// Settings from environment variables: `GATEHOUSE_`, then the path in capitals with underscores. Nothing else of the environment is read.

import type { Given } from './overlay.ts';

const PREFIX = 'GATEHOUSE_';

/** Read by the command line before there are settings: where the settings file is. */
export const CONFIG_VARIABLE = 'GATEHOUSE_CONFIG';

/** Before the names of secrets that a catalog document refers to. */
const SECRET_PREFIX = `${PREFIX}SECRET_`;

// Kubernetes writes these into every pod beside a Service whose name begins with `gatehouse`; nobody meant them as settings.
const SERVICE_LINK = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?$/;
const SERVICE_ADDRESS = /^(?:tcp|udp|sctp):\/\//;

/** `['extauthz', 'budgetMs']` is `GATEHOUSE_EXTAUTHZ_BUDGET_MS`. */
export function variableName(path: readonly string[]): string {
  return PREFIX + path.map((name) => name.replace(/[A-Z]/g, '_$&').toUpperCase()).join('_');
}

/** The variables that are meant as settings, in order of name. */
export function variablesOf(env: Readonly<Record<string, string | undefined>>): readonly Given[] {
  return Object.entries(env)
    .filter(([name, text]) => name.startsWith(PREFIX) && !isOther(name) && !isServiceLink(name, text ?? ''))
    .map(([name, text]) => ({ label: name, name, text: text ?? '' }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isOther(name: string): boolean {
  return name === CONFIG_VARIABLE || name.startsWith(SECRET_PREFIX);
}

function isServiceLink(name: string, text: string): boolean {
  return SERVICE_LINK.test(`_${name.slice(PREFIX.length)}`) || (name.endsWith('_PORT') && SERVICE_ADDRESS.test(text));
}
