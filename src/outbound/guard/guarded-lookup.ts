// The look-up that sockets are dialled with: every address that a name leads to is judged, at that moment, before any is dialled.

import { isIPv6, type LookupFunction } from 'node:net';
import { OutboundError } from '../problem/outbound-problem.ts';

/** A name with one refused address is refused as a whole: such a name is an attack or a mistake (DNS rebinding). */
export function guardedLookup(
  resolve: (hostname: string) => Promise<readonly string[]>,
  isRefused: (address: string) => boolean,
): LookupFunction {
  return (hostname, { all, family }, callback) => {
    const found = async () => {
      const addresses = await resolve(hostname);
      if (addresses.some(isRefused)) throw new OutboundError('address_refused');
      const records = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
      const [first] = records;
      if (first === undefined) throw new OutboundError('name_not_found');
      return { records, first };
    };
    found().then(
      ({ records, first }) => {
        if (all === true) callback(null, records);
        else {
          const fitting = records.find((record) => record.family === family) ?? first;
          callback(null, fitting.address, fitting.family);
        }
      },
      (error: Error) => callback(error, '', 0),
    );
  };
}
