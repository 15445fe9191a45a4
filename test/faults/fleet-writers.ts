// The admins of a fleet's history: random writes to facts that each of them alone writes, one after the other. An answer that does not
// come is looked up later, so that the oracle knows every value.

import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../rig/eventually.ts';
import type { FleetMember, FleetReply } from '../rig/hub-fleet.ts';
import type { KeyManagerServer } from '../rig/key-manager-server.ts';
import type { SeededRandom } from '../rig/seeded-random.ts';
import type { FleetOracle } from './fleet-oracle.ts';

/** How long a member may be away. */
const AWAY_MS = 90_000;
const KEPT_TOKENS = 40;
const MAX_EVENTS = 12;
/** As many as a list gives at once. */
const PAGE = 1000;
const STATES = ['UNBLOCKED', 'UNBLOCKED', 'BLOCKED', 'PROD_ONLY_BLOCKED'];

/** WSO2's surfaces. */
export const PORTAL = '/api/am/devportal/v3';
/** WSO2's surfaces. */
export const PUBLISHER = '/api/am/publisher/v4';
/** WSO2's surfaces. */
export const ADMIN = '/api/am/admin/v4';

/** An application of the history. */
export interface HistoryApp {
  readonly name: string;
  readonly id: string;
  readonly client: string;
  readonly keyManager: string;
  readonly server: KeyManagerServer;
  readonly token: string;
}

/** An API of the history. */
export interface HistoryApi {
  readonly name: string;
  readonly id: string;
  readonly path: string;
}

/** A token of its own that a WSO2 event may revoke. */
export interface EventToken {
  readonly token: string;
  readonly facts: readonly string[];
}

/** What the writers share. */
export interface World {
  readonly members: readonly FleetMember[];
  readonly apis: readonly HistoryApi[];
  readonly oracle: FleetOracle;
  readonly random: SeededRandom;
  readonly eventTokens: EventToken[];
}

/** One admin. */
export class FleetWriter {
  readonly #world: World;
  readonly #apps: readonly HistoryApp[];
  readonly #revocations = new Map<string, string>();
  /** Ids of subscriptions by fact, where they are known from an answer. */
  readonly #subscriptions = new Map<string, string>();
  readonly #guest: string;
  readonly #guestApp: HistoryApp;
  #guests = 0;
  #minted = 0;

  constructor(world: World, apps: readonly HistoryApp[], guestOf: HistoryApp, index: number) {
    this.#world = world;
    this.#apps = apps;
    this.#guest = `guest-${index}`;
    this.#guestApp = guestOf;
    world.oracle.begin(`guest:${this.#guest}`, 'absent');
  }

  get guestFact(): string {
    return `guest:${this.#guest}`;
  }

  /** What else a request of the client that comes and goes depends on. */
  get guestFacts(): readonly string[] {
    return [`keymanager:${this.#guestApp.keyManager}`];
  }

  /** A token of the client that comes and goes. */
  guestToken(): string {
    return this.#guestApp.server.mint({ azp: this.#guest, jti: `guest-${this.#minted++}` });
  }

