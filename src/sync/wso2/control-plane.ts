// Reads a WSO2 control plane: everything as an image, or one API, or the policies of a kind. Rows that cannot be used are left out and
// counted, so what they would allow is denied; a list that cannot be read, or one of whom to deny with such a row, is no image at all.

import type { Api } from '../../domain/api.ts';
import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import { type DenyPolicy, POLICY_KINDS, type Policy, type PolicyKind } from '../../domain/policy.ts';
import type { Revocation } from '../../domain/revocation.ts';
import type { SourceKeyManager } from '../../domain/source-change.ts';
import { emptyImage, type Image } from '../comparison/image.ts';
import type { LocalCopy } from '../comparison/local-copy.ts';
import { type AdditionsOptions, additionsOf } from './api-additions.ts';
import type { Answer, Brief, InternalData, Query } from './internal-data.ts';
import { readApi, type WirePaths } from './read-api.ts';
import { type JudgeKeyManager, readKeyManager } from './read-key-manager.ts';
import { POLICY_LISTS, readBlockList, readPolicy, readScope } from './read-policy.ts';
import { type RevocationReading, readRevokedList } from './read-revocations.ts';
import { readApplication, readKeyMapping, readSubscription } from './read-subscriber.ts';
import { Row, type UnusableRow } from './row.ts';

/** `xWSO2Tenant` of all tenants. */
export const ALL_TENANTS = 'ALL';

/** What reading needs. */
export interface ControlPlaneOptions {
  readonly data: InternalData;
  readonly copy: LocalCopy;
  /** The tenant whose data are read, or `ALL`. */
  readonly tenant: string;
  /** The organization of rows that do not say theirs. */
  readonly organization: string;
  readonly gatewayLabels: readonly string[];
  readonly wire: WirePaths;
  readonly judge: JudgeKeyManager;
  readonly additions: AdditionsOptions;
  readonly revocations: () => RevocationReading;
  /** A row that cannot be used: of which list, and the member at fault. */
  readonly unusable: (list: string, wrong: string) => void;
  /** Rows read so far. */
  readonly progress: (rows: number) => void;
  /** Awaited now and then, so that others get their turn. */
  readonly pause: () => Promise<void>;
}

/** APIs whose additions are asked for at once. */
const ADDITIONS_AT_ONCE = 4;

