// Finds the address of a Redis host. One look-up under way per host, so that a name server that never answers holds one thread of
// the pool and not all; the last known address stays in use meanwhile.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** How long a connection waits for a name before it takes the last known address, in milliseconds. */
const PATIENCE_MS = 250;

/** Finds an address for a name; rejects where none is known. */
export class HostLookup {
  readonly #flights = new Map<string, Promise<string>>();
  readonly #known = new Map<string, string>();

  async find(host: string): Promise<string> {
    if (isIP(host) !== 0) return host;
    const flight = this.#flights.get(host) ?? this.#ask(host);
    const known = this.#known.get(host);
    if (known === undefined) return flight;
    const late = Promise.withResolvers<string>();
    const timer = setTimeout(() => late.resolve(known), PATIENCE_MS);
    try {
      return await Promise.race([flight.catch(() => known), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #ask(host: string): Promise<string> {
    const flight = lookup(host)
      .then(({ address }) => {
        this.#known.set(host, address);
        return address;
      })
      .finally(() => this.#flights.delete(host));
    this.#flights.set(host, flight);
    flight.catch(() => undefined);
    return flight;
  }
}
