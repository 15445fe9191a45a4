// Which full names a short name may stand for (resolv.conf(5): `search`, `domain`, `options ndots`). c-ares leaves this to its caller.

/** How names of this machine are completed. */
export interface SearchList {
  readonly domains: readonly string[];
  /** A name with at least so many dots is tried as it is first. */
  readonly ndots: number;
}

/** The resolver's own bounds: a longer list only costs time. */
const MAX_DOMAINS = 6;
const MAX_NDOTS = 15;

/** What a resolv.conf says; of `search` and `domain` the last counts. */
export function readSearchList(text: string): SearchList {
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'search' || keyword === 'domain') domains = values.slice(0, MAX_DOMAINS);
    if (keyword !== 'options') continue;
    for (const option of values) {
      const stated = /^ndots:(\d{1,3})$/.exec(option)?.[1];
      if (stated !== undefined) ndots = Math.min(MAX_NDOTS, Number(stated));
    }
  }
  return { domains: domains.map((domain) => domain.toLowerCase().replace(/^\.|\.$/g, '')).filter(Boolean), ndots };
}

/** Names to ask for, in this order; one that ends with a dot is complete. */
export function fullNames(name: string, { domains, ndots }: SearchList): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const completed = domains.map((domain) => `${name}.${domain}`);
  return name.split('.').length > ndots ? [name, ...completed] : [...completed, name];
}