/** Reads one control plane. */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
  }

  /** Everything, as it is now; parents before children, which are dropped where their parent is not there. */
  async image(): Promise<Answer<{ readonly image: Image; readonly readFromMs: number | undefined }>> {
    const { data, copy, organization, judge, revocations } = this.#options;
    const image = emptyImage();
    const read = { rows: 0 };
    const ids: { of: KeyManagerIds } = { of: () => undefined };
    const apis = async () => {
      const rows = await this.#apiRows(
        {
          rows: async (list, query = {}) => {
            const found: unknown[] = [];
            const problem = await data.each(
              list,
              query,
              (row) => found.push(row),
              () => this.#turn(read),
            );
            return problem ?? { value: found };
          },
        },
        {},
      );
      if ('problem' in rows) return { problem: `apis: ${rows.problem}` };
      const found = await this.#apis(rows.value, (id) => copy.find('api', id), ids.of, read);
      for (const api of found) image.api.set(api.id, api);
      return undefined;
    };
    const load = (list: string, take: (row: unknown) => UnusableRow | undefined) => async () => {
      const problem = await data.each(
        list,
        {},
        (row) => {
          const unusable = take(row);
          if (unusable !== undefined) this.#options.unusable(list, unusable.wrong);
          read.rows += 1;
        },
        () => this.#turn(read),
      );
      return problem === undefined ? undefined : { problem: `${list}: ${problem.problem}` };
    };
    const steps: readonly (() => Promise<{ readonly problem: string } | undefined>)[] = [
      load('keymanagers', (row) => put(image.key_manager, readKeyManager(row, organization, judge))),
      ...POLICY_KINDS.map((kind) =>
        load(POLICY_LISTS[kind], (row) => put(image.policy, readPolicy(row, kind, organization))),
      ),
      load('scopes', (row) => put(image.scope, readScope(row, organization))),
      async () => {
        ids.of = keyManagerIds(image.key_manager.values());
        return apis();
      },
      load('applications', (row) => put(image.application, readApplication(row, organization))),
      load('application-key-mappings', (row) => {
        const idOf = (applicationId: string, name: string) => {
          const owner = image.application.get(applicationId)?.organization;
          return owner === undefined ? undefined : ids.of(owner, name);
        };
        return put(image.key_mapping, readKeyMapping(row, idOf));
      }),
      load('subscriptions', (row) => {
        const entity = readSubscription(row);
        // Else it is of an API that is not served here, or of an application that could not be read.
        const hasParents =
          'wrong' in entity || (image.api.has(entity.apiId) && image.application.has(entity.applicationId));
        return hasParents ? put(image.subscription, entity) : undefined;
      }),
    ];
    const block = await this.denyPolicies(data);
    if ('problem' in block) return block;
    for (const policy of block.value) put(image.deny_policy, policy);
    const readFromMs = data.dateMs;
    for (const step of steps) {
      const problem = await step();
      if (problem !== undefined) return problem;
    }
    const revoked = await this.revoked(organizationsOf(image, organization), revocations(), data);
    if ('problem' in revoked) return revoked;
    for (const revocation of revoked.value) put(image.revocation, revocation);
    return { value: { image, readFromMs } };
  }

  /** All key managers, as they are now. */
  async keyManagers(): Promise<Answer<readonly SourceKeyManager[]>> {
    const { data, organization, judge, unusable } = this.#options;
    const rows = await data.brief().rows('keymanagers');
    if ('problem' in rows) return rows;
    const found = new Map<string, SourceKeyManager>();
    for (const row of rows.value) {
      const problem = put(found, readKeyManager(row, organization, judge));
      if (problem !== undefined) unusable('keymanagers', problem.wrong);
    }
    return { value: [...found.values()] };
  }

  /** Everybody who is blocked, as far as it is this source's to say. */
  async denyPolicies(
    data: Pick<Brief, 'document'> = this.#options.data.brief(),
  ): Promise<Answer<readonly DenyPolicy[]>> {
    const block = await data.document('block');
    if ('problem' in block) return { problem: `block: ${block.problem}` };
    const found = readBlockList(block.value);
    if ('wrong' in found) {
      this.#options.unusable('block', found.wrong);
      return { problem: `block: ${found.wrong} cannot be read` };
    }
    return { value: found.filter(({ organization }) => this.owns(organization)) };
  }

  /** True for organizations of which this control plane is the source. */
  owns(organization: string): boolean {
    const { tenant } = this.#options;
    return tenant === ALL_TENANTS || organization === tenant || organization === GLOBAL_ORGANIZATION;
  }

  /** One API as it is deployed to our labels; `gone` where it is not. */
  async api(id: string): Promise<Answer<Api | 'gone'>> {
    const { copy } = this.#options;
    const rows = await this.#apiRows(this.#options.data.brief(), { apiId: id });
    if ('problem' in rows) return rows.problem === 'status_404' ? { value: 'gone' } : rows;
    const keyManagerIdOf = keyManagerIds(allOf(copy, 'key_manager'));
    const mine = rows.value.filter((row) => new Row(row).optionalText('uuid') === id);
    const [api] = await this.#apis(mine, (known) => copy.find('api', known), keyManagerIdOf, { rows: 0 });
    return { value: api ?? 'gone' };
  }

  /** The policies of this name. */
  async policies(kind: PolicyKind, name: string): Promise<Answer<readonly Policy[]>> {
    const list = POLICY_LISTS[kind];
    const rows = await this.#options.data.brief().rows(list, { policyName: name });
    if ('problem' in rows) return rows;
    const found: Policy[] = [];
    for (const row of rows.value) {
      const policy = readPolicy(row, kind, this.#options.organization);
      if ('wrong' in policy) this.#options.unusable(list, policy.wrong);
      else if (policy.name === name) found.push(policy);
    }
    return { value: found };
  }

  /** Everything that is revoked. */
  async revoked(
    organizations: readonly string[],
    reading: RevocationReading,
    data: Pick<Brief, 'document'> = this.#options.data.brief(),
  ): Promise<Answer<readonly Revocation[]>> {
    const answer = await data.document('revokedjwt');
    if ('problem' in answer) return { problem: `revokedjwt: ${answer.problem}` };
    const { unusable } = this.#options;
    const found = readRevokedList(answer.value, organizations, reading, (wrong) => unusable('revokedjwt', wrong));
    return 'wrong' in found ? { problem: `revokedjwt: ${found.wrong} cannot be read` } : { value: found };
  }

  /** Rows of `/apis` over all labels, each API once. */
  async #apiRows(data: Pick<Brief, 'rows'>, query: Query): Promise<Answer<readonly unknown[]>> {
    const found = new Map<unknown, unknown>();
    let answered: Answer<readonly unknown[]> | undefined;
    for (const gatewayLabel of this.#options.gatewayLabels) {
      const rows = await data.rows('apis', { ...query, gatewayLabel, expand: 'true' });
      if ('problem' in rows) {
        // An API that is not at one label may be at another.
        if (rows.problem !== 'status_404' || query['apiId'] === undefined) return rows;
        answered ??= rows;
        continue;
      }
      answered = rows;
      for (const row of rows.value) found.set(new Row(row).raw('uuid') ?? row, row);
    }
    return found.size === 0 && answered !== undefined && 'problem' in answered
      ? answered
      : { value: [...found.values()] };
  }

  async #apis(
    rows: readonly unknown[],
    before: (id: string) => Api | undefined,
    keyManagerIdOf: KeyManagerIds,
    read: { rows: number },
  ): Promise<readonly Api[]> {
    const { organization, wire, additions, unusable } = this.#options;
    const found: Api[] = [];
    const waiting = [...rows].reverse();
    const worker = async () => {
      for (let json = waiting.pop(); json !== undefined; json = waiting.pop()) {
        const row = new Row(json);
        const named = {
          id: row.optionalText('uuid'),
          organization: row.optionalText('organization') || organization,
          name: row.optionalText('name'),
          version: row.optionalText('version'),
          context: row.optionalText('context'),
        };
        const api = readApi(
          json,
          organization,
          wire,
          await additionsOf(named, before(named.id), keyManagerIdOf, additions),
        );
        read.rows += 1;
        this.#options.progress(read.rows);
        if ('wrong' in api) unusable('apis', api.wrong);
        else found.push(api);
      }
    };
    await Promise.all(Array.from({ length: ADDITIONS_AT_ONCE }, worker));
    return found;
  }

  /** Lets others have their turn. */
  #turn(read: { readonly rows: number }): Promise<void> {
    this.#options.progress(read.rows);
    return this.#options.pause();
  }
}

