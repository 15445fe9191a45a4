// What an API accepts, which WSO2's lists do not say: from a file of the operator's, else from Publisher, else nothing is known. What was
// known stays known while Publisher cannot be asked.

import { type Api, KEY_MANAGERS_UNKNOWN, type KeyType } from '../../domain/api.ts';

/** What is added to an API; key managers by id, or that nothing tells which. */
export interface ApiAdditions extends Pick<Api, 'audiences' | 'endpoints' | 'authorizationHeader'> {
  readonly keyManagers: 'all' | 'unknown' | readonly string[];
}

/** The same with key managers by name, as people and Publisher write it. */
export interface NamedAdditions {
  readonly keyManagers: 'all' | readonly string[];
  readonly audiences: readonly string[];
  readonly endpoints: readonly KeyType[];
  /** Lower case; null: as in the rest of the installation. */
  readonly authorizationHeader: string | null;
}

/** An API as far as it is known when its additions are looked for. */
export interface NamedApi {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly version: string;
  readonly context: string;
}

/** Where additions come from. */
export interface AdditionsOptions {
  /** The operator's file, read anew for each look; undefined where it says nothing of the API. */
  readonly overlay: (api: NamedApi) => NamedAdditions | undefined;
  /** Publisher; null where it is not asked. `gone` is an API that it does not have. */
  readonly publisher: ((apiId: string) => Promise<NamedAdditions | 'gone' | { readonly problem: string }>) | null;
  readonly whenUnknown: 'deny' | 'all';
  readonly authorizationHeader: string;
  /** Publisher could not be asked; what was known is used. */
  readonly onProblem: (problem: string) => void;
}

/** The additions of one API. `before` is the API in the local copy. */
export async function additionsOf(
  api: NamedApi,
  before: Api | undefined,
  keyManagerIdOf: (organization: string, name: string) => string | undefined,
  options: AdditionsOptions,
): Promise<ApiAdditions> {
  const { authorizationHeader, onProblem, overlay, publisher, whenUnknown } = options;
  const settle = (named: NamedAdditions): ApiAdditions => ({
    ...named,
    authorizationHeader: named.authorizationHeader ?? authorizationHeader,
    keyManagers:
      named.keyManagers === 'all'
        ? 'all'
        : named.keyManagers.flatMap((name) => keyManagerIdOf(api.organization, name) ?? []),
  });
  const written = overlay(api);
  if (written !== undefined) return settle(written);
  const asked = publisher === null ? 'gone' : await publisher(api.id);
  if (asked !== 'gone' && !('problem' in asked)) return settle(asked);
  if (asked !== 'gone') {
    onProblem(asked.problem);
    if (before !== undefined && before.extra[KEY_MANAGERS_UNKNOWN] !== true) return before;
  }
  const keyManagers = whenUnknown === 'all' && asked === 'gone' ? 'all' : 'unknown';
  return { keyManagers, audiences: [], endpoints: [], authorizationHeader };
}
