// The follower of an event hub and brokers that fail at every step: it comes back, it can be stopped, and nothing it does ends the process.

import { type AddressInfo, connect, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { EventHub } from '../../../../src/sync/wso2/event-hub.ts';
import { type AmqpOddity, type AmqpStep, CANCELS, CLOSES, startAmqpBroker } from '../../../rig/amqp-broker.ts';
import { CertificateAuthority } from '../../../rig/certificate-authority.ts';
import { eventually } from '../../../rig/eventually.ts';

/** A fatal handshake_failure in the clear (RFC 8446 §6). */
const ALERT = Buffer.from('15030300020228', 'hex');
/** Longer than the first flight of a server on loopback takes. */
const FLIGHT_MS = 20;

/** What ends a process that is not a test. */
function watchUncaught(): readonly unknown[] {
  const uncaught: unknown[] = [];
  const add = (error: unknown) => uncaught.push(error);
  process.on('uncaughtException', add);
  onTestFinished(() => void process.off('uncaughtException', add));
  return uncaught;
}

function follow(url: string, ca: string | null = null) {
  const heard = { connected: 0, away: [] as string[] };
  const hub = new EventHub({
    ...{ url, username: 'gatehouse', password: () => 'secret', ca, random: () => 0 },
    onMessage: async () => undefined,
    onConnected: () => {
      heard.connected += 1;
    },
    onAway: (problem) => heard.away.push(problem),
  });
  hub.start();
  onTestFinished(() => hub.stop());
  return { hub, heard };
}

/** Misbehaves once at each of these steps of the first connection. */
async function brokerThat(at: Partial<Record<AmqpStep, AmqpOddity>>): Promise<string> {
  const left = { ...at };
  const broker = await startAmqpBroker((step, { number }) => {
    if (number > 1) return undefined;
    const oddity = left[step];
    delete left[step];
    return oddity;
  });
  onTestFinished(() => broker.stop());
  return `amqp://127.0.0.1:${broker.port}`;
}

test.each<[string, Partial<Record<AmqpStep, AmqpOddity>>]>([
  [
    'takes a queue away and is gone before it says goodbye',
    { consume: { bytes: CANCELS }, close: { reset: true, alone: true } },
  ],
  ['takes a queue away and never says goodbye', { consume: { bytes: CANCELS }, close: { alone: true } }],
  ['ends a connection in the breath in which it opened it', { open: { bytes: CLOSES } }],
  ['sends what is no frame behind the opening of a connection', { open: { bytes: Buffer.alloc(64, 0xef) } }],
  ['resets in the middle of the opening', { startOk: { alone: true, reset: true } }],
  ['resets in the middle of the subscribing', { bind: { alone: true, reset: true } }],
])('a broker that %s is connected to again', async (_what, at) => {
  const uncaught = watchUncaught();
  const { heard } = follow(await brokerThat(at));
  await eventually('it is followed again', () => heard.away.length > 0 && heard.connected > 0);
  expect(uncaught).toEqual([]);
});

test.each<AmqpStep>(['header', 'open', 'channelOpen', 'declare', 'consume'])(
  'who is stopped while a broker is silent at the step %s waits for nothing',
  async (step) => {
    const reached = Promise.withResolvers<void>();
    const broker = await startAmqpBroker((now) => {
      if (now !== step) return undefined;
      reached.resolve();
      return { alone: true };
    });
    onTestFinished(() => broker.stop());
    const { hub, heard } = follow(`amqp://127.0.0.1:${broker.port}`);
    await reached.promise;
    await hub.stop();
    expect(heard).toEqual({ connected: 0, away: [] });
  },
);

test('a broker that is refused and whose alert comes with its refusal ends nothing', async () => {
  const { certificate, key } = new CertificateAuthority('of somebody else').issue('broker');
  const tls = createTlsServer({ cert: certificate, key }).on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
  const relay = createServer((client) => {
    const server = connect((tls.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => server.destroy()).on('close', () => server.destroy());
    server.on('error', () => client.destroy());
    client.pipe(server);
    const flight: Buffer[] = [];
    server.on('data', (bytes: Buffer) => {
      if (flight.length === 0) setTimeout(() => client.write(Buffer.concat([...flight, ALERT])), FLIGHT_MS);
      flight.push(bytes);
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    relay.close();
    tls.close();
  });
  const uncaught = watchUncaught();
  const { heard } = follow(
    `amqps://localhost:${(relay.address() as AddressInfo).port}`,
    new CertificateAuthority('trusted').certificate,
  );
  await eventually('it was tried again and again', () => heard.away.length >= 3);
  expect(uncaught).toEqual([]);
});
