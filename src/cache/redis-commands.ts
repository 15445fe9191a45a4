// One command to Redis and how it went, as the rest of this room sees it. A failure is a value: whoever asks goes on without.

/** A reply, or why there is none. */
export type RedisReply =
  | { readonly kind: 'reply'; readonly value: unknown }
  | {
      readonly kind: 'failed';
      readonly why: 'absent' | 'busy' | 'timeout' | 'refused' | 'lost';
      /** Redis' own word for why it refused: `WRONGTYPE`, `OOM`, `ERR`, … */
      readonly code?: string;
    };

/** What a command may be given. */
export type RedisArgument = string | number | Buffer;

/** Sends commands; never rejects, never waits for a connection. Texts of replies are buffers. */
export interface RedisCommands {
  /** `limitMs` replaces the usual time limit, for commands that wait at the server. */
  run(command: string, args: readonly RedisArgument[], limitMs?: number): Promise<RedisReply>;
}

/** In place of a Redis where there is none: the same code runs, and finds nothing. */
export const NO_REDIS: RedisCommands = { run: async () => ({ kind: 'failed', why: 'absent' }) };