/** Finds a key manager by its name: the organization's own, else the Global one. */
export type KeyManagerIds = (organization: string, name: string) => string | undefined;

/** The ids by name of some key managers. */
export function keyManagerIds(
  keyManagers: Iterable<{
    readonly id: string;
    readonly organization: string;
    readonly dto: { readonly name: string };
  }>,
): KeyManagerIds {
  const byName = new Map<string, string>();
  for (const { id, organization, dto } of keyManagers) byName.set(JSON.stringify([organization, dto.name]), id);
  return (organization, name) =>
    byName.get(JSON.stringify([organization, name])) ?? byName.get(JSON.stringify([GLOBAL_ORGANIZATION, name]));
}

/** All key managers of the copy. */
export function* allOf(copy: LocalCopy, kind: 'key_manager') {
  for (const page of copy.pages(kind)) yield* page;
}

function organizationsOf(image: Image, organization: string): readonly string[] {
  return [...new Set([organization, ...[...image.key_manager.values()].map((one) => one.organization)])];
}

/** Keeps an entity by its id; gives back a row that is none. */
function put<T extends { readonly id: string }>(
  into: Map<string, T>,
  entity: T | UnusableRow,
): UnusableRow | undefined {
  if ('wrong' in entity) return entity;
  into.set(entity.id, entity);
  return undefined;
}
