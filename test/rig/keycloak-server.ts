// A real Keycloak on loopback with a database in memory, and its admin API. It knows nothing of Gatehouse.

import type { KeycloakTool } from '../../scripts/keycloak-tool.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { endIfInVain, type RunningProcess, startProcess } from './running-process.ts';

const ADMIN = 'admin';
const PASSWORD = 'admin-of-the-rig';
/** For a machine that is busy with other things. */
const START_LIMIT_MS = 300_000;
/** Whoever has the port in its place may take the question and never answer it. */
const ASK_MS = 10_000;
const STOP_GRACE_MS = 20_000;

/** What the admin API or a protocol endpoint answered. */
export interface KeycloakReply {
  readonly status: number;
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown;
  readonly location: string | undefined;
}

/** A running Keycloak. */
export interface KeycloakServer extends RunningProcess {
  readonly url: string;
  /** A call of the admin API, `path` below `/admin`; throws where it is refused. */
  admin(method: string, path: string, body?: unknown): Promise<KeycloakReply>;
  /** A form sent to an OpenID Connect endpoint of a realm: `token`, `logout`, `revoke`, `token/introspect`. */
  post(realm: string, endpoint: string, form: Readonly<Record<string, string>>): Promise<KeycloakReply>;
}

/** Starts Keycloak and waits until it answers. */
export async function startKeycloak(tool: KeycloakTool): Promise<KeycloakServer> {
  if (tool.kind === 'missing') throw new Error(tool.advice);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const running = await startProcess({
    command: tool.bin,
    group: true,
    args: [
      ...['start', '--optimized', '--cache=local', '--http-enabled=true', '--hostname-strict=false'],
      ...['--http-host=127.0.0.1', `--http-port=${port}`, '--log-level=warn'],
    ],
    env: {
      ...process.env,
      KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN,
      KC_BOOTSTRAP_ADMIN_PASSWORD: PASSWORD,
      // It lives for minutes: the second compiler would cost more than it saves.
      JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
    },
  });
  const ready = eventually(
    'Keycloak to be ready',
    async () => (await fetch(`${url}/realms/master`, { signal: AbortSignal.timeout(ASK_MS) })).status === 200,
    START_LIMIT_MS,
  );
  const gone = running.exited.then(() => 'gone' as const);
  const first = await endIfInVain(Promise.race([ready, gone]), () => running.stop());
  if (first === 'gone')
    throw new Error(`Keycloak ended at its start:\n${[...running.stdout, ...running.stderr].join('\n')}`);

  const post: KeycloakServer['post'] = async (realm, endpoint, form) => {
    const path = `/realms/${realm}/protocol/openid-connect/${endpoint}`;
    return replyOf(await fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(form) }));
  };
  return {
    ...running,
    url,
    post,
    admin: async (method, path, body) => {
      // A token for each call: an admin's lives a minute.
      const credentials = { grant_type: 'password', client_id: 'admin-cli', username: ADMIN, password: PASSWORD };
      const { access_token } = (await post('master', 'token', credentials)).body as { access_token: string };
      const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
      const payload = body === undefined ? {} : { body: JSON.stringify(body) };
      const reply = await replyOf(await fetch(`${url}/admin${path}`, { method, headers, ...payload }));
      if (reply.status >= 400) throw new Error(`Keycloak answered ${reply.status} to ${method} ${path}`);
      return reply;
    },
    stop: (graceMs = STOP_GRACE_MS) => running.stop(graceMs),
  };
}

async function replyOf(reply: Response): Promise<KeycloakReply> {
  const text = await reply.text();
  const json = (reply.headers.get('content-type') ?? '').includes('json');
  return {
    status: reply.status,
    body: json && text !== '' ? (JSON.parse(text) as unknown) : undefined,
    location: reply.headers.get('location') ?? undefined,
  };
}
