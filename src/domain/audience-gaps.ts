// Pairs of an API and a key manager it allows where neither states an audience: a token for anything of that key manager will do.

import { type Api, GLOBAL_ORGANIZATION } from './api.ts';
import type { KeyManager } from './key-manager.ts';

/** True when the API leaves the audience to the key manager (WSO2's `all` states none). */
export function statesNoAudience(api: Pick<Api, 'audiences'>): boolean {
  return api.audiences.length === 0 || api.audiences.includes('all');
}

/** How many such pairs there are; the work grows with APIs plus key managers, not with their product. */
export function countPairsWithoutAudience(apis: Iterable<Api>, keyManagers: Iterable<KeyManager>): number {
  const open = new Map<string, string>();
  const perOrganization = new Map<string, number>();
  for (const { id, organization, enabled, tokenType, audiences } of keyManagers) {
    if (!enabled || tokenType === 'EXCHANGED' || audiences.length > 0) continue;
    open.set(id, organization);
    perOrganization.set(organization, (perOrganization.get(organization) ?? 0) + 1);
  }
  let pairs = 0;
  for (const api of apis) {
    if (!statesNoAudience(api)) continue;
    const states = (id: string) => !statesNoAudience({ audiences: api.audiencesByKeyManager[id] ?? [] });
    if (api.keyManagers !== 'all') pairs += api.keyManagers.filter((id) => open.has(id) && !states(id)).length;
    else {
      pairs += perOrganization.get(api.organization) ?? 0;
      if (api.organization !== GLOBAL_ORGANIZATION) pairs += perOrganization.get(GLOBAL_ORGANIZATION) ?? 0;
      const listable = [api.organization, GLOBAL_ORGANIZATION];
      pairs -= Object.keys(api.audiencesByKeyManager).filter(
        (id) => listable.includes(open.get(id) ?? '') && states(id),
      ).length;
    }
  }
  return pairs;
}