  /** One random write, or a few that belong together. */
  async write(): Promise<void> {
    const { random } = this.#world;
    const app = random.pick(this.#apps);
    const dice = random.below(100);
    // What denies everything to somebody ends sooner than it comes, so that there is enough to allow.
    const isRare = random.below(4) > 0;
    if (dice < 10) await this.#application(app);
    else if (dice < 20 && !(isRare && this.#is(`deny:${app.name}`, 'open'))) await this.#denyPolicy(app);
    else if (dice < 30 && !(isRare && this.#is(`client:${app.name}`, 'open'))) await this.#revocation(app);
    else if (dice < 38) await this.#events(app);
    else if (dice < 43) await this.#visit();
    else if (dice < 46) await this.#document();
    else await this.#subscription(app, random.pick(this.#world.apis));
  }

  #is(fact: string, value: string): boolean {
    return this.#world.oracle.now(fact) === value;
  }

  async #subscription(app: HistoryApp, api: HistoryApi): Promise<void> {
    const { random, oracle } = this.#world;
    const fact = `subscription:${app.name}/${api.name}`;
    const find = async () => {
      const list = await this.#list(0, `${PORTAL}/subscriptions?applicationId=${app.id}&limit=1000`);
      return list.find((one) => one['apiId'] === api.id);
    };
    const read = async () => String((await find())?.['status'] ?? 'none');
    const now = oracle.now(fact);
    if (now === 'none') {
      const body = { apiId: api.id, applicationId: app.id, throttlingPolicy: 'Unlimited' };
      const send = () => this.#hub('POST', `${PORTAL}/subscriptions`, body);
      const made = (await this.#make(0, fact, 'UNBLOCKED', send, read))?.body as
        | { subscriptionId?: string }
        | undefined;
      if (made?.subscriptionId === undefined) this.#subscriptions.delete(fact);
      else this.#subscriptions.set(fact, made.subscriptionId);
      return;
    }
    const id = this.#subscriptions.get(fact) ?? String((await find())?.['subscriptionId']);
    this.#subscriptions.set(fact, id);
    const dice = random.below(10);
    if (dice === 0) {
      await this.#make(0, fact, 'none', () => this.#hub('DELETE', `${PORTAL}/subscriptions/${id}`), read);
      this.#subscriptions.delete(fact);
    } else if (now === 'UNBLOCKED') {
      const to = dice < 6 ? 'BLOCKED' : 'PROD_ONLY_BLOCKED';
      const path = `${PUBLISHER}/subscriptions/block-subscription?subscriptionId=${id}&blockState=${to}`;
      await this.#make(0, fact, to, () => this.#hub('POST', path), read);
    } else {
      const path = `${PUBLISHER}/subscriptions/unblock-subscription?subscriptionId=${id}`;
      await this.#make(0, fact, 'UNBLOCKED', () => this.#hub('POST', path), read);
    }
  }

  /** Blocks one subscription, or gives it back; whether it is blocked now and the answer said so. */
  async toggle(app: HistoryApp, api: HistoryApi): Promise<boolean> {
    const fact = `subscription:${app.name}/${api.name}`;
    const find = async () => {
      const list = await this.#list(0, `${PORTAL}/subscriptions?applicationId=${app.id}&limit=1000`);
      return list.find((one) => one['apiId'] === api.id);
    };
    const id = this.#subscriptions.get(fact) ?? String((await find())?.['subscriptionId']);
    this.#subscriptions.set(fact, id);
    const [action, value] = this.#is(fact, 'UNBLOCKED') ? ['block', 'BLOCKED'] : ['unblock', 'UNBLOCKED'];
    const state = action === 'block' ? '&blockState=BLOCKED' : '';
    const path = `${PUBLISHER}/subscriptions/${action}-subscription?subscriptionId=${id}${state}`;
    const read = async () => String((await find())?.['status']);
    const reply = await this.#make(0, fact, value, () => this.#hub('POST', path), read);
    return reply !== undefined && action === 'block';
  }

  async #application(app: HistoryApp): Promise<void> {
    const fact = `application:${app.name}`;
    const value = `text ${this.#world.random.below(1_000_000)}`;
    const path = `${PORTAL}/applications/${app.id}`;
    const read = async () => String((bodyOf(await this.#read(0, path)) as { description?: string }).description ?? '');
    const body = { name: app.name, throttlingPolicy: 'Unlimited', description: value };
    await this.#make(0, fact, value, () => this.#hub('PUT', path, body), read);
  }

  async #denyPolicy(app: HistoryApp): Promise<void> {
    const fact = `deny:${app.name}`;
    const conditionValue = `ann:${app.name}`;
    const find = async () => {
      const list = await this.#list(0, `${ADMIN}/throttling/deny-policies?limit=1000`);
      return list.find((one) => one['conditionValue'] === conditionValue);
    };
    const read = async () => ((await find()) === undefined ? 'open' : 'denied');
    if (this.#world.oracle.now(fact) === 'open') {
      const body = { conditionType: 'APPLICATION', conditionValue, conditionStatus: true };
      await this.#make(0, fact, 'denied', () => this.#hub('POST', `${ADMIN}/throttling/deny-policies`, body), read);
    } else {
      const id = (await find())?.['conditionId'];
      await this.#make(0, fact, 'open', () => this.#hub('DELETE', `${ADMIN}/throttling/deny-policy/${id}`), read);
    }
  }

  /** At any member, always the same one for a client. */
  async #revocation(app: HistoryApp): Promise<void> {
    const fact = `client:${app.name}`;
    const member = Number(app.name.slice(-2)) % this.#world.members.length;
    // The whole list: what came from others while the member was away stands before what it wrote itself.
    const find = async () =>
      (await revocationsOf((path) => this.#list(member, path))).find(
        (one) => one['kind'] === 'consumer_key' && one['value'] === app.client,
      );
    const read = async () => {
      const found = await find();
      if (found !== undefined) this.#revocations.set(app.name, String(found['id']));
      return found === undefined ? 'open' : 'revoked';
    };
    if (this.#world.oracle.now(fact) === 'open') {
      const body = { kind: 'consumer_key', value: app.client };
      const reply = await this.#make(
        member,
        fact,
        'revoked',
        () => this.#ask(member, 'POST', '/revocations', body),
        read,
      );
      if (reply !== undefined) this.#revocations.set(app.name, String((reply.body as { id?: unknown }).id));
    } else {
      const path = `/revocations/${this.#revocations.get(app.name)}`;
      await this.#make(member, fact, 'open', () => this.#ask(member, 'DELETE', path), read);
    }
  }

  /** As WSO2 key managers tell that tokens are revoked, to any member: a few in one request. */
  async #events(app: HistoryApp): Promise<void> {
    const { oracle, random, members, eventTokens, apis } = this.#world;
    const member = random.below(members.length);
    const made = Array.from({ length: 1 + random.below(MAX_EVENTS) }, () => {
      const jti = `${app.name}-${this.#minted++}`;
      const fact = `token:${jti}`;
      oracle.begin(fact, 'open');
      return { jti, fact, token: app.server.mint({ azp: app.client, jti }) };
    });
    const expiryTime = Date.now() + 3_600_000;
    const events = made.map(({ jti }) => ({
      ...{ type: 'token_revocation', eventId: jti, accessToken: jti, tokenType: 'JWT', tenantId: -1234, expiryTime },
    }));
    const batch = { type: 'token_revocation_batch', eventId: made[0]?.jti, tokenRevocationEventList: events };
    const sentAt = performance.now();
    // The same event again changes nothing, so one that was not answered is sent again.
    for (;;) {
      const reply = await this.#ask(member, 'POST', '/internal/data/v1/notify', batch).catch(() => undefined);
      if (isAnswer(reply)) {
        demand(reply, 'a batch of events');
        break;
      }
      await pause(100);
    }
    const ackedAt = performance.now();
    for (const { fact, token } of made) {
      oracle.wrote({ fact, value: 'revoked', sentAt, ackedAt, member });
      eventTokens.push({ token, facts: [fact, ...factsOf(app, random.pick(apis))] });
    }
    eventTokens.splice(0, eventTokens.length - KEPT_TOKENS);
  }

  /** All subscriptions of the own applications in one document: many values in one transaction. */
  async #document(): Promise<void> {
    const { oracle, random, apis, members } = this.#world;
    const wanted = this.#apps.flatMap((app) =>
      apis.map((api) => ({ app, api, fact: `subscription:${app.name}/${api.name}`, value: random.pick(STATES) })),
    );
    const applications = this.#apps.map(({ name, keyManager, client }) => ({
      ...{ name, owner: 'ann', description: oracle.now(`application:${name}`) },
      keys: [{ keyManager, consumerKey: client, keyType: 'PRODUCTION' }],
      subscriptions: wanted
        .filter(({ app }) => app.name === name)
        .map(({ api, value }) => ({ api: api.name, version: '1', policy: 'Unlimited', state: value })),
    }));
    const sentAt = performance.now();
    const reply = await members[0]?.admin('POST', '/catalog', { applications }).catch(() => undefined);
    for (const { fact } of wanted) if (this.#is(fact, 'none')) this.#subscriptions.delete(fact);
    const isMade = async () => {
      if (isAnswer(reply)) return demand(reply, 'a document') === undefined;
      // As a whole or not at all: the first that differs tells of all.
      const telling = wanted.find(({ fact, value }) => !this.#is(fact, value));
      if (telling === undefined) return true;
      const path = `${PORTAL}/subscriptions?applicationId=${telling.app.id}&limit=1000`;
      const found = (await this.#list(0, path)).find((one) => one['apiId'] === telling.api.id);
      return found?.['status'] === telling.value;
    };
    if (!(await isMade())) return;
    const ackedAt = performance.now();
    for (const { fact, value } of wanted)
      if (!this.#is(fact, value)) oracle.wrote({ fact, value, sentAt, ackedAt, member: 0 });
  }

  /** An application with a key and a subscription comes, or goes with all that it has. */
  async #visit(): Promise<void> {
    const { oracle, apis } = this.#world;
    const fact = this.guestFact;
    const find = async () =>
      (await this.#list(0, `${PORTAL}/applications?limit=1000`)).find((one) =>
        String(one['name']).startsWith(`${this.#guest}.`),
      );
    const isThere = async () => ((await find()) === undefined ? 'absent' : 'begun');
    if (oracle.now(fact) !== 'absent') {
      const id = (await find())?.['applicationId'];
      await this.#make(
        0,
        fact,
        'absent',
        () => this.#hub('DELETE', `${PORTAL}/applications/${id}`),
        async () => ((await isThere()) === 'absent' ? 'absent' : oracle.now(fact)),
      );
      return;
    }
    const name = `${this.#guest}.${this.#guests++}`;
    const body = { name, throttlingPolicy: 'Unlimited', description: '' };
    const made = await this.#make(0, fact, 'begun', () => this.#hub('POST', `${PORTAL}/applications`, body), isThere);
    const id = (made?.body as { applicationId?: string } | undefined)?.applicationId;
    if (id === undefined) return;
    const key = { consumerKey: this.#guest, keyType: 'PRODUCTION', keyManager: this.#guestApp.keyManager };
    const keyed = await this.#make(
      ...([0, fact, 'begun', () => this.#hub('POST', `${PORTAL}/applications/${id}/map-keys`, key)] as const),
      async () => 'begun',
    );
    if (keyed === undefined) return;
    const subscription = { apiId: apis[0]?.id, applicationId: id, throttlingPolicy: 'Unlimited' };
    const list = `${PORTAL}/subscriptions?applicationId=${id}&limit=1000`;
    await this.#make(
      ...([0, fact, 'complete', () => this.#hub('POST', `${PORTAL}/subscriptions`, subscription)] as const),
      async () => ((await this.#list(0, list)).length > 0 ? 'complete' : 'begun'),
    );
  }

  /** Blocks an API or publishes it again. */
  async lifecycle(picked: HistoryApi): Promise<void> {
    const api = this.#world.apis.find(({ name }) => this.#is(`api:${name}`, 'BLOCKED')) ?? picked;
    const fact = `api:${api.name}`;
    const [value, action] =
      this.#world.oracle.now(fact) === 'PUBLISHED' ? ['BLOCKED', 'Block'] : ['PUBLISHED', 'Re-Publish'];
    const read = async () =>
      String((bodyOf(await this.#read(0, `${PUBLISHER}/apis/${api.id}/lifecycle-state`)) as { state: string }).state);
    const path = `${PUBLISHER}/apis/change-lifecycle?apiId=${api.id}&action=${action}`;
    await this.#make(0, fact, value ?? '', () => this.#hub('POST', path), read);
  }

  /** Disables a key manager or enables it again. */
  async keyManager(name: string, id: string): Promise<void> {
    const fact = `keymanager:${name}`;
    const value = this.#world.oracle.now(fact) === 'enabled' ? 'disabled' : 'enabled';
    const path = `${ADMIN}/key-managers/${id}`;
    const dto = async () => bodyOf(await this.#read(0, path)) as { readonly enabled: boolean };
    const read = async () => ((await dto()).enabled ? 'enabled' : 'disabled');
    const body = { ...(await dto()), enabled: value === 'enabled' };
    await this.#make(0, fact, value, () => this.#hub('PUT', path, body), read);
  }

  /** Makes a write and tells the oracle; the answer, or undefined where it had to be looked up. */
  async #make(
    member: number,
    fact: string,
    value: string,
    send: () => Promise<FleetReply>,
    read: () => Promise<string>,
  ): Promise<FleetReply | undefined> {
    const { oracle } = this.#world;
    const sentAt = performance.now();
    const reply = await send().catch(() => undefined);
    // A blocked API takes no new subscriptions.
    if (reply?.status === 409) return undefined;
    if (isAnswer(reply)) {
      demand(reply, `${fact} ${value}`);
      oracle.wrote({ fact, value, sentAt, ackedAt: performance.now(), member });
      return reply;
    }
    const found = await eventually(`${fact} can be read again`, read, AWAY_MS);
    if (found === value) oracle.wrote({ fact, value, sentAt, ackedAt: performance.now(), member });
    else if (found !== oracle.now(fact))
      throw new Error(`${fact} is ${found}, was ${oracle.now(fact)}, wanted ${value}`);
    return undefined;
  }

  #hub(method: string, path: string, body?: unknown): Promise<FleetReply> {
    return this.#ask(0, method, path, body);
  }

  async #ask(member: number, method: string, path: string, body?: unknown): Promise<FleetReply> {
    const asked = this.#world.members[member];
    if (asked === undefined) throw new Error(`there is no member ${member}`);
    return asked.admin(method, path, body);
  }

  async #list(member: number, path: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (bodyOf(await this.#read(member, path)) as { list: Readonly<Record<string, unknown>>[] }).list;
  }

  #read(member: number, path: string): Promise<FleetReply> {
    const once = async () => {
      const reply = await this.#ask(member, 'GET', path);
      return reply.status === 200 && reply;
    };
    return eventually(`GET ${path}`, once, AWAY_MS);
  }
}

/** All revocations that are in force where `list` asks. */
export async function revocationsOf(
  list: (path: string) => Promise<readonly Readonly<Record<string, unknown>>[]>,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const all = [];
  for (;;) {
    const page = await list(`/revocations?limit=${PAGE}&offset=${all.length}`);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

/** The facts that a request of an application to an API depends on. */
export function factsOf(app: HistoryApp, api: HistoryApi): readonly string[] {
  return [
    ...[`subscription:${app.name}/${api.name}`, `api:${api.name}`, `deny:${app.name}`, `client:${app.name}`],
    `keymanager:${app.keyManager}`,
  ];
}

/** False without an answer, or where it was to come again: made or not, nobody knows yet. */
function isAnswer(reply: FleetReply | undefined): reply is FleetReply {
  return reply !== undefined && reply.status !== 503;
}

function demand(reply: FleetReply, what: string): void {
  if (reply.status >= 300) throw new Error(`${what}: ${reply.status} ${JSON.stringify(reply.body)}`);
}

function bodyOf(reply: FleetReply): unknown {
  return reply.body;
}
