// A real DNS server over UDP on loopback (RFC 1035): it answers from a table, and can fall silent, refuse, fail or change its mind.
// It knows nothing of Gatehouse.

import { createSocket } from 'node:dgram';
import dnsPacket from 'dns-packet';

/** What a name is answered with: its addresses, or how it goes wrong. A list of lists is answered in turn, the last one for good. */
export type NameAnswer =
  | { readonly kind: 'addresses'; readonly inTurn: readonly (readonly string[])[]; readonly ttlSeconds?: number }
  | { readonly kind: 'silent' | 'refused' | 'failure' };

const REFUSED = 5;
const SERVER_FAILURE = 2;
const NAME_ERROR = 3;

/** A name server that counts who asks. */
export class NameServer implements AsyncDisposable {
  /** By lower-case name; names that are not here do not exist. */
  readonly names = new Map<string, NameAnswer>();
  /** While true nobody is answered. */
  silent = false;
  /** Types of question (`AAAA`) that are never answered, as some middleboxes have it. */
  readonly ignoredTypes = new Set<string>();
  /** Questions in order: name and type. */
  readonly asked: string[] = [];
  readonly #socket = createSocket('udp4');
  readonly #turns = new Map<string, number>();

  /** Gives a name addresses, one list for each look-up in turn. */
  name(name: string, ...inTurn: readonly (readonly string[])[]): this {
    this.names.set(name, { kind: 'addresses', inTurn });
    return this;
  }

  async listen(): Promise<this> {
    this.#socket.on('message', (message, peer) => {
      const reply = this.#answer(message);
      if (reply !== undefined) this.#socket.send(reply, peer.port, peer.address);
    });
    await new Promise<void>((done) => this.#socket.bind(0, '127.0.0.1', done));
    return this;
  }

  /** As a name server is written in settings. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** How often a name was asked for, a question for IPv4 and one for IPv6 addresses being one look-up. */
  lookups(name: string): number {
    return this.asked.filter((question) => question === `${name} A`).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((done) => this.#socket.close(done));
  }

  #answer(message: Buffer): Buffer | undefined {
    const { id, questions = [] } = dnsPacket.decode(message);
    const [question] = questions;
    if (question === undefined) return undefined;
    const name = question.name.toLowerCase();
    this.asked.push(`${name} ${question.type}`);
    const answer = this.names.get(name);
    if (this.silent || answer?.kind === 'silent' || this.ignoredTypes.has(question.type)) return undefined;
    const reply = (code: number, answers: dnsPacket.Answer[] = []) =>
      dnsPacket.encode({
        type: 'response',
        id: id ?? 0,
        flags: dnsPacket.RECURSION_AVAILABLE | code,
        questions,
        answers,
      });
    if (answer === undefined) return reply(NAME_ERROR);
    if (answer.kind !== 'addresses') return reply(answer.kind === 'refused' ? REFUSED : SERVER_FAILURE);
    const turn = this.#turns.get(`${name} ${question.type}`) ?? 0;
    this.#turns.set(`${name} ${question.type}`, turn + 1);
    const addresses = answer.inTurn[Math.min(turn, answer.inTurn.length - 1)] ?? [];
    const type = question.type === 'AAAA' ? 'AAAA' : 'A';
    const fitting = addresses.filter((address) => address.includes(':') === (type === 'AAAA'));
    return reply(
      0,
      fitting.map((data) => ({ name, type, ttl: answer.ttlSeconds ?? 60, data })),
    );
  }
}
